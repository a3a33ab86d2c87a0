"""Numbers on their way into a file: checked against its type, never wrapped or clipped."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import SceneError, counted
from scenes.grid import Grid

AnyArray = NDArray[np.generic]


def fitting_nodata(nodata: float | None, dtype: np.dtype[np.generic]) -> float | None:
    """Check that a file of this type can hold `nodata`; return the number it will hold.

    Raises
    ------
    SceneError
        If the type cannot hold it.

    Examples
    --------
    >>> fitting_nodata(-9999, np.dtype("float32")), fitting_nodata(255.0, np.dtype("uint8"))
    (-9999.0, 255)
    """
    if nodata is None:
        return None
    if dtype.kind not in "iu":
        with np.errstate(over="ignore"):
            held = float(np.array(nodata).astype(dtype))
        if np.isfinite(nodata) and not np.isfinite(held):
            raise SceneError(f"`nodata` {nodata!r} is beyond the range of {dtype}. Choose another.")
        return held
    limits = np.iinfo(str(dtype))
    if nodata != nodata or not limits.min <= nodata <= limits.max or nodata != int(nodata):
        raise SceneError(
            f"`nodata` {nodata!r} cannot be held by {dtype}, which has whole numbers from "
            f"{limits.min} to {limits.max}. Pass one of these as `nodata`."
        )
    return int(nodata)


def file_values(values: ArrayLike, dtype: np.dtype[np.generic], nodata: float | None) -> AnyArray:
    """Bring values into the type of a file.

    Values that are not finite become `nodata`, each by itself; without `nodata` a file of floats
    keeps them. A file of whole numbers gets the nearest ones.

    Parameters
    ----------
    values : array of any shape
        In the units of the file.
    dtype : numpy.dtype
        Type of the file.
    nodata : float or None
        As `fitting_nodata` gave it.

    Raises
    ------
    SceneError
        If a value is beyond the range of the type, or not finite in a file of whole numbers
        without nodata.

    Examples
    --------
    >>> file_values([0.6, np.nan, 254.4], np.dtype("uint8"), 255)
    array([  1, 255, 254], dtype=uint8)
    """
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise SceneError(f"values of type {given.dtype} cannot be written. Give real numbers.")
    finite = np.isfinite(given) if given.dtype.kind == "f" else None
    if finite is None or finite.all():
        return _cast(given, dtype)
    if nodata is not None and np.isfinite(nodata):
        held = _cast(np.where(finite, given, given.dtype.type(0)), dtype)
        held[~finite] = nodata
        return held
    if dtype.kind in "iu":
        raise SceneError(
            f"not finite: {int((~finite).sum())} of {counted(given.size, 'value')}. {dtype} has "
            "only whole numbers. Pass `nodata` to say which of them means that there is no value."
        )
    return _cast(given, dtype)


def _cast(given: AnyArray, dtype: np.dtype[np.generic]) -> AnyArray:
    """Change the type; whole numbers are rounded to, and nothing may leave the range."""
    if given.size == 0 or np.can_cast(given.dtype, dtype, "safe"):
        return given.astype(dtype)
    if dtype.kind in "iu":
        rounded = np.rint(given) if given.dtype.kind == "f" else given
        limits = np.iinfo(str(dtype))
        if int(rounded.min()) < limits.min or int(rounded.max()) > limits.max:
            raise _out_of_range(given, dtype, limits.min, limits.max)
        return rounded.astype(dtype)
    with np.errstate(over="ignore"):
        held = given.astype(dtype)
    if bool((np.isinf(held) & np.isfinite(given)).any()):
        limits_of_float = np.finfo(str(dtype))
        raise _out_of_range(given, dtype, limits_of_float.min, limits_of_float.max)
    return held


def _out_of_range(
    given: AnyArray, dtype: np.dtype[np.generic], low: object, high: object
) -> SceneError:
    return SceneError(
        f"the values run from {given.min():.6g} to {given.max():.6g}, but {dtype} holds only {low} "
        f"to {high}. Scale them, or choose a wider `dtype`."
    )


def check_block(grid: Grid, n_bands: int, row: int, column: int, values: AnyArray) -> None:
    """Check that a block of values has all bands and lies on the grid.

    Raises
    ------
    SceneError
        If it does not.
    """
    if values.ndim != 3 or values.shape[0] != n_bands:
        raise SceneError(
            f"a block of shape {values.shape} cannot be written. "
            f"It must be (n_bands, height, width) with {n_bands} bands."
        )
    height, width = values.shape[1:]
    inside = (
        row >= 0 and column >= 0 and row + height <= grid.height and column + width <= grid.width
    )
    if not inside:
        raise SceneError(
            f"a block of {height} x {width} px at row {row}, column {column} "
            f"leaves the grid of {grid.height} x {grid.width} px."
        )
