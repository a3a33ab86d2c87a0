"""GeoTIFF (cloud optimized or not) and the other rasters that GDAL decodes for us."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags

from scenes.bands import Bands, BoolArray
from scenes.envi_header import is_envi_header, peek_file_type, read_header
from scenes.errors import SceneError, SceneFileError
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.entry import Format
from scenes.formats.envi import axis_from_fields, calibration_from_fields, check_magnitude
from scenes.formats.envi_files import find_data, find_header
from scenes.formats.raster_pixels import RasterPixels, open_raster
from scenes.formats.raster_tags import axis_from_tags
from scenes.formats.sidecars import axis_from_sidecars
from scenes.formats.spectral_axis import bands_from_text
from scenes.formats.tiff_size import check_size
from scenes.grid import Grid
from scenes.map_info import grid_from_map_info

_SUFFIXES = frozenset({".tif", ".tiff", ".gtif", ".gtiff"})
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_geotiff(path: Path) -> Contents:
    """Read what a GeoTIFF says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The file, or the ENVI header beside it.

    Raises
    ------
    SceneFileError
        If it cannot be opened as a TIFF.
    """
    is_header = path.suffix.lower() == ".hdr"
    return read_raster(find_data(path, "tif", 0) if is_header else path, "GTiff")


def read_raster(path: Path, driver: str) -> Contents:
    """Read what a raster that GDAL decodes says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        GDAL's name of its format.

    Raises
    ------
    SceneFileError
        If the driver cannot open the file, or its size is impossible.
    SceneError
        If its numbers are complex.

    Warns
    -----
    SceneWarning
        If something was assumed or left out.
    """
    with open_raster(path, driver) as dataset:
        if not dataset.dtypes[0].startswith(("int", "uint", "float")):
            raise SceneError(
                f"{path} holds {dataset.dtypes[0]} numbers. Reflectance is read from integers and "
                "real numbers only."
            )
        if driver == "GTiff":
            check_size(dataset, path)
        pixels = RasterPixels(path, driver, dataset)
        sidecar = _sidecar_fields(path, dataset.count)
        bands = _bands(dataset, path, sidecar)
        calibration, says_scale = _calibration(dataset, sidecar)
        return Contents(
            path=path,
            reader=pixels,
            grid=_grid(dataset, sidecar),
            bands=bands,
            calibration=calibration,
            metadata=dataset.tags() | dataset.tags(ns="IMAGERY"),
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


def _bands(dataset: Any, path: Path, sidecar: Mapping[str, str]) -> Bands:  # noqa: ANN401
    """Make the spectral axis; an alpha band is never good, unless it has a wavelength."""
    beside = itertools.chain(
        [axis_from_fields(sidecar)] if sidecar else [], axis_from_sidecars(path, dataset.count)
    )
    text = axis_from_tags(dataset, beside)
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
    check_magnitude((*dataset.scales, *dataset.offsets), file)
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
    by = f"{len(dataset.gcps[0])} ground control points" if dataset.gcps[0] else ""
    by = by or ("rational polynomials (RPC)" if dataset.rpcs else "")
    if not grid.is_georeferenced and by:
        warn(
            f"{Path(dataset.name).name} is placed by {by} only, which are not used: the maps get "
            "the same pixels and no place. Give them the same points and warp the maps, not the "
            "scene, since warping mixes spectra."
        )
    return grid


def _recognises(path: Path) -> bool:
    """Whether a file is named and made as TIFF, or a header says so, or there is no header."""
    if path.is_dir():
        return False
    is_tiff = _begins_as_tiff(path)
    if is_tiff and path.suffix.lower() in _SUFFIXES:
        return True
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    if header is None:
        return is_tiff
    return is_envi_header(header) and "tiff" in peek_file_type(header)


def _begins_as_tiff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in _MAGIC
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None


FORMAT = Format("GeoTIFF", _recognises, read_geotiff)
