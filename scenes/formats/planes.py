"""Turning band planes into pixel rows at the speed of memory.

Where the planes of an array lie a multiple of 4096 bytes apart, all bands of a pixel fall into the
same few lines of the processor's cache, and turning them takes three times as long. So planes are
laid out with a little room between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scenes.pixels import RawArray

_CACHE_LINE = 64
_AWKWARD = 1024  # distances that are a multiple of this share too few lines of the cache
_LINES_AT_ONCE = 4


def empty_planes(n_bands: int, n_pixels: int, dtype: np.dtype[Any]) -> RawArray:
    """Make room for planes, shape (n_bands, n_pixels), an odd number of cache lines apart."""
    n_lines = -(-n_pixels * dtype.itemsize // _CACHE_LINE) | 1
    planes = np.empty((n_bands, n_lines * _CACHE_LINE // dtype.itemsize), dtype=dtype)
    return planes[:, :n_pixels]


def pixels_from_planes(planes: RawArray) -> RawArray:
    """Turn (n_bands, n_pixels) into a new array (n_pixels, n_bands).

    Examples
    --------
    >>> pixels_from_planes(np.array([[1, 2, 3], [4, 5, 6]]))
    array([[1, 4],
           [2, 5],
           [3, 6]])
    """
    return np.array(planes.T, order="C")


def pixels_from_lines(lines: RawArray) -> RawArray:
    """Turn lines of planes (height, n_bands, width) into (height * width, n_bands)."""
    height, n_bands, width = lines.shape
    if lines.strides[1] % _AWKWARD:
        pixels = np.array(lines.transpose(0, 2, 1), order="C")
        return pixels.reshape(height * width, n_bands)
    pixels = np.empty((height, width, n_bands), dtype=lines.dtype)
    room = empty_planes(_LINES_AT_ONCE * n_bands, width, lines.dtype)
    for first in range(0, height, _LINES_AT_ONCE):
        some = lines[first : first + _LINES_AT_ONCE]
        part = room[: some.shape[0] * n_bands].reshape(some.shape)
        part[...] = some
        pixels[first : first + _LINES_AT_ONCE] = part.transpose(0, 2, 1)
    return pixels.reshape(height * width, n_bands)
