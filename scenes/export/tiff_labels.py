"""What a GeoTIFF says about its bands and its origin: names, units, wavelengths, provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rasterio.io import DatasetWriter

from scenes.acquisition import NOTHING_KNOWN, Acquisition
from scenes.bands import Bands
from scenes.errors import SceneError, SceneFileError, counted

_KEY = re.compile(r"[A-Za-z]\w*", re.ASCII)
_RESERVED = frozenset({"ENVI", "IMAGERY", "IMAGE_STRUCTURE", "TIFF", "RPC", "COLOR_PROFILE"})


@dataclass(frozen=True, eq=False)
class TiffLabels:
    """Names, units, wavelengths and provenance of the bands of one file.

    Raises
    ------
    SceneError
        If the numbers of bands differ, or a tag cannot be written.
    """

    band_names: tuple[str, ...]
    units: tuple[str, ...]
    wavelengths: Bands | None
    scale: float | None
    software: str
    tags: Mapping[str, str]
    namespace: str
    acquisition: Acquisition = NOTHING_KNOWN

    def __post_init__(self) -> None:
        n_bands = len(self.band_names)
        if n_bands == 0:
            raise SceneError("`band_names` is empty. Give one name for each band.")
        if len(self.units) != n_bands:
            raise SceneError(
                f"`units` has {counted(len(self.units), 'entry')} for {counted(n_bands, 'band')}. "
                "Give one for each band, or one text for all of them."
            )
        if self.wavelengths is not None and len(self.wavelengths) != n_bands:
            raise SceneError(
                f"`wavelengths` describes {counted(len(self.wavelengths), 'band')}, but "
                f"`band_names` {n_bands}. Give one name for each band."
            )
        if self.scale is not None and not 0 < self.scale < float("inf"):
            raise SceneError(f"`scale` must be positive. Got {self.scale!r} instead.")
        wrong = [key for key in self.tags if not _KEY.fullmatch(key)]
        if wrong:
            raise SceneError(f"`tags` has a key {wrong[0]!r}. Use letters, digits and _ only.")
        if not _KEY.fullmatch(self.namespace) or self.namespace in _RESERVED:
            raise SceneError(f"`namespace` {self.namespace!r} is not free. Use a word of your own.")

    def write_to(self, dataset: DatasetWriter, *, as_placeholders: bool = False) -> None:
        """Label a dataset that is open for writing.

        Wavelengths are written in the three domains that readers look into, with all their digits:
        the bands' ``IMAGERY`` in micrometres, the bands' default domain in nanometres, and the
        dataset's ``ENVI`` as lists. ``TIFFTAG_DATETIME`` is when the scene was taken, or now where
        that is not known.
        """
        time = self.acquisition.start or datetime.now(UTC)
        dataset.update_tags(
            AREA_OR_POINT="Area",
            TIFFTAG_SOFTWARE=self.software,
            TIFFTAG_DATETIME=time.strftime("%Y:%m:%d %H:%M:%S"),
        )
        for domain, tags in self._domains().items():
            if as_placeholders:
                dataset.update_tags(**{_prefix(domain) + key: tags[key] for key in tags})
            else:
                dataset.update_tags(ns=domain, **tags)
        dataset.descriptions = self.band_names
        dataset.units = self.units
        if self.scale is not None:
            dataset.scales = (1 / self.scale,) * len(self.band_names)
        if self.wavelengths is not None:
            for band in range(len(self.wavelengths)):
                self._write_wavelength(dataset, self.wavelengths, band)

    def _domains(self) -> dict[str, Mapping[str, str]]:
        """Tags of the dataset in domains of their own."""
        domains = {self.namespace: self.tags, "IMAGERY": self.acquisition.imagery_tags()}
        if self.wavelengths is not None:
            domains["ENVI"] = _envi_lists(self.wavelengths)
        return {domain: tags for domain, tags in domains.items() if tags}

    @staticmethod
    def _write_wavelength(dataset: DatasetWriter, bands: Bands, band: int) -> None:
        nanometres = {"bbl": str(int(bands.good[band]))}
        micrometres = {}
        if bands.wavelengths_nm is not None:
            wavelength = float(bands.wavelengths_nm[band])
            nanometres |= {"wavelength": repr(wavelength), "wavelength_units": "Nanometers"}
            micrometres["CENTRAL_WAVELENGTH_UM"] = f"{wavelength / 1000:.15g}"
        if bands.fwhm_nm is not None:
            fwhm = float(bands.fwhm_nm[band])
            nanometres["fwhm"] = repr(fwhm)
            micrometres["FWHM_UM"] = f"{fwhm / 1000:.15g}"
        dataset.update_tags(band + 1, **nanometres)
        if micrometres:
            dataset.update_tags(band + 1, ns="IMAGERY", **micrometres)

    def restore_domains(self, path: Path, head_size: int) -> None:
        """Turn the placeholders in the head of a COG into tags of their domains.

        The COG driver (GDAL 3.10) keeps either the bands' own tags or the domains of the
        dataset. So the tags travel under long names in the default domain, and each name is
        overwritten in place by one of the same length: no byte of the file moves.

        Raises
        ------
        SceneFileError
            If a placeholder is not where it should be.
        """
        with path.open("r+b") as file:
            head = file.read(head_size)
            names = [(domain, key) for domain, tags in self._domains().items() for key in tags]
            for domain, key in names:
                found = f'name="{_prefix(domain)}{key}"'.encode()
                wanted = f'name="{key}" domain="{domain}"'.encode()
                if head.count(found) != 1 or len(found) != len(wanted):
                    raise SceneFileError(f"the tag {key!r} cannot be found in {path.name}.")
                head = head.replace(found, wanted)
            file.seek(0)
            file.write(head)


def texts(values: str | Sequence[str], n_bands: int) -> tuple[str, ...]:
    """One text for each band, from one for all or one for each."""
    return (values,) * n_bands if isinstance(values, str) else tuple(map(str, values))


def _prefix(domain: str) -> str:
    """As long as what `TiffLabels.restore_domains` puts in its place."""
    return domain + "_" * len(' domain=""')


def _envi_lists(bands: Bands) -> dict[str, str]:
    """Wavelengths, widths and good bands as lists, broken over lines as ENVI wants them."""
    lists = {"bbl": [str(int(good)) for good in bands.good]}
    if bands.wavelengths_nm is not None:
        lists["wavelength"] = [repr(float(value)) for value in bands.wavelengths_nm]
    if bands.fwhm_nm is not None:
        lists["fwhm"] = [repr(float(value)) for value in bands.fwhm_nm]
    fields = {key: "{" + ",\n".join(values) + "}" for key, values in lists.items()}
    return fields | ({"wavelength_units": "Nanometers"} if "wavelength" in fields else {})
