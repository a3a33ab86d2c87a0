"""Drawing pixels that lie evenly over a scene, while reading as little of it as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes.bands import IndexArray

_N_WINDOWS = {"lines": 128, "tiles": 32}
"""Among how many windows the pixels are shared out: a tile costs more to read than a line."""

_PLASTIC = 1.3247179572447460  # its powers make the most even sequence of points in a plane


@dataclass(frozen=True)
class Cut:
    """How a scene is cut for sampling.

    Parameters
    ----------
    rows, columns : int
        Size of a tile.
    strip : int
        Rows of a tile that are read together.
    share : int
        Pixels that a whole strip gives in the first round.
    """

    rows: int
    columns: int
    strip: int
    share: int

    @classmethod
    def of_scene(
        cls,
        shape: tuple[int, int],
        block_shape: tuple[int, int],
        max_rows: int,
        n_pixels: int,
        n_windows: int | None = None,
    ) -> Cut:
        """Cut so that few pixels are read, and that no tile is decoded many times.

        Lines and strips are cut as finely as evenness asks for. A tile costs its decoding however
        little of it is wanted: one strip is read of each, or all of it where there are few tiles.

        Parameters
        ----------
        shape : (int, int)
            Height and width of the scene.
        block_shape : (int, int)
            Rows and columns of a tile, strip or line of the file.
        max_rows : int
            Rows of a tile that may be read together.
        n_pixels : int
            How many pixels will be drawn.
        n_windows : int, optional
            Among how many windows they are shared out; by default 128 lines or 32 tiles.
        """
        height, width = shape
        rows, columns = min(block_shape[0], height), min(block_shape[1], width)
        n_windows = n_windows or _N_WINDOWS["lines" if rows == 1 else "tiles"]
        if columns == width:
            rows = min(rows, -(-height // n_windows))
        n_tiles = -(-height // rows) * -(-width // columns)
        if columns < width and n_tiles <= n_windows:
            strip = min(rows, max_rows)
            return cls(rows, columns, strip, -(-n_pixels * strip * columns // (height * width)))
        share = -(-n_pixels // min(n_windows, n_tiles))
        return cls(rows, columns, min(rows, max_rows, max(1, -(-4 * share // columns))), share)


_Number = TypeVar("_Number", bound=np.generic)


def draw_pixels(
    read: Callable[[Window], NDArray[_Number]],
    height: int,
    width: int,
    cut: Cut,
    n_pixels: int,
    random_state: int | None,
) -> list[NDArray[_Number]]:
    """Draw valid pixels spread evenly over a scene.

    Windows are visited in an order of which every beginning lies evenly over the scene; each gives
    a share of its pixels, at random, in proportion to its size. The visit ends when there are
    enough. If a whole round does not give enough, the windows that still have pixels give more.

    Parameters
    ----------
    read : callable
        Takes a window, returns its valid pixels as rows: their spectra, shape (n_valid, n_bands),
        or whatever else is drawn.
    height, width : int
        Size of the scene.
    cut : Cut
        How to read the scene in pieces, made for `n_pixels`.
    n_pixels : int
        How many to draw; all valid pixels come back when there are no more than that.
    random_state : int or None
        Seed; None draws anew every time.

    Returns
    -------
    list of arrays of shape (n, ...)
        At most `n_pixels` rows together.
    """
    given = None if random_state is None else int(random_state)
    seed = np.random.SeedSequence(given).entropy
    assert isinstance(seed, int)
    drawn: list[NDArray[_Number]] = []
    visited: list[tuple[Window, int]] = []
    left_over: list[int] = []
    missing = n_pixels
    windows = spread_windows(height, width, cut, seed)
    for number, (window, share) in enumerate(windows):
        pixels = read(window)
        chosen = _shuffled(len(pixels), seed, number)[: min(share, missing)]
        drawn.append(pixels[chosen])
        missing -= len(chosen)
        if missing == 0:
            return drawn
        visited.append((window, share))
        left_over.append(len(pixels) - len(chosen))
    more = _level(np.array(left_over, dtype=np.intp), missing)
    for number in np.flatnonzero(more).tolist():
        window, share = visited[number]
        pixels = read(window)
        chosen = _shuffled(len(pixels), seed, number)[share : share + int(more[number])]
        drawn.append(pixels[chosen])
    return drawn


def spread_windows(height: int, width: int, cut: Cut, seed: int) -> Iterator[tuple[Window, int]]:
    """Give all windows of a scene with their shares, every beginning spread evenly over it.

    The first round goes through all tiles and reads one strip in each, the second round another
    one, and so on.

    Parameters
    ----------
    height, width : int
        Size of the scene.
    cut : Cut
        How to read the scene in pieces.
    seed : int
        Decides where the visit starts.

    Yields
    ------
    window : rasterio.windows.Window
    share : int
        How many pixels to draw from it.
    """
    n_down, n_across = -(-height // cut.rows), -(-width // cut.columns)
    n_strips = -(-cut.rows // cut.strip)
    random = np.random.default_rng(seed)
    start = random.random(2)
    first_strip = random.integers(n_strips, size=(n_down, n_across))
    for turn in range(n_strips):
        for down, across in _spread_tiles(n_down, n_across, start):
            strip = int(first_strip[down, across] + turn) % n_strips
            top = down * cut.rows + strip * cut.strip
            n_rows = min(cut.strip, (down + 1) * cut.rows - top, height - top)
            n_columns = min(cut.columns, width - across * cut.columns)
            if n_rows > 0:
                share = -(-cut.share * n_rows * n_columns // (cut.strip * cut.columns))
                yield Window(across * cut.columns, top, n_columns, n_rows), share


def _spread_tiles(
    n_down: int, n_across: int, start: NDArray[np.float64]
) -> Iterator[tuple[int, int]]:
    """Visit every tile once, in an order of which every beginning lies evenly over the plane.

    The sequence R2 of M. Roberts, "The unreasonable effectiveness of quasirandom sequences"
    (2018): the multiples of (1/p, 1/p^2) modulo 1, p the plastic number.
    """
    seen = np.zeros((n_down, n_across), dtype=np.bool_)
    for i in range(4 * seen.size):
        down = int((start[0] + i / _PLASTIC) % 1 * n_down)
        across = int((start[1] + i / _PLASTIC**2) % 1 * n_across)
        if not seen[down, across]:
            seen[down, across] = True
            yield down, across
    for tile in np.argwhere(~seen).tolist():
        yield tile[0], tile[1]


def _shuffled(n: int, seed: int, number: int) -> IndexArray:
    """Order in which a window gives its pixels; the same whenever it is asked."""
    return np.random.default_rng([seed, number]).permutation(n)


def _level(available: IndexArray, wanted: int) -> IndexArray:
    """Share out `wanted` over windows as equally as what is available in each allows.

    Examples
    --------
    >>> _level(np.array([1, 5, 5]), 7)
    array([1, 3, 3])
    """
    shares = np.zeros_like(available)
    missing = min(wanted, int(available.sum()))
    while missing > 0:
        open_windows = np.flatnonzero(available > shares)
        each = missing // open_windows.size
        if each == 0:
            shares[open_windows[:missing]] += 1
            break
        given = np.minimum(available[open_windows] - shares[open_windows], each)
        shares[open_windows] += given
        missing -= int(given.sum())
    return shares
