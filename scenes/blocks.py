"""Cutting a scene into windows that fit in memory, and the block of pixels one window holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from rasterio.windows import Window

from scenes.bands import BoolArray
from scenes.errors import SceneError
from scenes.pixels import Float32Array

if TYPE_CHECKING:
    import torch

DEFAULT_BLOCK_BYTES = 64 * 2**20
"""Memory that the arrays of one block may take, unless asked otherwise: 64 MiB."""

_WHOLE_TILE_FACTOR = 4  # a tile is read in one piece if it is no larger than this many budgets


@dataclass
class Block:
    """The valid pixels of one window of a scene.

    Parameters
    ----------
    window : rasterio.windows.Window
        Where the block lies in the scene.
    spectra : float32 tensor of shape (n_valid, n_bands)
        Reflectance of the valid pixels, row by row.
    valid : bool array of shape (height, width)
        True = valid.
    """

    window: Window
    spectra: torch.Tensor
    valid: BoolArray

    def to_map(self, values: torch.Tensor | ArrayLike, fill: float = np.nan) -> Float32Array:
        """Put one row of values for each valid pixel back in its place.

        Parameters
        ----------
        values : tensor or array of shape (n_valid, n_values)
            In the order of `spectra`.
        fill : float
            What stands at pixels that are not valid.

        Returns
        -------
        float32 array of shape (n_values, height, width)

        Raises
        ------
        SceneError
            If the number of rows is not the number of valid pixels.
        """
        return map_from_pixels(values, self.valid, fill)


def map_from_pixels(
    values: torch.Tensor | ArrayLike, valid: BoolArray, fill: float = np.nan
) -> Float32Array:
    """Put one row of values for each valid pixel in its place.

    Parameters
    ----------
    values : tensor or array of shape (n_valid, n_values)
        Ordered row by row.
    valid : bool array of shape (height, width)
        True = valid.
    fill : float
        What stands at pixels that are not valid.

    Returns
    -------
    float32 array of shape (n_values, height, width)

    Raises
    ------
    SceneError
        If the number of rows is not the number of valid pixels.

    Examples
    --------
    >>> map_from_pixels([[1.0], [2.0]], np.array([[True, False], [False, True]]), fill=-1)
    array([[[ 1., -1.],
            [-1.,  2.]]], dtype=float32)
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    rows = np.asarray(values, dtype=np.float32)
    n_valid = int(np.count_nonzero(valid))
    if rows.ndim != 2 or len(rows) != n_valid:
        raise SceneError(
            f"`values` has shape {rows.shape} for {n_valid} valid pixels. "
            "It must be (n_valid, n_values): one row for each valid pixel."
        )
    shape = (rows.shape[1], *valid.shape)
    if n_valid == valid.size:
        return np.ascontiguousarray(rows.T).reshape(shape)
    cube = np.full(shape, fill, dtype=np.float32)
    cube.reshape(rows.shape[1], -1)[:, valid.ravel()] = rows.T
    return cube


def checked_window(window: Window | None, height: int, width: int) -> Window:
    """Return a window of whole pixels inside a scene; None is all of it.

    Raises
    ------
    SceneError
        If the window is empty or reaches beyond the scene.
    """
    if window is None:
        return Window(0, 0, width, height)
    row, column = int(window.row_off), int(window.col_off)
    n_rows, n_columns = int(window.height), int(window.width)
    inside = 0 <= row < row + n_rows <= height and 0 <= column < column + n_columns <= width
    if not inside:
        raise SceneError(
            f"the window of {n_rows} x {n_columns} px at row {row}, column {column} is not inside "
            f"the scene of {height} x {width} px."
        )
    return Window(column, row, n_columns, n_rows)


def block_windows(
    height: int, width: int, block_shape: tuple[int, int], pixel_bytes: int, max_bytes: int
) -> Iterator[Window]:
    """Cut a scene into windows that hold at most `max_bytes` each, row strips where they fit.

    The windows follow the tiles, strips or lines of the file, so that nothing is decoded twice.
    One tile is read in one piece even if it takes four times `max_bytes`; beyond that it is cut,
    rows before columns. A single pixel is always read whole.

    Parameters
    ----------
    height, width : int
        Size of the scene.
    block_shape : (int, int)
        Rows and columns of a tile of the file.
    pixel_bytes : int
        Memory that one pixel takes.
    max_bytes : int
        Memory that one window may take.

    Yields
    ------
    rasterio.windows.Window
        Together they cover the scene once, from the upper left to the lower right.

    Raises
    ------
    SceneError
        If `max_bytes` is not positive.

    Examples
    --------
    >>> [w.height for w in block_windows(10, 100, (1, 100), pixel_bytes=8, max_bytes=3200)]
    [4, 4, 2]
    """
    if max_bytes < 1:
        raise SceneError(f"`max_bytes` must be a positive number of bytes. Got {max_bytes!r}.")
    rows, columns = _window_shape(height, width, block_shape, pixel_bytes, max_bytes)
    for row in range(0, height, rows):
        for column in range(0, width, columns):
            yield Window(column, row, min(columns, width - column), min(rows, height - row))


def _window_shape(
    height: int, width: int, block_shape: tuple[int, int], pixel_bytes: int, max_bytes: int
) -> tuple[int, int]:
    """Rows and columns of all windows but those at the lower and right edges."""
    tile_rows, tile_columns = min(block_shape[0], height), min(block_shape[1], width)
    n_pixels = max(1, max_bytes // pixel_bytes)
    if tile_rows * width <= n_pixels:
        return n_pixels // (tile_rows * width) * tile_rows, width
    if tile_rows * tile_columns <= n_pixels:
        return tile_rows, n_pixels // (tile_rows * tile_columns) * tile_columns
    n_pixels = max(1, _WHOLE_TILE_FACTOR * max_bytes // pixel_bytes)
    if tile_columns > n_pixels:
        return 1, n_pixels
    n_pieces = -(-tile_rows // max(1, n_pixels // tile_columns))
    return -(-tile_rows // n_pieces), tile_columns
