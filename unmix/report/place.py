"""Where a grid lies on the Earth: its outline in degrees, as a small drawing."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.warp import transform as to_other_crs

from scenes import Grid
from scenes.export.footprint import footprint

LONLAT = "OGC:CRS84"
SIZE, MARGIN = 290.0, 50.0
"""Of the drawing's longer side, and of the space around the outline for labels."""
MOST_LINES = 3
"""Of longitude and of latitude in the drawing."""


class Drawing(NamedTuple):
    """An outline in the units of a picture, with lines of longitude and latitude."""

    width: float
    height: float
    points: str
    """Of the outline, as SVG wants them."""
    meridians: list[tuple[float, str]]
    """Place from the left, and label."""
    parallels: list[tuple[float, str]]
    """Place from the top, and label."""
    summary: str
    """The corners in words."""


def lonlat(
    grid: Grid, columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Degrees east and north of places on a grid; None where no CRS leads there.

    Parameters
    ----------
    grid : Grid
    columns, rows : arrays of shape (n,)
        Counted from the upper left corner of the grid: a pixel's centre is at .5.
    """
    if grid.crs is None:
        return None
    t = grid.transform
    x, y = t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f
    try:
        degrees = to_other_crs(grid.crs, LONLAT, x.tolist(), y.tolist())
    except (RasterioError, ValueError):  # a CRS of an engine or of another planet
        return None
    east, north = np.asarray(degrees[0]), np.asarray(degrees[1])
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        return None
    if np.ptp(east) > 180:  # across the antimeridian
        east = np.where(east < 0, east + 360, east)
    return east, north


def north_of_up(grid: Grid) -> float | None:
    """By how many degrees north is turned from up in a picture of the grid, clockwise."""
    column, row = grid.width / 2, grid.height / 2
    step = max(grid.shape) / 4
    around = lonlat(
        grid, column + step * np.array([0.0, 1.0, 0.0]), row + step * np.array([0.0, 0.0, 1.0])
    )
    if around is None:
        return None
    east, north = around
    shrink = math.cos(math.radians(north[0]))
    right = np.array([(east[1] - east[0]) * shrink, north[1] - north[0]])
    down = np.array([(east[2] - east[0]) * shrink, north[2] - north[0]])
    along = np.linalg.lstsq(np.stack([right, down], axis=1), np.array([0.0, 1.0]), rcond=None)[0]
    return math.degrees(math.atan2(along[0], -along[1]))


def outline_drawing(grid: Grid) -> Drawing | None:
    """The outline of a grid in degrees, as true to shape as its middle latitude allows."""
    try:
        ring = footprint(grid)
    except (RasterioError, ValueError):
        return None
    if ring is None:
        return None
    east, north = np.array(ring).T
    shrink = max(math.cos(math.radians(float(north.mean()))), 0.05)
    scale = (SIZE - 2 * MARGIN) / max(np.ptp(east) * shrink, np.ptp(north), 1e-9)
    x = MARGIN + (east - east.min()) * shrink * scale
    y = MARGIN + (north.max() - north) * scale
    return Drawing(
        width=round(float(x.max()) + MARGIN, 1),
        height=round(float(y.max()) + MARGIN, 1),
        points=" ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)),
        meridians=[
            (round(MARGIN + (at - float(east.min())) * shrink * scale, 1), label)
            for at, label in _round_degrees(east, "EW")
        ],
        parallels=[
            (round(MARGIN + (float(north.max()) - at) * scale, 1), label)
            for at, label in _round_degrees(north, "NS")
        ],
        summary=f"{_span(north, 'NS')}, {_span(east, 'EW')}",
    )


def degrees_text(value: float, letters: str, decimals: int = 4) -> str:
    """Degrees for print.

    Examples
    --------
    >>> degrees_text(-116.25, "EW", 2)
    '116.25° W'
    """
    value = (value + 180) % 360 - 180 if letters == "EW" else value
    return f"{abs(value):.{decimals}f}° {letters[int(value < 0)]}"


def _span(values: NDArray[np.float64], letters: str) -> str:
    return " to ".join(degrees_text(float(v), letters) for v in (values.min(), values.max()))


def _round_degrees(values: NDArray[np.float64], letters: str) -> list[tuple[float, str]]:
    """Round numbers within the values, with their labels."""
    low, high = float(values.min()), float(values.max())
    rough = max((high - low) / MOST_LINES, 1e-6)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    decimals = max(0, -math.floor(math.log10(step)))
    ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return [(float(at), degrees_text(float(at), letters, decimals)) for at in ticks]
