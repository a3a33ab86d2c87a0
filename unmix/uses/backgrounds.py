"""The usual pixels of a scene: groups of like pixels, each with its own scatter.

Water scatters less than a forest does, so that what is odd in water is usual among trees. The usual
pixels are therefore a mixture of Gaussians, which grows from groups of pixels of like composition,
and a pixel is as odd as it is to the group that it is nearest to. How far away that is, is asked in
the slowest quarter of the patterns along the spectrum, in half of them, and in all: broad features
are seen best where few patterns bring little noise, narrow ones need all.

References
----------
Reed and Yu (1990), doi:10.1109/29.60107: the distance, with one group.
Matteoli, Diani and Corsini (2010), doi:10.1109/MAES.2010.5546306: sections on mixtures of Gaussians
and on local scatter.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor

N_GROUPS = 8
"""Groups that are begun with; those that stay too small are dissolved in the others."""
ROUNDS = 5
"""How often the groups are learned."""
LEAST_SHARE, LEAST_PIXELS = 0.02, 3
"""Of all pixels, and in numbers of patterns: smaller groups are dissolved."""
BETWEEN = 0.1
"""Of the scatter of the groups' means, that each group gets too: rare mixtures of what is common
lie between the groups, and are usual."""
PARTS = (4, 2, 1)
"""One over the shares of the patterns, from the slowest on, in which distances are taken."""
_FLOOR, _ROUNDING = 0.01, 1e-10  # of scatter: in variances of the noise, and of the largest


class Group(NamedTuple):
    """Like pixels."""

    n_pixels: float
    """Pixels that it was learned from."""
    mean: Tensor
    """(n_patterns,) float64"""
    white: Tensor
    """(n_patterns, n_patterns) Makes the scatter white; its first columns need the first patterns
    only."""


class Background(NamedTuple):
    """The usual pixels, or what a model leaves of them, in patterns along the spectrum."""

    to_patterns: Tensor
    """(n_bands, n_patterns) float64"""
    groups: tuple[Group, ...]

    def squared_distance(self, pixels: Tensor, *, learned_from: bool = False) -> Tensor:
        """How far pixels are from the nearest group.

        Parameters
        ----------
        pixels : Tensor of shape (n_pixels, n_bands), float64
        learned_from : bool
            They are those that the background was learned from: they made the scatter larger where
            they are, and each is seen as if it had not.

        Returns
        -------
        Tensor of shape (n_pixels,)
            The squared distance, in variances of the group and in all patterns, that is as rare in
            Gaussian noise as the rarest of the distances in a quarter, in half and in all of them.
        """
        n_patterns = self.to_patterns.shape[1]
        rows = pixels @ self.to_patterns
        oddity = torch.full((len(rows),), torch.inf, dtype=rows.dtype)
        for group in self.groups:
            torch.minimum(oddity, _oddity(rows, group, learned_from), out=oddity)
        spread = 2 / (9 * n_patterns)
        return n_patterns * (1 - spread + spread**0.5 * oddity).clamp(min=0) ** 3


def learn_background(rows: Tensor, to_patterns: Tensor, composition: Tensor) -> Background:
    """Learn the groups, without the pixels that are far from all of them.

    Parameters
    ----------
    rows : Tensor of shape (n_pixels, n_bands), float64
        The spectra, or what a model leaves of them.
    to_patterns : Tensor of shape (n_bands, n_patterns)
        Brings them to patterns in which noise has about the variance 1.
    composition : Tensor of shape (n_pixels, n_numbers)
        What pixels of a group have in common, such as the fractions of materials.

    Returns
    -------
    Background
    """
    patterns = rows @ to_patterns
    member = _first_groups(composition).to(patterns)
    weight = torch.ones_like(member)
    for _ in range(ROUNDS):
        groups = _groups(patterns, member, weight)
        found = [_likelihood(patterns, each) for each in groups]
        member = torch.stack([each[0] for each in found], dim=1).softmax(dim=1)
        weight = torch.stack([each[1] for each in found], dim=1)
    return Background(to_patterns, groups)


def _first_groups(composition: Tensor) -> Tensor:
    """Membership (n_pixels, n_groups), 0 or 1, of pixels of like composition."""
    values: NDArray[np.float64] = composition.double().numpy()
    n_groups = min(N_GROUPS, len(np.unique(values, axis=0)))
    number = KMeans(n_groups, random_state=0, n_init=1).fit_predict(values)
    return torch.nn.functional.one_hot(torch.from_numpy(number).long(), n_groups)


def _groups(patterns: Tensor, member: Tensor, weight: Tensor) -> tuple[Group, ...]:
    """Means and scatter of all groups that are large enough; the largest always is."""
    n_pixels, n_patterns = patterns.shape
    counts = member.sum(dim=0)
    large = counts >= max(LEAST_PIXELS * n_patterns, LEAST_SHARE * n_pixels)
    large[counts.argmax()] = True
    counts, member = counts[large], member[:, large]
    weighted = member * weight[:, large]
    means = (weighted.T @ patterns) / weighted.sum(dim=0)[:, None]
    scatters = [
        (patterns - mean).T @ ((patterns - mean) * weight[:, None]) / count
        for mean, weight, count in zip(means, weighted.T, counts, strict=True)
    ]
    shares = counts / counts.sum()
    pooled = torch.stack(scatters).mul(shares[:, None, None]).sum(dim=0)
    apart = means - shares @ means
    between = BETWEEN * apart.T @ (apart * shares[:, None])
    borrowed = n_patterns / (n_patterns + counts)  # the scatter of few pixels is uncertain
    return tuple(
        Group(float(count), mean, _whitening(scatter.lerp(pooled, float(part)) + between))
        for count, mean, scatter, part in zip(counts, means, scatters, borrowed, strict=True)
    )


def _whitening(scatter: Tensor) -> Tensor:
    """Upper triangular W with ``W.T @ scatter @ W = 1``."""
    one = torch.eye(len(scatter), dtype=scatter.dtype)
    floor = _FLOOR + _ROUNDING * float(scatter.diagonal().max())
    factor = torch.linalg.cholesky(scatter + floor * one)
    return torch.linalg.solve_triangular(factor, one, upper=False).T.contiguous()


def _likelihood(patterns: Tensor, group: Group) -> tuple[Tensor, Tensor]:
    """Logarithm of the likelihood of pixels in a group, and what they weigh there; (n_pixels,)."""
    freedom = len(group.mean)
    squared = ((patterns - group.mean) @ group.white).square().sum(dim=1)
    level = np.log(group.n_pixels) + group.white.diagonal().log().sum()
    return level - freedom * (1 + squared / freedom).log(), 2 * freedom / (freedom + squared)


def _oddity(patterns: Tensor, group: Group, learned_from: bool) -> Tensor:
    """The rarest of a pixel's distances, as standard deviations of one normal number.

    By Wilson and Hilferty (1931), doi:10.1073/pnas.17.12.684: the cube root is nearly normal.
    """
    squared = ((patterns - group.mean) @ group.white).square().cumsum(dim=1)
    if learned_from:  # Sherman and Morrison's formula takes one pixel out of a scatter
        squared = squared / (1 - squared / group.n_pixels).clamp(min=0.5)
    rarest = torch.full((len(patterns),), -torch.inf, dtype=patterns.dtype)
    for part in PARTS:
        n = max(1, patterns.shape[1] // part)
        spread = 2 / (9 * n)
        root = (squared[:, n - 1] / n) ** (1 / 3)
        torch.maximum(rarest, (root - 1 + spread) / spread**0.5, out=rarest)
    return rarest
