"""Finding wavelengths and bad bands in the tags of a raster, wherever its writer put them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenes.envi_header import split_list
from scenes.formats.contents import warn
from scenes.formats.spectral_axis import AxisText, wavelengths_in_names

_KEYS = {
    "wavelengths": ("wavelength", "wavelengths", "center_wavelength", "central_wavelength"),
    "unit": ("wavelength_units", "wavelength_unit", "wavelengths_units", "wavelengths_unit"),
    "fwhm": ("fwhm", "full_width_half_max"),
    "bbl": ("bbl",),
}


def axis_from_tags(dataset: Any, beside: Iterable[AxisText] = ()) -> AxisText:  # noqa: ANN401
    """Collect what a raster says about its bands, each item from the first place that has it.

    The places, exact text before rounded numbers: the tags of each band in its plain and in its
    ENVI namespace; the lists of the dataset in its ENVI and in its plain namespace; the IMAGERY
    namespace of each band; the descriptions of the bands; files beside the raster.

    Parameters
    ----------
    dataset : rasterio dataset
        Open for reading.
    beside : iterable of AxisText
        What files beside it say.

    Returns
    -------
    AxisText
        One unit holds for wavelengths and fwhm.
    """
    names = _names(dataset)
    places = list(_places(dataset, names))
    places += beside
    axis = next((place for place in places if place.wavelengths), AxisText())
    if not axis.fwhm:
        same_unit = (place for place in places if place.unit.lower() == axis.unit.lower())
        axis = replace(axis, fwhm=next((place.fwhm for place in same_unit if place.fwhm), ()))
    bbl = next((place.bbl for place in places if place.bbl), ())
    return replace(axis, bbl=bbl, names=names or axis.names)


def _places(dataset: Any, names: Sequence[str]) -> Iterator[AxisText]:  # noqa: ANN401
    """Every place of a dataset that may describe its bands, the most exact first."""
    numbers = range(1, dataset.count + 1)
    yield _of_bands([dataset.tags(i) for i in numbers])
    yield _of_bands([dataset.tags(i, ns="ENVI") for i in numbers])
    yield _of_dataset(dataset.tags(ns="ENVI"))
    yield _of_dataset(dataset.tags())
    imagery = [dataset.tags(i, ns="IMAGERY") for i in numbers]
    yield AxisText(
        wavelengths=_all_or_none([tags.get("CENTRAL_WAVELENGTH_UM", "") for tags in imagery]),
        unit="Micrometers",
        fwhm=_all_or_none([tags.get("FWHM_UM", "") for tags in imagery]),
    )
    values, unit = wavelengths_in_names(names)
    if values is not None:
        yield AxisText(wavelengths=[repr(value) for value in values.tolist()], unit=unit)


def _of_bands(tags: Sequence[Mapping[str, str]]) -> AxisText:
    """Read tags that every band carries for itself."""
    plain = [_plain_keys(band_tags) for band_tags in tags]
    found = {
        item: [_first(band_tags, keys).strip("{} ") for band_tags in plain]
        for item, keys in _KEYS.items()
    }
    units = set(found["unit"])
    return AxisText(
        wavelengths=_all_or_none(found["wavelengths"]),
        unit=units.pop() if len(units) == 1 else "",
        fwhm=_all_or_none(found["fwhm"]),
        bbl=_all_or_none(found["bbl"]),
    )


def _of_dataset(tags: Mapping[str, str]) -> AxisText:
    """Read tags of the dataset, each a list as in an ENVI header."""
    plain = _plain_keys(tags)
    found = {item: _first(plain, keys).strip("{} \n") for item, keys in _KEYS.items()}
    return AxisText(
        wavelengths=split_list(found["wavelengths"]),
        unit=found["unit"],
        fwhm=split_list(found["fwhm"]),
        bbl=split_list(found["bbl"]),
    )


def _plain_keys(tags: Mapping[str, str]) -> dict[str, str]:
    """Write keys in lower case with underscores: writers differ in nothing else."""
    return {key.lower().replace(" ", "_"): value for key, value in tags.items()}


def _first(tags: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((tags[key].strip() for key in keys if tags.get(key, "").strip()), "")


def _all_or_none(items: list[str]) -> list[str]:
    """Return the items if every band has one, else none."""
    return items if all(items) else []


def _names(dataset: Any) -> list[str]:  # noqa: ANN401
    """Give the descriptions of the bands, empty when no band has one."""
    try:
        descriptions = dataset.descriptions
    except UnicodeDecodeError:
        warn(f"{Path(dataset.name).name}: the names of the bands are not in UTF-8; left out.")
        return []
    if not any(descriptions):
        return []
    return [name or f"band {i}" for i, name in enumerate(descriptions, start=1)]
