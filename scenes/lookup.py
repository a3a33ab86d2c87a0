"""Geographic lookup tables (GLT): where on the ground the pixels of a sensor's own geometry lie.

A GLT has the shape of a map and says, for each of its pixels, which sample and which line of the
image to show there: counted from 1, 0 where there is none. A negative number is the same sample or
line, taken from a neighbour to fill a gap.

References: "Build GLT", ENVI documentation, NV5 Geospatial Software; EMIT L2A Algorithm Theoretical
Basis and User Guide, LP DAAC (``glt_x``, ``glt_y``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from scenes.bands import IndexArray
from scenes.blocks import checked_window
from scenes.errors import SceneError
from scenes.grid import Grid
from scenes.pixels import PixelReader

_BOTH: IndexArray = np.array([0, 1])


@dataclass(frozen=True, eq=False)
class Lookup:
    """For each pixel of a map, the pixel of a scene that lies there; read window by window.

    Parameters
    ----------
    table : PixelReader
        Two bands of the map's shape: sample and line of the scene, counted from 1.
    grid : Grid
        The map that the scene is brought to.
    shape : (int, int)
        Rows and columns of the scene in sensor geometry.
    part : rasterio.windows.Window, optional
        The part of that scene which is used; what lies outside of it is not on the map.

    Raises
    ------
    SceneError
        If the table has not the shape of the grid or not two bands, or the part leaves the scene.
    """

    table: PixelReader
    grid: Grid
    shape: tuple[int, int]
    part: Window | None = None

    def __post_init__(self) -> None:
        sizes = (self.table.n_bands, self.table.height, self.table.width)
        if sizes != (2, *self.grid.shape):
            raise SceneError(
                f"a lookup table of {sizes} (bands, rows, columns) does not fit its grid of "
                f"{self.grid.height} x {self.grid.width}. It needs 2 bands on that grid."
            )
        if self.table.dtype.kind not in "iuf":
            raise SceneError(f"a lookup table of {self.table.dtype} holds no numbers of pixels.")
        if self.part is not None:
            checked_window(self.part, *self.shape)

    @property
    def scene_shape(self) -> tuple[int, int]:
        """Rows and columns of the scene, or of the part of it, that `read` counts in."""
        if self.part is None:
            return self.shape
        return int(self.part.height), int(self.part.width)

    def of_part(self, window: Window) -> Lookup:
        """Return the lookup of a part of the scene, counted from the part's upper left corner.

        Raises
        ------
        SceneError
            If the window leaves the scene.
        """
        window = checked_window(window, *self.scene_shape)
        if self.part is not None:
            column, row = self.part.col_off + window.col_off, self.part.row_off + window.row_off
            window = Window(column, row, window.width, window.height)
        return Lookup(self.table, self.grid, self.shape, window)

    def read(self, window: Window | None = None) -> tuple[IndexArray, IndexArray]:
        """Read rows and columns of the scene for a window of the map.

        Returns
        -------
        rows, columns : int array of shape (height, width)
            Counted from 0; both -1 where no pixel of the scene lies.

        Raises
        ------
        SceneError
            If the window leaves the grid, or the table names pixels that the scene has not.
        SceneFileError
            If the table cannot be read.
        """
        window = checked_window(window, *self.grid.shape)
        place = (window.row_off, window.col_off, window.height, window.width)
        found = self.table.read(*place, _BOTH)
        columns, rows = self._counted_from_zero(found)
        shape = (window.height, window.width)
        return rows.reshape(shape), columns.reshape(shape)

    def _counted_from_zero(self, found: np.ndarray) -> tuple[IndexArray, IndexArray]:
        """Samples and lines of the part in use, -1 where the table names none."""
        known = np.isfinite(found).all(axis=1) & (found != 0).all(axis=1)
        samples, lines = (np.abs(np.where(known, band, 1).astype(np.int64)) for band in found.T)
        height, width = self.shape
        if (samples > width).any() or (lines > height).any():
            raise SceneError(
                f"the lookup table names sample {samples.max()} and line {lines.max()} of a scene "
                f"of {width} samples and {height} lines. It belongs to another scene."
            )
        columns, rows = samples - 1, lines - 1
        if self.part is not None:
            columns, rows = columns - self.part.col_off, rows - self.part.row_off
            height, width = self.scene_shape
            known &= (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        columns[~known] = rows[~known] = -1
        return columns.astype(np.intp), rows.astype(np.intp)
