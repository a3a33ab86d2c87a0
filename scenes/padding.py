"""Finding undeclared padding: pixels around an image that hold one number in all their bands.

Orthorectified lines are often padded with 0 or -9999 without a word in the header. Padding is told
by its number alone: a pixel inside the image that holds it in every band goes too. To tell the two
apart would mean to read the whole scene before its first block.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rasterio.windows import Window

from scenes.bands import IndexArray
from scenes.pixels import RawArray
from scenes.scene import Scene

_N_LINES = 64  # lines of which the two ends are looked at
_N_LINES_TILED = 16  # where each may mean one tile to decode
_MIN_SHARE = 0.01
_MIN_PIXELS = 3
_MIN_BANDS = 4  # that a few bands agree may be chance


def find_padding(scene: Scene, bands: IndexArray | None = None) -> float | None:
    """Find the raw number that fills pixels at the edge of a scene in all bands at once.

    The first and the last row are looked at, and both ends of some rows between. Nodata that the
    file declares is not padding, and one pixel is no border.

    Parameters
    ----------
    scene : Scene
        Its mask counts.
    bands : int array, optional
        Numbers of the bands that must agree, by default all in use. Bands that are empty or
        constant themselves should be left out.

    Returns
    -------
    float or None
        The number that most of them hold; None if at least 99 % of the edge are image.
    """
    bands = scene.bands_used if bands is None else bands
    if bands.size < _MIN_BANDS:
        return None
    flat, n_seen = [], 0
    is_tiled = scene.source.reader.block_shape[1] < scene.width
    n_lines = _N_LINES_TILED if is_tiled else _N_LINES
    for window in _edge(scene.height, scene.width, n_lines):
        raw, usable = scene.source.read_raw(window, bands)
        usable &= ~scene.source.scaling.missing(raw).any(axis=1)
        n_seen += len(raw)
        flat.append(_flat(raw[usable]))
    found, counts = np.unique(np.concatenate(flat), return_counts=True)
    if found.size == 0 or counts.max() < max(_MIN_PIXELS, _MIN_SHARE * n_seen):
        return None
    return float(found[counts.argmax()])


def _edge(height: int, width: int, n_lines: int) -> Iterator[Window]:
    """The first and last row, and the ends of rows between; no tile is visited twice."""
    rows = np.linspace(1, height - 2, min(n_lines, max(0, height - 2))).round().astype(int).tolist()
    yield Window(0, 0, width, 1)
    yield from (Window(0, row, 1, 1) for row in rows)
    if height > 1:
        yield Window(0, height - 1, width, 1)
    if width > 1:
        yield from (Window(width - 1, row, 1, 1) for row in rows)


def _flat(raw: RawArray) -> RawArray:
    """The numbers of those pixels that have the same in all bands."""
    return raw[(raw == raw[:, :1]).all(axis=1), 0]
