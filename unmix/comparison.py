"""How far two results agree: endmembers by their spectra, abundances by their maps.

The first is what is looked at, the second what it is held against.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from unmix.errors import UnmixError, counted
from unmix.metrics import angles_between

FEWEST_BANDS = 3
"""Angles of fewer bands say nothing of materials."""

N_BINS = 64
HISTOGRAM_RANGE = (-0.1, 1.1)
"""Fractions that histograms tell apart."""

Indices = NDArray[np.intp]


class Pair(NamedTuple):
    """One of the first and one of the second, counted from 0."""

    first: int
    second: int


class Agreement(NamedTuple):
    """How a map agrees with a reference, over the pixels that both have."""

    rmse: float
    """Root mean square difference."""
    bias: float
    """Mean of map - reference."""
    correlation: float
    """Pearson's, -1 to 1; NaN where either is the same everywhere."""
    r2: float
    """Share of the reference's variance that the map explains, 1 at best; below 0 it explains less
    than the mean would. NaN where the reference is the same everywhere."""


def shared_bands(
    first_nm: NDArray[np.float64] | None, second_nm: NDArray[np.float64] | None, n: tuple[int, int]
) -> tuple[Indices, Indices]:
    """Bands that two lists share: each the other's nearest, less than half a step apart.

    Parameters
    ----------
    first_nm, second_nm : arrays of shape (n_bands,), or None
        Band centres in nanometres, in any order.
    n : (int, int)
        Numbers of bands. Without wavelengths they must agree, and all bands are shared.

    Returns
    -------
    two int arrays of one shape
        Bands of the first and of the second, counted from 0.

    Raises
    ------
    UnmixError
        If fewer than three bands are shared.

    Examples
    --------
    >>> shared_bands(np.array([500.0, 510, 520, 530]), np.array([521.0, 511, 501]), (4, 3))
    (array([0, 1, 2]), array([2, 1, 0]))
    """
    if first_nm is None or second_nm is None:
        if n[0] != n[1]:
            raise UnmixError(
                f"The results have {n[0]} and {n[1]} bands, and without wavelengths they cannot be "
                "matched. Compare results of one band list."
            )
        return np.arange(n[0]), np.arange(n[0])
    distances = np.abs(first_nm[:, None] - second_nm[None, :])
    partner = distances.argmin(axis=1)
    mutual = distances.argmin(axis=0)[partner] == np.arange(len(first_nm))
    reach = np.minimum(_step(first_nm), _step(second_nm)[partner]) / 2
    near = distances[np.arange(len(first_nm)), partner] <= reach
    found = np.flatnonzero(mutual & near)
    if len(found) < FEWEST_BANDS:
        raise UnmixError(
            f"The results share {counted(len(found), 'band')} ({first_nm.min():.0f}-"
            f"{first_nm.max():.0f} nm and {second_nm.min():.0f}-{second_nm.max():.0f} nm); "
            f"{FEWEST_BANDS} are needed to compare spectra."
        )
    return found, partner[found]


def match_spectra(first: Tensor, second: Tensor) -> tuple[list[Pair], Tensor]:
    """Pair spectra one to one, with the least total angle; the more numerous keep some over.

    Parameters
    ----------
    first : Tensor of shape (n_first, n_bands)
    second : Tensor of shape (n_second, n_bands)
        On the same bands.

    Returns
    -------
    list of Pair
        ``min(n_first, n_second)`` of them, in the order of the first.
    Tensor of shape (n_first, n_second)
        All angles, in radians.

    Examples
    --------
    >>> import torch
    >>> match_spectra(torch.eye(2), torch.eye(2).flip(0))[0]
    [Pair(first=0, second=1), Pair(first=1, second=0)]
    """
    angles = angles_between(first.double(), second.double())
    return _assigned(angles.numpy()), angles


@dataclass
class MapSums:
    """Sums over the pixels of two sets of maps, from which their agreement follows.

    Maps may be larger than memory: give them block by block. The numbers do not depend on the
    blocks beyond rounding.

    Examples
    --------
    >>> sums = MapSums()
    >>> sums.add(np.array([[0.0, 1.0, np.nan]]), np.array([[0.1, 1.1, 5.0]]))
    >>> sums.n_pixels, round(sums.agreement(Pair(0, 0)).bias, 3)
    (2, -0.1)
    """

    n_pixels: int = 0
    sums: list[NDArray[np.float64]] = field(default_factory=lambda: [np.zeros(1), np.zeros(1)])
    squares: list[NDArray[np.float64]] = field(default_factory=lambda: [np.zeros(1), np.zeros(1)])
    products: NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 1)))

    def add(self, first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> None:
        """Take a block into account: its pixels that are finite in all maps of both.

        Parameters
        ----------
        first : array of shape (n_first, ...)
        second : array of shape (n_second, ...)
            The same pixels.
        """
        pair = [
            np.asarray(maps, dtype=np.float64).reshape(len(maps), -1) for maps in (first, second)
        ]
        common = np.isfinite(pair[0]).all(axis=0) & np.isfinite(pair[1]).all(axis=0)
        pair = [maps[:, common] for maps in pair]
        self.n_pixels += int(common.sum())
        for k, maps in enumerate(pair):
            self.sums[k] = self.sums[k] + maps.sum(axis=1)
            self.squares[k] = self.squares[k] + np.square(maps).sum(axis=1)
        self.products = self.products + pair[0] @ pair[1].T

    def agreement(self, pair: Pair) -> Agreement:
        """How map `pair.first` agrees with map `pair.second`."""
        i, j, n = pair.first, pair.second, max(self.n_pixels, 1)
        difference = self.squares[0][i] + self.squares[1][j] - 2 * self.products[i, j]
        scatter = self._scatter(1)[j]
        return Agreement(
            rmse=math.sqrt(max(difference, 0.0) / n),
            bias=float(self.sums[0][i] - self.sums[1][j]) / n,
            correlation=float(self.correlations()[i, j]),
            r2=1 - max(difference, 0.0) / scatter if scatter > 0 else math.nan,
        )

    def correlations(self) -> NDArray[np.float64]:
        """Pearson's correlation of every map with every other, (n_first, n_second)."""
        n = max(self.n_pixels, 1)
        together = self.products - np.outer(self.sums[0], self.sums[1]) / n
        scale = np.sqrt(np.outer(self._scatter(0), self._scatter(1)))
        with np.errstate(divide="ignore", invalid="ignore"):
            found: NDArray[np.float64] = np.where(scale > 0, together / scale, np.nan)
        return np.clip(found, -1, 1)

    def match(self) -> list[Pair]:
        """Pair maps one to one, with the largest total correlation; none counts as 0."""
        return _assigned(-np.nan_to_num(self.correlations()))

    def _scatter(self, k: int) -> NDArray[np.float64]:
        """Sum of squares about the mean; 0 for what rounding alone leaves."""
        n = max(self.n_pixels, 1)
        left = self.squares[k] - np.square(self.sums[k]) / n
        return np.where(left > 1e-12 * self.squares[k], left, 0.0)


@dataclass
class PairHistograms:
    """How often a map shows one value where its reference shows another.

    Maps may be larger than memory: give them block by block.

    Parameters
    ----------
    pairs : list of Pair
        Of maps, the first and the second.

    Examples
    --------
    >>> histograms = PairHistograms([Pair(0, 0)])
    >>> histograms.add(np.array([[0.0, 1.0, np.nan]]), np.array([[0.1, 1.1, 5.0]]))
    >>> histograms.counts.shape, int(histograms.counts.sum())
    ((1, 64, 64), 2)
    """

    pairs: list[Pair]

    def __post_init__(self) -> None:
        shape = (len(self.pairs), N_BINS, N_BINS)
        self.counts: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        """(n_pairs, n_bins, n_bins): pixels by value of the reference and of the map."""

    def add(self, first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> None:
        """Take a block into account: its pixels that are finite in all maps of both.

        Parameters
        ----------
        first : array of shape (n_first, ...)
        second : array of shape (n_second, ...)
            The same pixels. Values beyond `HISTOGRAM_RANGE` count in the outermost bins.
        """
        known = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
        for k, pair in enumerate(self.pairs):
            rows, columns = (_bins(side) for side in (second[pair.second], first[pair.first]))
            np.add.at(self.counts[k], (rows[known], columns[known]), 1)


def _bins(values: NDArray[np.floating[Any]]) -> Indices:
    """Number of the bin of each value; any for what is not finite."""
    low, high = HISTOGRAM_RANGE
    place = (np.nan_to_num(values.astype(np.float64)) - low) / (high - low) * N_BINS
    bins: Indices = np.clip(np.floor(place), 0, N_BINS - 1).astype(np.intp)
    return bins


def _assigned(costs: NDArray[np.float64]) -> list[Pair]:
    rows, columns = linear_sum_assignment(costs)
    return [Pair(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


def _step(wavelengths_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each band to its neighbour, at most the usual one: bands may be left out."""
    if len(wavelengths_nm) < 2:
        return np.full(len(wavelengths_nm), np.inf)
    order = np.argsort(wavelengths_nm, kind="stable")
    gaps = np.diff(wavelengths_nm[order])
    steps = np.empty(len(order))
    steps[order] = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    return np.minimum(steps, np.median(gaps))
