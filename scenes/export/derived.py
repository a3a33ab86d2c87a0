"""Rasters made from a finished one, window by window: classes, pictures, single bands, copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import rasterio
from numpy.typing import ArrayLike

from scenes.blocks import block_windows
from scenes.formats.raster_pixels import open_raster
from scenes.gdal_cache import limited_cache
from scenes.pixels import Float32Array

Values = Callable[[Float32Array], ArrayLike]
"""From a block (n_bands, height, width), NaN where there is no value, to the block to write."""


_MAX_BYTES = 2**26  # in memory at once
_BYTES_PER_NUMBER = 16  # as read, with its mask, filled, and as the writers bring it in order


class MapWriter(Protocol):
    """What takes blocks of maps: the writers of this package, inside their ``with`` block."""

    def write(self, row: int, column: int, values: ArrayLike) -> None:
        """Write a block of all bands."""


def derive(source: Path, targets: Sequence[tuple[MapWriter, Values]]) -> None:
    """Read a raster once, and write all that is made from it.

    Parameters
    ----------
    source : Path
        A GeoTIFF.
    targets : sequence of (writer, function)
        Open writers on its grid, and what each is given of a block.

    Raises
    ------
    SceneFileError
        If the source cannot be read, or the disk is full.
    """
    with limited_cache(), open_raster(source, "GTiff") as dataset:
        pixel_bytes = _BYTES_PER_NUMBER * dataset.count
        tile = dataset.block_shapes[0]
        for window in block_windows(dataset.height, dataset.width, tile, pixel_bytes, _MAX_BYTES):
            block = dataset.read(window=window, masked=True, out_dtype="float32")
            values = np.ma.filled(block, np.nan)
            for writer, function in targets:
                writer.write(window.row_off, window.col_off, function(values))


def statistics(path: Path, band: int = 1) -> dict[str, float]:
    """Statistics of a band as its file tells them: minimum, maximum, mean, stddev; or nothing.

    Parameters
    ----------
    path : Path
        A GeoTIFF.
    band : int
        From 1.
    """
    with open_raster(path, "GTiff") as dataset:
        return band_statistics(dataset, band)


def band_statistics(dataset: rasterio.io.DatasetReader, band: int) -> dict[str, float]:
    """Statistics of a band of an open raster; see `statistics`."""
    tags = dataset.tags(band)
    names = ("minimum", "maximum", "mean", "stddev")
    found = {name: tags.get(f"STATISTICS_{name.upper()}") for name in names}
    return {name: float(text) for name, text in found.items() if text is not None}
