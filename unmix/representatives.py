"""A few spectra that stand for each class, among many of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmix.errors import UnmixError
from unmix.pruning import representativeness
from unmix.uses.labelled import labelled_bundle

MEASURES = ("ear", "masa", "cob", "spread")
MOST_COMPARED = 3000
"""Spectra that are compared with each other; of larger classes a random part is."""


def representatives(
    spectra: ArrayLike, classes: Sequence[str], per_class: int, by: str = "ear", seed: int = 0
) -> NDArray[np.intp]:
    """Choose the spectra that represent their classes best.

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_bands)
        Reflectance, 0 to 1; finite.
    classes : sequence of str
        One for each spectrum.
    per_class : int
        How many of each class, all of classes that have no more.
    by : str
        ``ear``: those that model their class with the least average error. ``masa``: with the
        least average angle. ``cob``: those that model most of their class, and among equals the
        fewest of others. ``spread``: the middle one and those that differ most, see
        `unmix.uses.labelled.labelled_bundle`.
    seed : int
        Of the part that is looked at where there are more than 3000 spectra.

    Returns
    -------
    int array
        Numbers of the chosen, class by class in the order of their names, best first.

    Raises
    ------
    UnmixError
        If there is no such measure, or the number is not positive.

    References
    ----------
    See `unmix.pruning.representativeness`.

    Examples
    --------
    >>> spectra = [[0.2, 0.4], [0.2, 0.5], [0.2, 0.6], [0.5, 0.1]]
    >>> representatives(spectra, ["soil", "soil", "soil", "roof"], 1, "masa")
    array([3, 1])
    """
    if by not in MEASURES:
        raise UnmixError(f"`by` must be one of {', '.join(MEASURES)}. Got {by!r}.")
    if per_class < 1:
        raise UnmixError(f"`per_class` must be at least 1. Got {per_class}.")
    rows, labels = np.asarray(spectra, dtype=np.float32), np.asarray(classes)
    if by == "spread":
        numbers = np.unique(labels, return_inverse=True)[1]
        return labelled_bundle(rows, numbers, most_per_class=per_class).pixels
    looked_at = _compared(labels, per_class, seed)
    order = _order(rows[looked_at], labels[looked_at], by)
    ranked = looked_at[order]
    chosen = [ranked[labels[ranked] == name][:per_class] for name in np.unique(labels)]
    return np.concatenate(chosen)


def _order(rows: NDArray[np.float32], labels: NDArray[np.str_], by: str) -> NDArray[np.intp]:
    """Places of spectra, best first; one that is alone in its class is as good as any."""
    found = representativeness(rows, labels.tolist())
    error = np.nan_to_num(found.ear)
    if by == "cob":
        return np.lexsort((error, found.out_cob, -found.in_cob))
    return np.argsort(error if by == "ear" else np.nan_to_num(found.masa), kind="stable")


def _compared(labels: NDArray[np.str_], per_class: int, seed: int) -> NDArray[np.intp]:
    """Numbers of the spectra to compare, ascending: about as many of each class."""
    names, counts = np.unique(labels, return_counts=True)
    if len(labels) <= MOST_COMPARED:
        return np.arange(len(labels))
    most = max(per_class, MOST_COMPARED // len(names))
    draw = np.random.default_rng(seed)
    chosen = [
        draw.choice(np.flatnonzero(labels == name), min(most, count), replace=False)
        for name, count in zip(names, counts.tolist(), strict=True)
    ]
    return np.sort(np.concatenate(chosen))
