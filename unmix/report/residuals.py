"""Where a result explains its scene worst, from the map of residuals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from unmix.report.rasters import opened

Masked = np.ma.MaskedArray[Any, np.dtype[np.float32]]

RESIDUAL_BAND = 1
N_BINS = 60
TAIL = 0.002
"""Share of the pixels that lie beyond the histogram, at its right end."""
SEEN_FIRST = 2**20
"""Pixels of the thinned map that the bins are chosen from, at most."""
ROWS_AT_ONCE = 512
N_WORST = 5
CANDIDATES = 400
"""Worst pixels of each strip among which those far apart are chosen."""
APART = 50
"""The worst places are told apart by this part of the map's longer side."""


class WorstPixel(NamedTuple):
    """A pixel that its mixture explains worse than all others around."""

    row: int
    column: int
    residual: float


class ResidualSummary(NamedTuple):
    """How large residuals are, and where they are largest."""

    edges: NDArray[np.float64]
    """(n_bins + 1,)"""
    counts: NDArray[np.int64]
    """(n_bins,)"""
    n_beyond: int
    """Pixels with a larger residual than the last bin."""
    median: float
    worst: list[WorstPixel]


def summarize_residuals(quality: Path) -> ResidualSummary:
    """Read the map of residuals strip by strip.

    Parameters
    ----------
    quality : Path
        ``quality.tif`` of a bundle.
    """
    with opened(quality) as dataset:
        thin = max(1.0, (dataset.height * dataset.width / SEEN_FIRST) ** 0.5)
        shape = (max(1, int(dataset.height / thin)), max(1, int(dataset.width / thin)))
        seen = dataset.read(RESIDUAL_BAND, out_shape=shape, masked=True).compressed()
    low, top = (float(seen.min()), float(np.quantile(seen, 1 - TAIL))) if seen.size else (0.0, 1.0)
    edges = np.linspace(low, max(top, low + 1e-9), N_BINS + 1)
    counts = np.zeros(N_BINS, dtype=np.int64)
    n_beyond, candidates = 0, list[WorstPixel]()
    for first_row, strip in _strips(quality):
        values = strip.compressed()
        counts += np.histogram(values, edges)[0]
        n_beyond += int((values > edges[-1]).sum())
        candidates += _largest(strip, first_row)
    side = max(first_row + strip.shape[0], strip.shape[1])
    worst = _far_apart(candidates, max(3, side // APART))
    median = float(np.median(seen)) if seen.size else float("nan")
    return ResidualSummary(edges, counts, n_beyond, median, worst)


def _strips(path: Path) -> Iterator[tuple[int, Masked]]:
    """The map of residuals in strips of rows, each with the number of its first row."""
    with opened(path) as dataset:
        for first in range(0, dataset.height, ROWS_AT_ONCE):
            window = Window(0, first, dataset.width, min(ROWS_AT_ONCE, dataset.height - first))
            yield first, dataset.read(RESIDUAL_BAND, window=window, masked=True)


def _largest(strip: Masked, first_row: int) -> list[WorstPixel]:
    """The largest residuals of a strip."""
    values = strip.filled(-1.0).ravel()
    n = min(CANDIDATES, values.size)
    found = np.argpartition(values, values.size - n)[-n:]
    rows, columns = np.unravel_index(found, strip.shape)
    return [
        WorstPixel(first_row + int(row), int(column), float(value))
        for row, column, value in zip(rows, columns, values[found], strict=True)
        if value >= 0
    ]


def _far_apart(candidates: list[WorstPixel], distance: int) -> list[WorstPixel]:
    """The worst ones, one for each place."""
    chosen: list[WorstPixel] = []
    for pixel in sorted(candidates, key=lambda pixel: -pixel.residual):
        if len(chosen) == N_WORST:
            break
        if all(
            max(abs(pixel.row - other.row), abs(pixel.column - other.column)) >= distance
            for other in chosen
        ):
            chosen.append(pixel)
    return chosen
