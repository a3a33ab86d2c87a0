"""The spectral axis: wavelengths, widths, names, and which bands are good. No file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.errors import SceneError, counted

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IndexArray = NDArray[np.intp]
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, eq=False, repr=False)
class Bands:
    """All bands of a scene in the order of its file; nothing is ever sorted.

    Parameters
    ----------
    wavelengths_nm : float64 array of shape (n_bands,) or None
        Centre of each band in nanometres, positive; need not ascend (detectors overlap).
    fwhm_nm : float64 array of shape (n_bands,) or None
        Full width at half maximum of each band in nanometres, positive.
    good : bool array of shape (n_bands,)
        True = use this band.
    names : tuple of str or None
        One name for each band.
    listed : bool
        Whether the file itself says which bands are good; two axes may differ in that and be equal.

    Raises
    ------
    SceneError
        If the lengths differ, or a wavelength or width is not finite and positive.

    Examples
    --------
    >>> Bands(np.array([450.0, 550.0, 1400.0]), None, np.array([True, True, False]), None)
    2 of 3 bands, 450-550 nm
    """

    wavelengths_nm: FloatArray | None
    fwhm_nm: FloatArray | None
    good: BoolArray
    names: tuple[str, ...] | None = None
    listed: bool = False

    def __post_init__(self) -> None:
        good = _frozen(self.good, np.bool_)
        if good.ndim != 1 or good.size == 0:
            raise SceneError(
                f"`good` must be one truth value for each band. Got shape {good.shape} instead."
            )
        object.__setattr__(self, "good", good)
        for field in ("wavelengths_nm", "fwhm_nm"):
            values = getattr(self, field)
            if values is not None:
                values = _frozen(values, np.float64)
                _check_lengths_nm(field, values, good.size)
                object.__setattr__(self, field, values)
        if self.names is not None:
            object.__setattr__(self, "names", tuple(str(name) for name in self.names))
            if len(self.names) != good.size:
                raise SceneError(
                    f"`names` has {counted(len(self.names), 'entry')} for "
                    f"{counted(good.size, 'band')}. Give one name for each band, or None."
                )

    def __len__(self) -> int:
        return int(self.good.size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bands):
            return NotImplemented
        return (
            self.names == other.names
            and np.array_equal(self.good, other.good)
            and _same(self.wavelengths_nm, other.wavelengths_nm)
            and _same(self.fwhm_nm, other.fwhm_nm)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n_good = int(self.good.sum())
        count = counted(len(self), "band")
        if n_good != len(self):
            count = f"{n_good} of {count}"
        range_nm = range_text(self.wavelengths_nm, self.good)
        return f"{count}, {range_nm}" if range_nm else count

    def select(self, index: ArrayLike) -> Bands:
        """Return the chosen bands, in the order asked for.

        Parameters
        ----------
        index : int array of any length, or bool array of shape (n_bands,)
            Band numbers counted from 0, or True for each band to keep.

        Raises
        ------
        SceneError
            If a number lies outside the bands, a mask has the wrong length, or nothing is chosen.

        Examples
        --------
        >>> bands = Bands(np.array([450.0, 550.0, 1400.0]), None, np.ones(3, bool), None)
        >>> bands.select([2, 0]).wavelengths_nm
        array([1400.,  450.])
        """
        chosen = self.positions(index)
        return Bands(
            wavelengths_nm=None if self.wavelengths_nm is None else self.wavelengths_nm[chosen],
            fwhm_nm=None if self.fwhm_nm is None else self.fwhm_nm[chosen],
            good=self.good[chosen],
            names=None if self.names is None else tuple(self.names[i] for i in chosen),
            listed=self.listed,
        )

    def positions(self, index: ArrayLike) -> IndexArray:
        """Turn a mask or a list of band numbers into checked band numbers, counted from 0."""
        chosen = np.asarray(index)
        if chosen.dtype == np.bool_:
            if chosen.shape != self.good.shape:
                raise SceneError(
                    f"a mask of shape {chosen.shape} cannot choose from "
                    f"{counted(len(self), 'band')}. Give one truth value for each band, or band "
                    "numbers."
                )
            chosen = np.flatnonzero(chosen)
        if chosen.ndim != 1 or chosen.size == 0 or not np.issubdtype(chosen.dtype, np.integer):
            raise SceneError(
                f"bands are chosen by a list of at least one number from 0 to {len(self) - 1}. "
                f"Got {index!r} instead."
            )
        if chosen.min() < 0 or chosen.max() >= len(self):
            raise SceneError(
                f"band numbers run from 0 to {len(self) - 1}. "
                f"Got {int(chosen.min())} to {int(chosen.max())} instead."
            )
        return chosen.astype(np.intp)

    def nearest(self, wavelengths_nm: ArrayLike, tolerance_nm: float | None = None) -> IndexArray:
        """For each wanted wavelength, find the good band that has it.

        Bands that are not good are never found. A wavelength that is wanted twice, and measured
        by two bands, finds first the one and then the other.

        Parameters
        ----------
        wavelengths_nm : array of shape (n_wanted,)
            Wanted band centres in nanometres, in any order.
        tolerance_nm : float, optional
            How far a partner may lie. Default: half of the FWHM of that band, or where that is
            unknown half of its distance to the next band.

        Returns
        -------
        int array of shape (n_wanted,)
            Band numbers, counted from 0.

        Raises
        ------
        SceneError
            If the bands have no wavelengths, or a wanted wavelength finds no partner.

        Examples
        --------
        >>> bands = Bands(np.array([450.0, 460.0, 470.0]), None, np.ones(3, bool), None)
        >>> bands.nearest([469.0, 451.0])
        array([2, 0])
        """
        wanted = np.atleast_1d(np.asarray(wavelengths_nm, dtype=np.float64))
        if self.wavelengths_nm is None:
            raise SceneError(
                f"{counted(len(self), 'band')} without wavelengths cannot be matched to "
                f"{range_text(wanted)}. Add them to the file's header first."
            )
        candidates = np.flatnonzero(self.good)
        if candidates.size == 0:
            raise SceneError(f"of {counted(len(self), 'band')} none is good, to be matched.")
        distances = np.abs(wanted[:, None] - self.wavelengths_nm[candidates][None, :])
        column = _nth_nearest(distances, _occurrence(wanted))
        found = candidates[column]
        reach = self._reach_nm()[found] if tolerance_nm is None else np.float64(tolerance_nm)
        far = ~(distances[np.arange(wanted.size), column] <= reach)
        if far.any():
            self._refuse_far(wanted, far, tolerance_nm)
        return found

    def _reach_nm(self) -> FloatArray:
        """How far from its centre each band may still be taken for a wanted wavelength."""
        assert self.wavelengths_nm is not None
        if self.fwhm_nm is not None:
            return self.fwhm_nm / 2
        if len(self) == 1:
            return np.array([np.inf])
        steps = np.diff(self.wavelengths_nm)
        forward = np.sign(np.median(steps))
        gaps = np.where(
            np.sign(steps) == forward, np.abs(steps), np.inf
        )  # not where detectors meet
        gaps[np.isinf(gaps)] = np.median(np.abs(steps))
        reach: FloatArray = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf)) / 2
        return reach

    def _refuse_far(self, wanted: FloatArray, far: BoolArray, tolerance_nm: float | None) -> None:
        missing = ", ".join(f"{value:.6g}" for value in wanted[far][:5])
        more = f" and {int(far.sum()) - 5} more" if far.sum() > 5 else ""
        n_good = int(self.good.sum())
        within = "half of a band's width" if tolerance_nm is None else f"{tolerance_nm:.6g} nm"
        raise SceneError(
            f"no good band lies within {within} of {missing}{more} nm. "
            f"Wanted: {counted(wanted.size, 'band')}, {range_text(wanted)}. Good here: "
            f"{counted(n_good, 'band')}, {range_text(self.wavelengths_nm, self.good)}."
        )


def range_text(wavelengths_nm: FloatArray | None, chosen: BoolArray | None = None) -> str:
    """Write the range of some wavelengths as ``400-2480 nm``; empty when there are none.

    Examples
    --------
    >>> range_text(np.array([400.2, 2480.4]))
    '400-2480 nm'
    """
    if wavelengths_nm is None:
        return ""
    values = wavelengths_nm if chosen is None else wavelengths_nm[chosen]
    if values.size == 0:
        return ""
    first, last = f"{values.min():.0f}", f"{values.max():.0f}"
    return f"{first} nm" if first == last else f"{first}-{last} nm"


def _frozen(values: ArrayLike, dtype: type[_Number]) -> NDArray[_Number]:
    """Copy into an array that cannot be written to."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def _same(first: FloatArray | None, second: FloatArray | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _check_lengths_nm(field: str, values: FloatArray, n_bands: int) -> None:
    if values.shape != (n_bands,):
        raise SceneError(
            f"`{field}` has shape {values.shape} for {n_bands} bands. "
            "Give one number for each band, or None."
        )
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise SceneError(
            f"`{field}` must be finite and positive. Band {first + 1} has {values[first]} "
            f"(wrong are {int(wrong.sum())} of {n_bands})."
        )


def _occurrence(values: FloatArray) -> IndexArray:
    """How many equal values stand before each value."""
    seen: dict[float, int] = {}
    counts = np.empty(values.size, dtype=np.intp)
    for i, value in enumerate(values.tolist()):
        counts[i] = seen.get(value, 0)
        seen[value] = counts[i] + 1
    return counts


def _nth_nearest(distances: FloatArray, rank: IndexArray) -> IndexArray:
    """Column of the smallest distance in each row; of equal ones, the one numbered by `rank`."""
    smallest = distances.min(axis=1, keepdims=True)
    columns = np.empty(len(distances), dtype=np.intp)
    for i, row in enumerate(distances == smallest):
        equal = np.flatnonzero(row)
        columns[i] = equal[min(int(rank[i]), equal.size - 1)] if equal.size else 0
    return columns
