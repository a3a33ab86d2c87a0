"""Features on a scale: what belongs together is scaled together."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from unmix.errors import UnmixError

TINY = 1e-12
"""Variance below which features are constant."""


class FeatureBlock(NamedTuple):
    """Neighbouring features that are scaled by one factor."""

    size: int
    """How many there are."""
    weight: float
    """Variance that all of them together get."""


class BlockScaler(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """Centres features, and scales each block of them by one factor.

    Where every feature is scaled by itself, directions of a spectrum that hold next to nothing but
    noise weigh as much in a classifier as those that tell materials apart.

    Parameters
    ----------
    blocks : sequence of FeatureBlock

    Examples
    --------
    >>> values = np.array([[0.0, 0.0, 5.0], [3.0, 4.0, 7.0]])
    >>> BlockScaler([FeatureBlock(2, 25.0), FeatureBlock(1, 4.0)]).fit_transform(values)
    array([[-3., -4., -2.],
           [ 3.,  4.,  2.]])
    """

    def __init__(self, blocks: Any) -> None:  # noqa: ANN401  # as scikit-learn keeps it
        self.blocks = blocks

    def fit(self, features: NDArray[Any], y: object = None) -> Self:
        """Learn means and factors.

        Parameters
        ----------
        features : ndarray of shape (n_pixels, n_features)
        y : object
            Ignored.

        Raises
        ------
        UnmixError
            If there are not as many features as the blocks have.
        """
        n_features = sum(block[0] for block in self.blocks)
        if features.shape[1] != n_features:
            raise UnmixError(
                f"`blocks` are of {n_features} features, but there are {features.shape[1]}. Name "
                "the blocks of these features."
            )
        self.mean_ = features.mean(axis=0)
        variances = features.var(axis=0)
        factors, first = [], 0
        for size, weight in self.blocks:
            total = variances[first : first + size].sum()
            factors += [np.sqrt(weight / total) if total > TINY else 1.0] * size
            first += size
        self.factors_ = np.array(factors)
        return self

    def transform(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """Features (n_pixels, n_features) on their scale."""
        scaled: NDArray[np.float64] = (features - self.mean_) * self.factors_
        return scaled
