"""Bands without data, found by a look at a few lines of a scene.

Products leave bands empty where the atmosphere lets nothing through, and few of them say which.
One such band in use would make every pixel invalid.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenes.bands import Bands, BoolArray
from scenes.pixels import MaskReader, PixelReader, RawArray, nodata_in

_N_LINES = 8  # spread over the scene
_N_COLUMNS = 512  # of each line, from its middle
_TOO_MANY = 0.5  # a band without data in more of the pixels than this is not used
_FEWEST = 16  # pixels below which nothing is concluded


def without_empty_bands(
    bands: Bands, reader: PixelReader, nodata: float | None, mask: MaskReader | None = None
) -> Bands:
    """Mark bands as bad that have no data in most pixels, or one number in all of them.

    Parameters
    ----------
    bands : Bands
        Of the file. Those that are bad already are not looked at and stay so.
    reader : PixelReader
        The raw numbers; eight lines at most are read.
    nodata : float or None
        The raw number that means "no data".
    mask : MaskReader, optional
        Pixels that it leaves out say nothing.

    Returns
    -------
    Bands
        The same if nothing is left, or too few pixels of the sample hold data.
    """
    used = np.flatnonzero(bands.good)
    places = _lines(reader)
    sample = np.concatenate([reader.read(*place, used) for place in places])
    missing = _missing(sample, nodata)
    inside = ~missing.all(axis=1)
    if mask is not None:
        inside &= np.concatenate([mask.read_mask(*place) for place in places])
    if np.count_nonzero(inside) < _FEWEST:
        return bands
    sample, missing = sample[inside], missing[inside]
    empty = (missing.mean(axis=0) > _TOO_MANY) | (sample == sample[0]).all(axis=0)
    if empty.all():
        return bands
    good = bands.good.copy()
    good[used[empty]] = False
    return replace(bands, good=good)


def _lines(reader: PixelReader) -> list[tuple[int, int, int, int]]:
    """Row, column, height and width of the lines to look at."""
    rows = np.unique(np.linspace(0, reader.height - 1, _N_LINES + 2).round().astype(int)[1:-1])
    width = min(reader.width, _N_COLUMNS)
    column = (reader.width - width) // 2
    return [(int(row), column, 1, width) for row in rows]


def _missing(sample: RawArray, nodata: float | None) -> BoolArray:
    value = nodata_in(sample.dtype, nodata)
    missing = np.zeros(sample.shape, dtype=np.bool_) if value is None else sample == value
    return missing if sample.dtype.kind != "f" else missing | ~np.isfinite(sample)
