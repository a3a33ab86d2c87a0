"""STAC items: what lies in a folder of rasters, where and when, for catalogues and their tools.

References: the STAC item specification 1.1.0 with the common metadata ``bands``, and its extensions
projection 2.0, eo 2.0, raster 2.0, classification 2.0, processing 1.2. Beside spectral rasters the
EnMAP-Box looks for ``<raster>.stac.json`` with ``eo:bands`` of eo 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rasterio.io import DatasetReader

from scenes.acquisition import Acquisition, iso_text
from scenes.bands import Bands
from scenes.export.colour import Colour
from scenes.export.derived import band_statistics
from scenes.export.footprint import bounding_box, footprint, polygon
from scenes.formats.raster_pixels import open_raster
from scenes.grid import Grid

Json = dict[str, Any]

EXTENSIONS = {
    prefix: f"https://stac-extensions.github.io/{name}/{version}/schema.json"
    for prefix, name, version in (
        ("proj", "projection", "v2.0.0"),
        ("eo", "eo", "v2.0.0"),
        ("raster", "raster", "v2.0.0"),
        ("classification", "classification", "v2.0.0"),
        ("processing", "processing", "v1.2.0"),
    )
}
"""Schemas of the extensions, by the prefix of their fields."""
COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
MEDIA_TYPES = {
    ".tif": COG_TYPE,
    ".json": "application/json",
    ".csv": "text/csv",
    ".png": "image/png",
    ".html": "text/html",
    ".xml": "application/xml",
    ".qml": "application/xml",
    ".hdr": "text/plain",
}
"""Of the files that a suffix is enough to tell; others are plain bytes."""
_BEGINNING = "1970-01-01T00:00:00Z"  # an item needs a start where the time is not known
_UNKNOWN_TIME = "The time of the acquisition is not known; it was before the maps were made."


def stac_item(
    name: str,
    grid: Grid,
    assets: Mapping[str, Json],
    *,
    acquisition: Acquisition,
    created: datetime,
    software: Mapping[str, str],
) -> Json:
    """Describe a folder of rasters that share one grid.

    Parameters
    ----------
    name : str
        The item's id.
    grid : Grid
        Where the rasters lie. Without a CRS the item has no geometry.
    assets : mapping of str to dict
        From `raster_asset` and `file_asset`.
    acquisition : Acquisition
        Without a time the item has an interval that ends when the maps were made.
    created : datetime
        When they were made.
    software : mapping of str to str
        Name and version of the programs that made them.

    Returns
    -------
    dict
        A GeoJSON Feature that JSON can hold.
    """
    ring = footprint(grid)
    item: Json = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": name,
        "geometry": None if ring is None else polygon(ring),
        "properties": {
            **_times(acquisition, created),
            **_origin(acquisition),
            "processing:software": dict(software),
            **_projection(grid),
        },
        "links": [],
        "assets": dict(assets),
    }
    if ring is not None:
        item["bbox"] = bounding_box(ring)
    item["stac_extensions"] = [url for name, url in EXTENSIONS.items() if name in _prefixes(item)]
    return item


def raster_asset(
    path: Path,
    title: str,
    roles: Sequence[str] = ("data",),
    *,
    classes: Mapping[int, tuple[str, Colour]] | None = None,
    href: str | None = None,
) -> Json:
    """Describe a finished GeoTIFF: its bands, their units, nodata, statistics and wavelengths.

    Parameters
    ----------
    path : Path
    title : str
    roles : sequence of str
    classes : mapping of int to (str, Colour), optional
        Name and colour of each value, of a raster of classes.
    href : str, optional
        Where it lies, seen from the item; by default beside it.
    """
    with open_raster(path, "GTiff") as dataset:
        bands = [_band(dataset, number) for number in dataset.indexes]
    if classes is not None:
        bands[0]["classification:classes"] = [
            {
                "value": value,
                "name": re.sub(r"[^0-9A-Za-z_-]+", "-", name).strip("-") or f"class-{value}",
                "title": name,
                "color_hint": colour.hex[1:].upper(),
            }
            for value, (name, colour) in classes.items()
        ]
    return file_asset(path, title, roles, href=href) | {"bands": bands}


def file_asset(
    path: Path, title: str, roles: Sequence[str] = ("metadata",), *, href: str | None = None
) -> Json:
    """Describe any other file; parameters as for `raster_asset`."""
    return {
        "href": f"./{href or path.name}",
        "type": MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        "title": title,
        "roles": list(roles),
    }


def spectral_sidecar(bands: Bands, names: Sequence[str]) -> Json:
    """What the EnMAP-Box reads from ``<raster>.stac.json`` about the bands of a raster."""
    described: list[Json] = [{"name": name} for name in names]
    for band, index in zip(described, range(len(described)), strict=True):
        if bands.wavelengths_nm is not None:
            band["center_wavelength"] = _micrometres(bands.wavelengths_nm[index])
        if bands.fwhm_nm is not None:
            band["full_width_half_max"] = _micrometres(bands.fwhm_nm[index])
    return {
        "stac_extensions": ["https://stac-extensions.github.io/eo/v1.0.0/schema.json"],
        "properties": {
            "eo:bands": described,
            "enmapbox:bad_band_multiplier": bands.good.astype(int).tolist(),
        },
    }


def _band(dataset: DatasetReader, number: int) -> Json:
    tags = dataset.tags(number)
    band: Json = {
        "name": dataset.descriptions[number - 1] or f"band {number}",
        "data_type": dataset.dtypes[number - 1],
        "raster:sampling": "area",
    }
    if dataset.nodata is not None:
        band["nodata"] = dataset.nodata
    if dataset.units[number - 1]:
        band["unit"] = dataset.units[number - 1]
    found = band_statistics(dataset, number)
    if found:
        band["statistics"] = found
    if "wavelength" in tags:
        band["eo:center_wavelength"] = _micrometres(float(tags["wavelength"]))
    if "fwhm" in tags:
        band["eo:full_width_half_max"] = _micrometres(float(tags["fwhm"]))
    return band


def _prefixes(content: object) -> set[str]:
    """Prefixes of all fields, at any depth."""
    if isinstance(content, dict):
        own = {key.partition(":")[0] for key in content if ":" in key}
        return own.union(*map(_prefixes, content.values()))
    return set().union(*map(_prefixes, content)) if isinstance(content, list) else set()


def _micrometres(nanometres: float) -> float:
    return float(f"{nanometres / 1000:.9g}")


def _times(acquisition: Acquisition, created: datetime) -> Json:
    """``datetime``, or null with both ends of an interval, as the specification asks."""
    times: Json = {"created": iso_text(created)}
    if acquisition.start is None:
        interval = {"start_datetime": _BEGINNING, "end_datetime": iso_text(created)}
        return {"datetime": None} | interval | times | {"description": _UNKNOWN_TIME}
    times = {"datetime": iso_text(acquisition.start)} | times
    if acquisition.end is not None:
        times["start_datetime"] = iso_text(acquisition.start)
        times["end_datetime"] = iso_text(acquisition.end)
    return times


def _origin(acquisition: Acquisition) -> Json:
    origin: Json = {}
    if acquisition.platform:
        origin["platform"] = acquisition.platform
    if acquisition.instrument:
        origin["instruments"] = [acquisition.instrument]
    return origin


def _projection(grid: Grid) -> Json:
    authority = None if grid.crs is None else grid.crs.to_authority()
    fields: Json = {
        "proj:code": None if authority is None else ":".join(authority),
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
    }
    if grid.crs is not None and authority is None:
        fields["proj:wkt2"] = grid.crs.to_wkt(version="WKT2_2019")
    return fields
