"""Where a scene's numbers come from: a reader, their scaling, a mask, and parts of all three."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rasterio.windows import Window

from scenes.bands import BoolArray, IndexArray
from scenes.blocks import block_windows, checked_window
from scenes.pixels import (
    Float32Array,
    MaskReader,
    PixelReader,
    RawArray,
    Scaling,
    fits_in_float32,
)

_CACHED_BYTES = 2**20
"""Raw numbers that are scaled at a time, where their reader does not mind."""


@dataclass(frozen=True, eq=False)
class Source:
    """Reflectance of any window of a scene: raw numbers, masked first, scaled second.

    Parameters
    ----------
    reader : PixelReader
        Reads the raw numbers.
    scaling : Scaling
        What they mean, for all bands of the file.
    mask : MaskReader, optional
        Which pixels may be used, whatever their numbers.
    """

    reader: PixelReader
    scaling: Scaling
    mask: MaskReader | None = None

    def read(self, window: Window, bands: IndexArray) -> tuple[Float32Array, BoolArray]:
        """Reflectance (n_pixels, n_bands) of all pixels of a window, and which are valid."""
        place = _place(window)
        spectra, valid = self._scaled(*place, bands)
        if self.mask is not None:
            valid &= self.mask.read_mask(*place)
        return spectra, valid

    def _scaled(
        self, row: int, column: int, height: int, width: int, bands: IndexArray
    ) -> tuple[Float32Array, BoolArray]:
        """Reflectance of a window; where it may be, a few rows at a time, while they are cached."""
        scaling = self.scaling.select(bands)
        step = height
        if self.reader.cheap_rows:
            line_bytes = self.reader.n_bands * width * self.reader.dtype.itemsize
            step = max(1, _CACHED_BYTES // line_bytes)
        if step >= height:
            return scaling.apply(self.reader.read(row, column, height, width, bands))
        spectra = np.empty((height * width, bands.size), np.float32)
        valid = np.empty(height * width, np.bool_)
        for first in range(0, height, step):
            n_rows = min(step, height - first)
            raw = self.reader.read(row + first, column, n_rows, width, bands)
            rows = slice(first * width, (first + n_rows) * width)
            _, valid[rows] = scaling.apply(raw, spectra[rows])
        return spectra, valid

    def read_raw(self, window: Window, bands: IndexArray) -> tuple[RawArray, BoolArray]:
        """Raw numbers (n_pixels, n_bands) of a window, and which pixels the mask lets through."""
        place = _place(window)
        raw = self.reader.read(*place, bands)
        if self.mask is None:
            return raw, np.ones(len(raw), dtype=np.bool_)
        return raw, self.mask.read_mask(*place)

    def windows(self, n_bands: int, max_bytes: int) -> Iterator[Window]:
        """Cut all of it into windows whose arrays take at most `max_bytes` each."""
        # raw numbers as they arrive and once more in order, float32, and one byte for the mask
        dtype = self.reader.dtype
        number_bytes = 2 * dtype.itemsize + 5 + (0 if fits_in_float32(dtype) else 8)
        height, width = self.reader.height, self.reader.width
        shape = self.reader.block_shape
        return block_windows(height, width, shape, n_bands * number_bytes, max_bytes)

    def part(self, window: Window) -> Source:
        """Return what lies inside a window, which must be inside the scene."""
        mask = None if self.mask is None else PartMask(self.mask, window)
        return replace(self, reader=PartReader(self.reader, window), mask=mask)

    def with_padding(self, padding: float) -> Source:
        """Return the same without the pixels that hold one raw number in all bands."""
        return replace(self, scaling=replace(self.scaling, padding=padding))

    def with_saturation(self, saturation: float | None = None) -> Source:
        """Return the same without the pixels that have a raw number from `saturation` on.

        By default the largest number that integers of this type can be; real numbers have none.
        """
        if saturation is None and self.reader.dtype.kind in "iu":
            saturation = float(np.iinfo(self.reader.dtype).max)
        return replace(self, scaling=replace(self.scaling, saturation=saturation))

    def with_mask(self, mask: MaskReader) -> Source:
        """Return the same with one more mask: a pixel must pass all of them."""
        return replace(self, mask=mask if self.mask is None else BothMasks(self.mask, mask))


@dataclass(frozen=True)
class BothMasks:
    """Two masks (a `MaskReader`); a pixel must pass both."""

    first: MaskReader
    second: MaskReader

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window: shape (height * width,), True where both are."""
        valid: BoolArray = self.first.read_mask(row, column, height, width)
        return valid & self.second.read_mask(row, column, height, width)


@dataclass(frozen=True)
class PartMask:
    """The part of a mask that lies in a window (a `MaskReader`)."""

    mask: MaskReader
    window: Window

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window of the part: shape (height * width,), True = valid."""
        row, column = row + self.window.row_off, column + self.window.col_off
        return self.mask.read_mask(row, column, height, width)


class PartReader:
    """The part of a raster that lies in a window (a `PixelReader`).

    Parameters
    ----------
    reader : PixelReader
        Reads all of it.
    window : rasterio.windows.Window
        The part; whole pixels inside the raster.
    """

    def __init__(self, reader: PixelReader, window: Window) -> None:
        self._reader = reader
        self._window = checked_window(window, reader.height, reader.width)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the raw numbers."""
        return self._reader.dtype

    @property
    def n_bands(self) -> int:
        """Number of bands."""
        return self._reader.n_bands

    @property
    def height(self) -> int:
        """Number of rows of the part."""
        return int(self._window.height)

    @property
    def width(self) -> int:
        """Number of columns of the part."""
        return int(self._window.width)

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns that are best read together, as in the whole raster."""
        return self._reader.block_shape

    @property
    def cheap_rows(self) -> bool:
        """Whether a row takes no longer by itself, as in the whole raster."""
        return self._reader.cheap_rows

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window of the part: raw numbers of shape (height * width, len(bands))."""
        row, column = row + self._window.row_off, column + self._window.col_off
        return self._reader.read(row, column, height, width, bands)


def _place(window: Window) -> tuple[int, int, int, int]:
    return window.row_off, window.col_off, window.height, window.width
