"""What is random in the fractional cover: the endmembers of each draw, and its noise.

Both come from a generator of their own for every draw, seeded by the seed and the number of the
draw. They are the same for all pixels, so nothing depends on how a scene is cut into blocks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from unmix.errors import UnmixError
from unmix.mesma.models import groups_of


class Draw(NamedTuple):
    """One set of endmembers, and one realisation of the noise."""

    members: Tensor
    """(n_endmembers,), int64. Numbers of the spectra, in ascending order."""
    noise: Tensor
    """(n_bands,), float64. Standard normal: times a pixel's uncertainty it is its noise."""


def draws_of(
    class_of: Sequence[int], counts: Sequence[int], n_bands: int, n_draws: int, seed: int
) -> list[Draw]:
    """Draw endmembers, each at most once in a draw, and noise.

    Parameters
    ----------
    class_of : sequence of int of length n_spectra
    counts : sequence of int
        How many spectra of each class; see `counts_of`.
    n_bands, n_draws, seed : int

    Returns
    -------
    list of Draw
        Draw k is the same whatever `n_draws`.
    """
    groups = groups_of(class_of)
    found = []
    for k in range(n_draws):
        generator = np.random.default_rng([seed, k])
        pairs = zip(groups, counts, strict=True)
        members = np.concatenate([generator.choice(g, n, replace=False) for g, n in pairs])
        noise = torch.from_numpy(generator.standard_normal(n_bands))
        found.append(Draw(torch.from_numpy(np.sort(members)), noise))
    return found


def counts_of(
    sizes: Sequence[int], *, n_endmembers: int | None = None, per_class: int | None = None
) -> list[int]:
    """How many spectra a draw takes of each class, none more than the class has.

    Parameters
    ----------
    sizes : sequence of int
        Spectra of each class.
    n_endmembers : int, optional
        In all, dealt to the classes by turns.
    per_class : int, optional
        Of each class; takes the place of `n_endmembers`.

    Raises
    ------
    UnmixError
        If not every class gets one.

    Examples
    --------
    >>> counts_of([3, 1, 20], n_endmembers=10), counts_of([3, 1, 20], per_class=2)
    ([3, 1, 6], [2, 1, 2])
    """
    if per_class is not None:
        if per_class < 1:
            raise UnmixError(f"`per_class` must be at least 1. Got {per_class}.")
        return [min(size, per_class) for size in sizes]
    if n_endmembers is None or n_endmembers < len(sizes):
        raise UnmixError(
            f"`n_endmembers` must be at least the number of classes, {len(sizes)}. "
            f"Got {n_endmembers}."
        )
    counts = [0] * len(sizes)
    left = min(n_endmembers, sum(sizes))
    while left:
        for k, size in enumerate(sizes):
            dealt = int(left > 0 and counts[k] < size)
            counts[k] += dealt
            left -= dealt
    return counts
