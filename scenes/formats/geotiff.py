"""GeoTIFF (cloud optimized or not) and the other rasters that GDAL decodes for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags

from scenes.bands import Bands, BoolArray
from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneFileError
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.envi import axis_from_fields, calibration_from_fields
from scenes.formats.envi_files import find_header
from scenes.formats.raster_pixels import RasterPixels, open_raster
from scenes.formats.raster_tags import axis_from_tags
from scenes.formats.spectral_axis import bands_from_text
from scenes.grid import Grid
from scenes.map_info import grid_from_map_info


def read_geotiff(path: Path, driver: str = "GTiff") -> Contents:
    """Read what a raster says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        GDAL's name of its format.

    Raises
    ------
    SceneFileError
        If the driver cannot open the file.

    Warns
    -----
    SceneWarning
        If something was assumed or left out.
    """
    with open_raster(path, driver) as dataset:
        pixels = RasterPixels(path, driver, dataset)
        if driver == "EHdr":
            _check_size(pixels)
        sidecar = _sidecar_fields(path, dataset.count)
        bands = _bands(dataset, sidecar)
        calibration, says_scale = _calibration(dataset, sidecar)
        return Contents(
            path=path,
            reader=pixels,
            grid=_grid(dataset, sidecar),
            bands=bands,
            calibration=calibration,
            metadata=dict(dataset.tags()),
            mask=pixels if _has_own_mask(dataset, bands) else None,
            says_scale=says_scale,
        )


def _sidecar_fields(path: Path, n_bands: int) -> Mapping[str, str]:
    """Fields of an ENVI header beside the file, if it describes as many bands; else none."""
    header = find_header(path)
    if header is None or not is_envi_header(header):
        return {}
    fields = read_header(header)
    return fields if fields.get("bands", "").strip() == str(n_bands) else {}


def _bands(dataset: Any, sidecar: Mapping[str, str]) -> Bands:  # noqa: ANN401
    """Make the spectral axis; an alpha band is never good, unless it has a wavelength."""
    text = axis_from_tags(dataset, axis_from_fields(sidecar) if sidecar else None)
    bands = bands_from_text(text, dataset.count, Path(dataset.name).name)
    alpha = _alpha_bands(dataset)
    if not alpha.any() or bands.wavelengths_nm is not None:
        return bands
    return replace(bands, good=bands.good & ~alpha)


def _alpha_bands(dataset: Any) -> BoolArray:  # noqa: ANN401
    return np.array([colour == ColorInterp.alpha for colour in dataset.colorinterp])


def _has_own_mask(dataset: Any, bands: Bands) -> bool:  # noqa: ANN401
    """Whether the file carries one mask for all bands, as a mask band or as alpha."""
    flags = dataset.mask_flag_enums[0]
    if MaskFlags.per_dataset not in flags:
        return False
    alpha = _alpha_bands(dataset)
    return MaskFlags.alpha not in flags or not bands.good[alpha].any()


def _calibration(dataset: Any, sidecar: Mapping[str, str]) -> tuple[Calibration, bool]:  # noqa: ANN401
    """Read scale and nodata from the file, else from the header beside it."""
    file = Path(dataset.name).name
    calibration = Calibration(dataset.scales, dataset.offsets, dataset.nodata)
    if calibration.is_declared:
        return calibration, True
    tags = {**dataset.tags(), **dataset.tags(ns="ENVI")}
    fields = {key.lower().replace("_", " "): value.strip("{} ") for key, value in tags.items()}
    wanted = ("reflectance scale factor", "data gain values", "data offset values")
    fields = {key: fields[key] for key in wanted if key in fields}
    found, says_scale = calibration_from_fields(fields or sidecar, dataset.count, file)
    nodata = found.nodata if dataset.nodata is None else dataset.nodata
    return replace(found, nodata=nodata), says_scale


def _grid(dataset: Any, sidecar: Mapping[str, str]) -> Grid:  # noqa: ANN401
    grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    if not grid.is_georeferenced and "map info" in sidecar:
        grid = grid_from_map_info(sidecar, dataset.height, dataset.width)
    if not grid.is_georeferenced and dataset.gcps[0]:
        warn(
            f"{Path(dataset.name).name} is placed by {len(dataset.gcps[0])} ground control points "
            "only, which are not used. Warp the maps, not the scene."
        )
    return grid


def _check_size(pixels: RasterPixels) -> None:
    """Refuse a file of plain numbers that is too short: GDAL would give zeros."""
    n_numbers = pixels.n_bands * pixels.height * pixels.width
    n_found, n_expected = pixels.path.stat().st_size, n_numbers * pixels.dtype.itemsize
    if n_found < n_expected:
        raise SceneFileError(
            f"{pixels.path} has {n_found} bytes, but its header promises {n_expected}. "
            "The file is truncated, or the header belongs to another file."
        )
