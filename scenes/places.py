"""Where pixels of a scene lie: rows and columns, map coordinates, longitude and latitude."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rasterio.crs import CRS
from rasterio.warp import transform as to_crs
from rasterio.windows import Window

from scenes.bands import FloatArray, IndexArray
from scenes.blocks import block_windows
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.scene import Scene

_MAP_SHAPE = (512, 2048)  # of a lookup table, looked at at once


@dataclass(frozen=True, eq=False)
class Places:
    """Places of some pixels of a scene; all arrays are of shape (n_pixels,)."""

    rows: IndexArray
    """Of the scene, counted from 0, as `Scene.read` counts them."""
    columns: IndexArray
    x: FloatArray
    """Of the pixel's centre on the map; NaN where it is not on the map."""
    y: FloatArray
    longitude: FloatArray
    """In degrees on WGS 84; NaN where there is no CRS."""
    latitude: FloatArray
    crs: CRS | None
    """Of x and y."""

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of_pixels(cls, scene: Scene, rows: IndexArray, columns: IndexArray) -> Places:
        """Find where pixels lie.

        Where a scene is in the geometry of its sensor, a pixel that its lookup table shows in
        several places lies in their middle, and one that it does not show nowhere.

        Parameters
        ----------
        scene : Scene
        rows, columns : int arrays of shape (n_pixels,)

        Raises
        ------
        SceneFileError
            If the lookup table cannot be read.
        """
        if scene.lookup is None:
            grid, across, down = scene.grid, columns + 0.5, rows + 0.5
        else:
            grid, (across, down) = scene.lookup.grid, _on_map(scene.lookup, rows, columns)
        t = grid.transform
        x, y = t.a * across + t.b * down + t.c, t.d * across + t.e * down + t.f
        return cls(rows, columns, x, y, *_degrees(grid, x, y), grid.crs)


def _on_map(lookup: Lookup, rows: IndexArray, columns: IndexArray) -> tuple[FloatArray, FloatArray]:
    """Columns and rows of the map's pixels that show pixels of the scene, in the mean."""
    width = lookup.scene_shape[1]
    wanted, of_wanted = np.unique(rows * width + columns, return_inverse=True)
    n_shown, across, down = (np.zeros(len(wanted)) for _ in range(3))
    for window in _windows(lookup.grid):
        scene_rows, scene_columns = lookup.read(window)
        shown = np.where(scene_rows >= 0, scene_rows * width + scene_columns, -1)
        down_here, across_here = np.nonzero(np.isin(shown, wanted))
        number = np.searchsorted(wanted, shown[down_here, across_here])
        np.add.at(n_shown, number, 1)
        np.add.at(across, number, across_here + window.col_off + 0.5)
        np.add.at(down, number, down_here + window.row_off + 0.5)
    n_shown[n_shown == 0] = np.nan
    return (across / n_shown)[of_wanted], (down / n_shown)[of_wanted]


def _windows(grid: Grid) -> Iterator[Window]:
    return block_windows(*grid.shape, _MAP_SHAPE, 1, _MAP_SHAPE[0] * _MAP_SHAPE[1])


def _degrees(grid: Grid, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = np.full(len(x), np.nan), np.full(len(x), np.nan)
    known = np.isfinite(x)
    if grid.crs is not None and known.any():
        found = to_crs(grid.crs, "EPSG:4326", x[known].tolist(), y[known].tolist())
        longitude[known], latitude[known] = found[0], found[1]
    nowhere = ~(np.isfinite(longitude) & np.isfinite(latitude))
    longitude[nowhere] = latitude[nowhere] = np.nan
    return longitude, latitude
