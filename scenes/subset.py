"""Choosing a part of a scene: bands by wavelength or number, pixels by place."""

from __future__ import annotations

import math
import re

import numpy as np
from rasterio.crs import CRS
from rasterio.warp import transform as transform_points
from rasterio.windows import Window

from scenes.bad_bands import within
from scenes.bands import Bands, BoolArray, FloatArray, IndexArray, range_text
from scenes.errors import SceneError
from scenes.grid import Grid
from scenes.scene import Scene

_POINTS_ON_EDGE = 21  # an edge that is straight on one map is curved on another
_SLACK_PX = 1e-6  # an edge between two pixels belongs to neither
_RANGE_NM = re.compile(r"(\d+(?:\.\d*)?):(\d+(?:\.\d*)?)$")
_NUMBERS = re.compile(r"(\d+)(?:-(\d+))?$")


def chosen_bands(bands: Bands, text: str) -> BoolArray:
    """Find the bands that a text names.

    Parameters
    ----------
    bands : Bands
        All bands of a file.
    text : str
        Parts separated by commas: ``1350:1420`` is a range of wavelengths in nanometres, its ends
        included; ``7`` and ``1-3`` are numbers of bands, counted from 1.

    Returns
    -------
    bool array of shape (n_bands,)

    Raises
    ------
    SceneError
        If a part is neither, there is no such band, or there are no wavelengths.

    Examples
    --------
    >>> bands = Bands(np.array([450.0, 550.0, 1400.0]), None, np.ones(3, bool), None)
    >>> chosen_bands(bands, "1350:1420, 1")
    array([ True, False,  True])
    """
    chosen = np.zeros(len(bands), dtype=np.bool_)
    for item in text.split(","):
        part = item.strip()
        as_range, as_numbers = _RANGE_NM.match(part), _NUMBERS.match(part)
        if as_range:
            chosen |= _in_range(bands, float(as_range[1]), float(as_range[2]))
        elif as_numbers:
            first, last = int(as_numbers[1]), int(as_numbers[2] or as_numbers[1])
            if not 1 <= first <= last <= len(bands):
                raise SceneError(f"there are no bands {part!r}: they run from 1 to {len(bands)}.")
            chosen[first - 1 : last] = True
        else:
            raise SceneError(
                f"{part!r} names no bands. Give a range of wavelengths in nanometres such as "
                "1350:1420, or numbers of bands counted from 1 such as 7 or 1-3."
            )
    return chosen


def _in_range(bands: Bands, low: float, high: float) -> BoolArray:
    if bands.wavelengths_nm is None:
        raise SceneError(
            f"the bands have no wavelengths, so none lies in {low:g}:{high:g} nm. Give their "
            f"numbers instead, from 1 to {len(bands)}, such as 1-3."
        )
    if low > high:
        raise SceneError(f"the range {low:g}:{high:g} nm ends before it begins.")
    if high < bands.wavelengths_nm.min() / 10:
        raise SceneError(
            f"the range {low:g}:{high:g} nm lies far below the bands, "
            f"{range_text(bands.wavelengths_nm)}. Wavelengths are in nanometres."
        )
    return within(bands, (low, high))


def columns_of(bands_used: IndexArray, other_bands_used: IndexArray) -> IndexArray:
    """For each band in use in one scene, its column among the spectra of another of that file.

    So ``spectra == other_spectra[:, columns_of(scene.bands_used, other.bands_used)]``, which takes
    back any order and choice of bands.

    Raises
    ------
    SceneError
        If a band is not in use in the other.

    Examples
    --------
    >>> columns_of(np.array([0, 1, 2]), np.array([2, 0, 1]))
    array([1, 2, 0])
    """
    column = {band: i for i, band in reversed(list(enumerate(other_bands_used.tolist())))}
    missing = [band for band in bands_used.tolist() if band not in column]
    if missing:
        raise SceneError(f"the bands {missing} (counted from 0) are not in use in the other scene.")
    return np.array([column[band] for band in bands_used.tolist()], dtype=np.intp)


def inside_bounds(
    scene: Scene, bounds: tuple[float, float, float, float], crs: CRS | str | None = None
) -> Scene:
    """Return the part of a scene that covers a rectangle on the map.

    Parameters
    ----------
    scene : Scene
        A rotated one gives the smallest window that holds the rectangle.
    bounds : (float, float, float, float)
        Left, bottom, right and top.
    crs : CRS or str, optional
        System of the bounds, such as ``"EPSG:4326"`` (x is longitude); that of the scene if not
        given.

    Raises
    ------
    SceneError
        If the bounds are empty or not on the scene, or the scene has no place on a map.
    """
    return scene.part(window_of_bounds(scene.grid, bounds, crs))


def window_of_bounds(
    grid: Grid, bounds: tuple[float, float, float, float], crs: CRS | str | None = None
) -> Window:
    """Find the smallest window of whole pixels that covers a rectangle, cut at the scene's edge.

    Raises
    ------
    SceneError
        If the bounds are empty or not on the scene, or the scene has no place on a map.
    """
    left, bottom, right, top = bounds
    if not (all(map(math.isfinite, bounds)) and left < right and bottom < top):
        raise SceneError(f"bounds are left, bottom, right, top, in this order. Got {bounds!r}.")
    if not grid.is_georeferenced or (crs is not None and grid.crs is None):
        raise SceneError(
            "the scene has no place on a map, so bounds cannot find a part of it. "
            "Give a window of columns and rows instead."
        )
    x, y = _outline(bounds)
    if crs is not None:
        x, y = map(np.array, transform_points(CRS.from_user_input(crs), grid.crs, x, y))
    back = ~grid.transform
    columns, rows = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    first_column, last_column = _whole(columns, grid.width)
    first_row, last_row = _whole(rows, grid.height)
    if first_column >= last_column or first_row >= last_row:
        raise SceneError(
            f"the bounds {bounds!r} do not touch the scene: they lie at columns "
            f"{columns.min():.0f} to {columns.max():.0f} and rows {rows.min():.0f} to "
            f"{rows.max():.0f} of {grid.width} x {grid.height}. Check their order and their system."
        )
    size = last_column - first_column, last_row - first_row
    return Window(first_column, first_row, *size)


def _outline(bounds: tuple[float, float, float, float]) -> tuple[FloatArray, FloatArray]:
    """Points along the four edges of a rectangle."""
    left, bottom, right, top = bounds
    x, y = np.linspace(left, right, _POINTS_ON_EDGE), np.linspace(bottom, top, _POINTS_ON_EDGE)
    same = np.ones(_POINTS_ON_EDGE)
    xs = np.concatenate([x, x, left * same, right * same])
    return xs, np.concatenate([bottom * same, top * same, y, y])


def _whole(places: FloatArray, size: int) -> tuple[int, int]:
    """Pixels that a range of places touches, cut at 0 and `size`; empty if it touches none."""
    if not np.isfinite(places).all():
        return 0, 0
    first = max(0, math.floor(float(places.min()) + _SLACK_PX))
    return first, min(size, math.ceil(float(places.max()) - _SLACK_PX))
