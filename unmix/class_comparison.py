"""How far a map of fractions agrees with a map of classes.

What the two call things need not be alike: materials are given to classes by where they lie.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from unmix.comparison import Pair


class ClassScore(NamedTuple):
    """How a class of the reference is met by its material."""

    pair: Pair
    """The material, and the class."""
    n_pixels: int
    """Of the class."""
    producer_accuracy: float
    """Share of the class's pixels in which the material dominates (recall)."""
    user_accuracy: float
    """Share of the pixels that the material dominates which are of the class (precision); NaN if
    it dominates nowhere."""
    overlap: float
    """Pixels that are both over those that are either (Jaccard)."""
    mean_inside: float
    """Mean fraction of the material in the class."""
    mean_outside: float
    """And elsewhere; NaN if there is no other class."""


@dataclass
class ClassSums:
    """Sums over pixels from which the agreement of fractions with classes follows.

    Parameters
    ----------
    n_materials, n_classes : int

    Examples
    --------
    >>> sums = ClassSums(2, 2)
    >>> sums.add(np.array([[0.1, 0.2, 0.9], [0.9, 0.8, 0.1]]), np.array([0, 0, 1]))
    >>> sums.match(), sums.accuracy()
    ([Pair(first=0, second=1), Pair(first=1, second=0)], 1.0)
    """

    n_materials: int
    n_classes: int

    def __post_init__(self) -> None:
        shape = (self.n_classes, self.n_materials)
        self.confusion = np.zeros(shape, dtype=np.int64)
        """(n_classes, n_materials) Pixels of each class that each material dominates."""
        self.fractions = np.zeros(shape)
        """(n_classes, n_materials) Sums of the fractions in each class."""

    @property
    def n_pixels(self) -> int:
        """Pixels that have both fractions and a class."""
        return int(self.confusion.sum())

    @property
    def mean_fractions(self) -> NDArray[np.float64]:
        """Mean fraction of each material in each class, (n_classes, n_materials); NaN if empty."""
        counts = self.confusion.sum(axis=1, keepdims=True)
        return np.where(counts > 0, self.fractions / np.maximum(counts, 1), np.nan)

    def add(self, abundances: NDArray[np.floating[Any]], classes: NDArray[np.integer[Any]]) -> None:
        """Take a block into account: pixels that are finite in all maps and have a class.

        Parameters
        ----------
        abundances : array of shape (n_materials, ...)
        classes : int array of shape (...)
            From 0; negative where a pixel has none.
        """
        maps = np.asarray(abundances, dtype=np.float64).reshape(self.n_materials, -1)
        labels = np.asarray(classes).ravel()
        known = np.isfinite(maps).all(axis=0) & (labels >= 0)
        maps, labels = maps[:, known], labels[known]
        np.add.at(self.confusion, (labels, maps.argmax(axis=0)), 1)
        np.add.at(self.fractions, labels, maps.T)

    def match(self) -> list[Pair]:
        """Give materials to classes one to one, so that they share the most pixels."""
        classes, materials = linear_sum_assignment(self.confusion, maximize=True)
        pairs = zip(materials.tolist(), classes.tolist(), strict=True)
        return sorted(Pair(material, label) for material, label in pairs)

    def accuracy(self) -> float:
        """Share of pixels whose dominant material is that of their class."""
        return self._agreeing() / max(self.n_pixels, 1)

    def kappa(self) -> float:
        """Cohen's kappa: agreement beyond chance; materials without a class never agree.

        NaN where chance alone gives full agreement.
        """
        of_class, of_material = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        together = sum(int(of_material[m]) * int(of_class[c]) for m, c in self.match())
        chance = together / max(self.n_pixels, 1) ** 2
        return (self.accuracy() - chance) / (1 - chance) if chance < 1 else math.nan

    def purity(self) -> float:
        """Share of pixels that are right if each material is given the class it shares most with.

        Several materials may so make up one class; never less than the accuracy.
        """
        return int(self.confusion.max(axis=0).sum()) / max(self.n_pixels, 1)

    def scores(self) -> list[ClassScore]:
        """Of every class that has a material, in the order of the materials."""
        return [self._score(pair) for pair in self.match()]

    def _agreeing(self) -> int:
        return sum(int(self.confusion[c, m]) for m, c in self.match())

    def _score(self, pair: Pair) -> ClassScore:
        material, label = pair
        both = int(self.confusion[label, material])
        of_class = int(self.confusion[label].sum())
        of_material = int(self.confusion[:, material].sum())
        inside, everywhere = self.fractions[label, material], self.fractions[:, material].sum()
        return ClassScore(
            pair,
            of_class,
            _share(both, of_class),
            _share(both, of_material),
            _share(both, of_class + of_material - both),
            _share(inside, of_class),
            _share(everywhere - inside, self.n_pixels - of_class),
        )


def _share(part: float, whole: int) -> float:
    return float(part) / whole if whole else math.nan
