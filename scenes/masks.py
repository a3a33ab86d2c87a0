"""Masks of the user: a raster on the grid of the scene, or polygons, read window by window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from scenes.bands import BoolArray
from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneError, SceneFileError
from scenes.formats.envi_files import find_data, find_header
from scenes.formats.raster_pixels import RasterPixels
from scenes.grid import Grid
from scenes.map_info import grid_from_map_info
from scenes.pixels import MaskReader, nodata_in
from scenes.polygons import polygon_mask
from scenes.vector_features import VECTOR_SUFFIXES

_FIRST_BAND = np.array([0])
_TOLERANCE_PX = 0.01  # corners of two grids that are one lie nearer to each other


@dataclass(frozen=True)
class RasterMask:
    """The first band of a raster as a mask (a `MaskReader`).

    Parameters
    ----------
    pixels : RasterPixels
        Reads the raster.
    nodata : float or None
        The raster's own nodata: neither inside nor outside, so never valid.
    keep : bool
        True: pixels that are not 0 are valid. False: those that are 0.
    """

    pixels: RasterPixels
    nodata: float | None
    keep: bool = True

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window: shape (height * width,), True = valid."""
        numbers = self.pixels.read(row, column, height, width, _FIRST_BAND)[:, 0]
        known = np.isfinite(numbers)
        nodata = nodata_in(numbers.dtype, self.nodata)
        if nodata is not None and nodata != 0:
            known &= numbers != nodata
        marked: BoolArray = numbers != 0
        return known & (marked if self.keep else ~marked)


def open_mask(
    path: str | Path, grid: Grid, *, keep: bool = True, called: str = "mask"
) -> MaskReader:
    """Open a mask for a scene; nothing but its header, or its polygons, is read.

    Parameters
    ----------
    path : str or Path
        A raster with the same grid as the scene, of which the first band counts (not 0 = inside),
        or a file of polygons (GeoJSON; GeoPackage, Shapefile and others with the extra
        ``unmix[vector]``), in any coordinate reference system.
    grid : Grid
        Grid of the scene.
    keep : bool
        True uses what is inside, False leaves it out.
    called : str
        What messages call the file.

    Raises
    ------
    SceneFileError
        If the file is missing or cannot be read.
    SceneError
        If the grid is another, there is no polygon, or none lies on the scene.
    """
    path = Path(path)
    if not path.exists():
        raise SceneFileError(f"the {called} {path} does not exist.")
    if path.suffix.lower() in VECTOR_SUFFIXES:
        return polygon_mask(path, grid, keep=keep)
    data = _data_file(path)
    try:
        with rasterio.open(data) as dataset:
            pixels = RasterPixels(data, dataset.driver, dataset)
            found = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
            nodata = dataset.nodata
    except RasterioError as error:
        said = str(error).rstrip(".")
        raise SceneFileError(f"the {called} {path} cannot be opened: {said}.") from None
    header = find_header(data)
    if header is not None and is_envi_header(header) and pixels.driver == "ENVI":
        found = grid_from_map_info(read_header(header), found.height, found.width)
    _check_same_grid(f"the {called} {path.name}", found, grid)
    return RasterMask(pixels, nodata, keep)


def _data_file(path: Path) -> Path:
    return find_data(path, "", 0) if path.suffix.lower() == ".hdr" else path


def _check_same_grid(which: str, found: Grid, grid: Grid) -> None:
    """Refuse a raster that does not lie on the scene pixel by pixel."""
    if found.shape != grid.shape:
        raise SceneError(
            f"{which} has {found.height} x {found.width} px, but the scene has "
            f"{grid.height} x {grid.width}. Bring it to the scene's grid first, by nearest "
            "neighbour; or give polygons, which fit any grid."
        )
    if not (found.is_georeferenced and grid.is_georeferenced):
        return
    if found.crs is not None and grid.crs is not None and found.crs != grid.crs:
        raise SceneError(
            f"{which} is in {found.crs_name}, but the scene is in {grid.crs_name}. "
            "Bring it to the scene's grid first, by nearest neighbour."
        )
    offset = max(_corner_distances_px(found, grid))
    if offset > _TOLERANCE_PX:
        raise SceneError(
            f"{which} has the scene's size, but its corners lie up to {offset:.3g} px "
            "from those of the scene. Bring it to the scene's grid first, by nearest neighbour."
        )


def _corner_distances_px(found: Grid, grid: Grid) -> list[float]:
    back, there = ~grid.transform, found.transform
    distances = []
    for column, row in ((0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)):
        x = there.a * column + there.b * row + there.c
        y = there.d * column + there.e * row + there.f
        moved = (back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f)
        distances.append(float(np.hypot(moved[0] - column, moved[1] - row)))
    return distances
