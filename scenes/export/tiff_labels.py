"""What a GeoTIFF says about its bands and its origin: names, units, wavelengths, provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rasterio.io import DatasetWriter

from scenes.bands import Bands
from scenes.errors import SceneError, SceneFileError

_KEY = re.compile(r"[A-Za-z]\w*", re.ASCII)
_RESERVED = frozenset({"IMAGERY", "IMAGE_STRUCTURE", "TIFF", "RPC", "COLOR_PROFILE"})


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

    def __post_init__(self) -> None:
        n_bands = len(self.band_names)
        if n_bands == 0:
            raise SceneError("`band_names` is empty. Give one name for each band.")
        if len(self.units) != n_bands:
            raise SceneError(
                f"`units` has {len(self.units)} entries for {n_bands} bands. "
                "Give one for each band, or one text for all of them."
            )
        if self.wavelengths is not None and len(self.wavelengths) != n_bands:
            raise SceneError(
                f"`wavelengths` describes {len(self.wavelengths)} bands, "
                f"but there are {n_bands} band names. Give one name for each band."
            )
        if self.scale is not None and not 0 < self.scale < float("inf"):
            raise SceneError(f"`scale` must be positive. Got {self.scale!r} instead.")
        wrong = [key for key in self.tags if not _KEY.fullmatch(key)]
        if wrong:
            raise SceneError(f"`tags` has a key {wrong[0]!r}. Use letters, digits and _ only.")
        if not _KEY.fullmatch(self.namespace) or self.namespace in _RESERVED:
            raise SceneError(f"`namespace` {self.namespace!r} is not free. Use a word of your own.")

    def write_to(self, dataset: DatasetWriter, tags: Mapping[str, str] | None = None) -> None:
        """Label a dataset that is open for writing; with `tags`, these instead of the own ones.

        Wavelengths are written in both domains that readers look into (GDAL's ``IMAGERY`` in
        micrometres, the default domain in nanometres), with all their digits.
        """
        now = datetime.now(UTC).strftime("%Y:%m:%d %H:%M:%S")
        dataset.update_tags(
            AREA_OR_POINT="Area", TIFFTAG_SOFTWARE=self.software, TIFFTAG_DATETIME=now
        )
        if tags is None:
            dataset.update_tags(ns=self.namespace, **self.tags)
        else:
            dataset.update_tags(**tags)
        dataset.descriptions = self.band_names
        dataset.units = self.units
        if self.scale is not None:
            dataset.scales = (1 / self.scale,) * len(self.band_names)
        if self.wavelengths is not None:
            for band in range(len(self.wavelengths)):
                self._write_wavelength(dataset, self.wavelengths, band)

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

    @property
    def _prefix(self) -> str:
        """As long as what `restore_namespace` puts in its place."""
        return self.namespace + "_" * len(' domain=""')

    def placeholders(self) -> dict[str, str]:
        """The tags as they travel through GDAL's COG driver, which drops other namespaces."""
        return {f"{self._prefix}{key}": value for key, value in self.tags.items()}

    def restore_namespace(self, path: Path, head_size: int) -> None:
        """Turn the placeholders in the head of a COG into tags of their namespace.

        The COG driver (GDAL 3.10) keeps either the bands' own tags or the namespaces of the
        dataset. So the tags travel under long names in the default namespace, and each name is
        overwritten in place by one of the same length: no byte of the file moves.

        Raises
        ------
        SceneFileError
            If a placeholder is not where it should be.
        """
        with path.open("r+b") as file:
            head = file.read(head_size)
            for key in self.tags:
                found = f'name="{self._prefix}{key}"'.encode()
                wanted = f'name="{key}" domain="{self.namespace}"'.encode()
                if head.count(found) != 1 or len(found) != len(wanted):
                    raise SceneFileError(f"the tag {key!r} cannot be found in {path.name}.")
                head = head.replace(found, wanted)
            file.seek(0)
            file.write(head)


def texts(values: str | Sequence[str], n_bands: int) -> tuple[str, ...]:
    """One text for each band, from one for all or one for each."""
    return (values,) * n_bands if isinstance(values, str) else tuple(map(str, values))
