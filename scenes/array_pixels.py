"""An array in memory as a `PixelReader`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scenes.bands import IndexArray
from scenes.errors import SceneError
from scenes.pixels import RawArray


class ArrayPixels:
    """Raw numbers of a cube in memory (a `PixelReader`).

    Parameters
    ----------
    cube : array of shape (n_bands, height, width)

    Raises
    ------
    SceneError
        If it has another number of axes, or one of them is empty.

    Examples
    --------
    >>> ArrayPixels([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]).read(0, 1, 2, 1, np.array([1, 0]))
    array([[6, 2],
           [8, 4]])
    """

    cheap_rows = False

    def __init__(self, cube: ArrayLike) -> None:
        self._cube = np.asarray(cube)
        if self._cube.ndim != 3 or 0 in self._cube.shape:
            raise SceneError(
                f"a cube has the shape (n_bands, height, width). Got {self._cube.shape} instead."
            )
        self.dtype = self._cube.dtype
        self.n_bands, self.height, self.width = self._cube.shape
        self.block_shape = (1, self.width)

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first."""
        part = self._cube[bands, row : row + height, column : column + width]
        return np.array(part.reshape(bands.size, height * width).T, order="C")
