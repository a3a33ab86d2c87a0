"""Which spectra may mix in a pixel: one of each of some classes, and shade."""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.errors import UnmixError

LEVELS = (2, 3, 4, 5)
"""Levels of complexity: how many endmembers a model has, shade among them."""
MOST_MODELS = 200_000
"""Most models of one level that are tried without being asked for a number."""

Group = NDArray[np.int64]
"""Numbers of the spectra of one class."""


def models_of(
    class_of: Sequence[int], level: int, *, max_models: int | None = None, seed: int = 0
) -> Tensor:
    """All models of a level, or some of them drawn at random.

    A model of level n has one spectrum of each of n - 1 different classes; shade is the n-th.

    Parameters
    ----------
    class_of : sequence of int of length n_spectra
        Number of the class of each spectrum, from 0.
    level : int
        2 to 5.
    max_models : int, optional
        Of more models than these, so many are drawn, each at most once.
    seed : int
        Of the draw.

    Returns
    -------
    int64 Tensor of shape (n_models, level - 1)
        Numbers of the spectra, in the order of their classes.

    Raises
    ------
    UnmixError
        If there are too few classes, or more than `MOST_MODELS` models and no `max_models`.

    Examples
    --------
    >>> models_of([0, 0, 1], 3)
    tensor([[0, 2],
            [1, 2]])
    """
    groups = groups_of(class_of)
    _check_level(level, len(groups))
    mixed = list(itertools.combinations(groups, level - 1))
    counts = [math.prod(len(group) for group in each) for each in mixed]
    total = sum(counts)
    if max_models is None and total > MOST_MODELS:
        raise UnmixError(
            f"level {level} has {total} models, more than {MOST_MODELS}. Use fewer spectra or "
            "lower levels, or draw some models at random with `max_models`."
        )
    chosen = np.arange(total) if max_models is None else _drawn(total, max_models, seed + level)
    return torch.from_numpy(np.concatenate(list(_decoded(chosen, mixed, counts))))


def groups_of(class_of: Sequence[int]) -> list[Group]:
    """Numbers of the spectra of each class.

    Examples
    --------
    >>> [group.tolist() for group in groups_of([1, 0, 1])]
    [[1], [0, 2]]
    """
    classes = np.asarray(class_of)
    return [np.flatnonzero(classes == number) for number in np.unique(classes)]


def _check_level(level: int, n_classes: int) -> None:
    if level not in LEVELS:
        raise UnmixError(f"a level must be one of {LEVELS[0]} to {LEVELS[-1]}. Got {level!r}.")
    if level - 1 > n_classes:
        raise UnmixError(
            f"level {level} mixes {level - 1} classes and shade, but the library has {n_classes}. "
            "Use lower `levels`."
        )


def _drawn(total: int, max_models: int, seed: int) -> Group:
    """Numbers of the models that are tried, in ascending order."""
    if max_models < 1:
        raise UnmixError(f"`max_models` must be at least 1. Got {max_models}.")
    if total <= max_models:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, max_models, replace=False))


def _decoded(
    chosen: Group, mixed: Sequence[tuple[Group, ...]], counts: Sequence[int]
) -> Iterator[Group]:
    """Spectra (n_models, n_classes) of numbered models, classes by classes."""
    ends = np.cumsum(counts)
    bounds = np.searchsorted(chosen, [0, *ends])
    for k, groups in enumerate(mixed):
        within = chosen[bounds[k] : bounds[k + 1]] - (ends[k] - counts[k])
        places = np.unravel_index(within, [len(group) for group in groups])
        pairs = zip(groups, places, strict=True)
        yield np.stack([group[place] for group, place in pairs], axis=1)
