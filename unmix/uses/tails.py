"""How rare a value is: the tail of a distribution, learned without being misled by outliers.

What exceeds a high quantile is taken to be Weibull-distributed: exponential as the surprise of
Gaussian noise is, or somewhat lighter or heavier. The parameters are those of maximum likelihood
for values that are seen only below a limit, so that what lies beyond it does not matter.

References
----------
Weibull (1951), doi:10.1115/1.4010337: the distribution.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr

from unmix.errors import UnmixError

START, CUT = 0.95, 0.995
"""Quantiles between which the tail is learned: what lies above the second is not looked at, nor
counted, so that outliers in up to a half per cent of the values do not matter."""
LIGHTEST, HEAVIEST = 2.5, 0.4
"""Bounds of the Weibull's shape; 1 is exponential."""
LEAST_VALUES = 200
_N_STEPS = 95


def gaussian_surprise(squared: ArrayLike, n_dimensions: int) -> NDArray[np.float64]:
    """Negated logarithm of the probability that Gaussian noise lies farther out.

    Of noise it is exponential with mean 1, whatever the number of dimensions.

    Parameters
    ----------
    squared : array
        Squared lengths of vectors, in variances of the noise.
    n_dimensions : int
        Of the vectors.

    Returns
    -------
    ndarray of the same shape

    References
    ----------
    Wilson and Hilferty (1931), doi:10.1073/pnas.17.12.684: the cube root is nearly normal.

    Examples
    --------
    >>> from scipy.stats import chi2
    >>> gaussian_surprise(chi2.isf([0.5, 1e-3], 20), 20).round(1)  # log(2), log(1000)
    array([0.7, 6.9])
    """
    spread = 2 / (9 * n_dimensions)
    root = np.cbrt(np.asarray(squared, dtype=np.float64) / n_dimensions)
    surprise: NDArray[np.float64] = -log_ndtr((1 - spread - root) / np.sqrt(spread))
    return surprise


class Tail(NamedTuple):
    """The distribution of a score: its quantiles, and a Weibull beyond them."""

    quantiles: NDArray[np.float64]
    """(96,) At 0, 0.01, ..., 0.95 of all values."""
    usual_above: float
    """Share of the usual values beyond the last quantile; 0.05, less the outliers."""
    scale: float
    """Of the Weibull, in units of the score."""
    shape: float
    """Of the Weibull; below 1 it is heavier than an exponential."""

    def exceedance(self, values: ArrayLike) -> NDArray[np.float64]:
        """Decimal logarithm of the probability that a usual value is as high, negated.

        Parameters
        ----------
        values : array of any shape
            NaN stays NaN.

        Returns
        -------
        ndarray of the same shape
            0 for the lowest, 3 for one of which a thousand values hold one as high or higher.
        """
        given = np.asarray(values, dtype=np.float64)
        below = np.linspace(0, 1 - self.usual_above, _N_STEPS + 1)
        inside = -np.log10(1 - np.interp(given, self.quantiles, below))
        beyond = np.maximum(given - self.quantiles[-1], 0) / self.scale
        total: NDArray[np.float64] = inside + beyond**self.shape / np.log(10)
        return total


def fit_tail(values: ArrayLike) -> Tail:
    """Learn the distribution of a score, of which the highest half per cent may be outliers.

    Parameters
    ----------
    values : array of shape (n_values,)
        At least 200, finite.

    Returns
    -------
    Tail

    Raises
    ------
    UnmixError
        If they are too few, or nearly all of them are the same.

    Examples
    --------
    >>> usual = np.random.default_rng(0).exponential(size=20_000)
    >>> tail = fit_tail(np.append(usual, np.full(60, 1e4)))
    >>> bool(abs(tail.exceedance(np.log(1000)) - 3) < 0.2)
    True
    """
    given = np.asarray(values, dtype=np.float64)
    if len(given) < LEAST_VALUES:
        raise UnmixError(
            f"How rare a score is cannot be told from {len(given)} pixels; {LEAST_VALUES} are "
            "needed. Use a larger part of the scene."
        )
    quantiles = np.quantile(given, np.linspace(0, START, _N_STEPS + 1))
    start, cut = quantiles[-1], float(np.quantile(given, CUT))
    seen = given[(given > start) & (given <= cut)] - start
    if not cut > start:
        raise UnmixError(
            f"The scores of {int((given == start).sum())} of {len(given)} pixels are the same, so "
            "that none can be called rare. Check that the scene holds measured spectra."
        )
    scale, shape = _likeliest(seen, cut - start)
    above = len(seen) / _seen_share(cut - start, scale, shape)
    below = int((given <= start).sum())
    return Tail(quantiles, above / (below + above), scale, shape)


def _likeliest(seen: NDArray[np.float64], reach: float) -> tuple[float, float]:
    """Scale and shape of the Weibull that values below `reach` most probably come from."""
    unit = float(seen.mean())
    x = seen / unit

    def cost(logarithms: Any) -> float:  # noqa: ANN401
        scale, shape = np.exp(logarithms)
        spread = (x / scale) ** shape
        density = np.log(scale / shape) - (shape - 1) * np.log(x / scale) + spread
        return float(density.mean() + np.log(_seen_share(reach / unit, scale, shape)))

    bounds = [(-5.0, 5.0), (np.log(HEAVIEST), np.log(LIGHTEST))]
    found = minimize(cost, [0.0, 0.0], method="Nelder-Mead", bounds=bounds)
    scale, shape = np.exp(found.x)
    return unit * float(scale), float(shape)


def _seen_share(reach: float, scale: float, shape: float) -> float:
    """Share of a Weibull that lies below a limit."""
    return float(-np.expm1(-((reach / scale) ** shape)))
