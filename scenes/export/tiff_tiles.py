"""Proof that a GeoTIFF holds what was written: GDAL may meet a full disk and say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader


def require_tiles(path: Path) -> None:
    """Check that every tile of every level and band has a place within the file.

    A tile without a place would read as nodata, without an error.

    Raises
    ------
    OSError
        If a tile is missing or cut off.
    """
    size = path.stat().st_size
    for level in _levels(path):
        with _opened(path, level) as dataset:
            separate = dataset.profile.get("interleave") == "band"
            for band in dataset.indexes if separate else (1,):
                for (row, column), _ in dataset.block_windows(band):
                    start, length = _place(dataset, band, row, column)
                    if start == 0 or start + length > size:
                        raise OSError(f"tile {column}, {row} of band {band} is not in the file")


def read_back(path: Path, nodata: float | None) -> int:
    """Read every tile of every level; return the `bit_sum` of the full image.

    Raises
    ------
    OSError
        If a tile is missing, cut off, or cannot be decompressed.
    """
    require_tiles(path)
    total = 0
    for level in _levels(path):
        with _opened(path, level) as dataset:
            for _, window in dataset.block_windows(1):
                values = dataset.read(window=window)
                total += bit_sum(values, nodata) if level is None else 0
    return total % 2**64


def bit_sum(values: NDArray[np.generic], nodata: float | None) -> int:
    """Sum of the bit patterns of all values but nodata, modulo 2**64: the order does not matter.

    Examples
    --------
    >>> bit_sum(np.array([[1, 255], [2, 255]], np.uint8), nodata=255)
    3
    """
    bits = values.view(f"u{values.dtype.itemsize}")
    if nodata is None:
        return int(bits.sum(dtype=np.uint64))
    known = values != nodata if nodata == nodata else values == values
    return int(bits.sum(dtype=np.uint64, where=known))


def first_tile(path: Path) -> int:
    """Number of bytes before the first tile of a COG, whose levels each begin with a tile 0, 0."""
    starts = []
    for level in _levels(path):
        with _opened(path, level) as dataset:
            starts.append(_place(dataset, 1, 0, 0)[0])
    return min(starts)


def _levels(path: Path) -> list[int | None]:
    """The full image, and the number of each overview."""
    with rasterio.open(path) as dataset:
        return [None, *range(len(dataset.overviews(1)))]


@contextmanager
def _opened(path: Path, level: int | None) -> Iterator[DatasetReader]:
    options = {} if level is None else {"overview_level": level}
    with rasterio.open(path, **options) as dataset:
        yield dataset


def _place(dataset: DatasetReader, band: int, row: int, column: int) -> tuple[int, int]:
    """Where a tile begins, and its length; zeros when it is not in the file."""
    start = dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band)
    length = dataset.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=band)
    return int(start or 0), int(length or 0)
