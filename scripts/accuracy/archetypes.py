"""Archetypal analysis by exact alternation: endmembers that are convex combinations of pixels.

It minimises ``|Y - A B Y|^2 / 2`` over A and B with rows on the simplex. What it computes depends
on the pixels through their inner products alone, so that a few principal coordinates serve in
place of the bands.
"""

import numpy as np
import scipy.optimize
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.abundances import fcls
from unmix.endmembers.edaa import Archetypes, principal_coordinates

N_EXCHANGES = 10
"""Picks of the first guess that are taken back and made anew, as its authors advise."""

SUM_WEIGHT = 10.0
"""Weight of the row that asks for a sum of one, in lengths of the longest pixel."""


def alternating_archetypes(
    spectra: Tensor, n_archetypes: int, seed: int, n_rounds: int = 50, tolerance: float = 1e-3
) -> Archetypes:
    """Solve in turns for all abundances, and for one archetype after the other, each exactly.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Usually of unit length; the method has no brightness of its own.
    n_archetypes : int
    seed : int
        Of the pixel that the first guess starts from.
    n_rounds : int
        At most.
    tolerance : float
        Share of the loss that a round must still save.

    Returns
    -------
    Archetypes

    References
    ----------
    Cutler and Breiman (1994), doi:10.1080/00401706.1994.10485840, sections 3 and 4;
    Morup and Hansen (2012), doi:10.1016/j.neucom.2011.06.033, for the first guess
    (bands x pixels there).
    """
    y = principal_coordinates(spectra, n_archetypes).double()
    picks = furthest_pixels(y, n_archetypes, seed)
    weights = torch.nn.functional.one_hot(picks, len(y)).double()
    archetypes, loss = y[picks], float("inf")
    for _ in range(n_rounds):
        abundances = fcls(y, archetypes)
        residual = y - abundances @ archetypes
        previous, loss = loss, float(residual.square().sum())
        if previous - loss <= tolerance * loss:
            break
        for k, share in enumerate(abundances.T):
            energy = float(share.square().sum())
            if energy == 0:  # nobody uses it: start again from the pixel that fits worst
                weights[k] = 0
                weights[k, residual.norm(dim=1).argmax()] = 1
            else:
                target = archetypes[k] + share @ residual / energy
                weights[k] = torch.from_numpy(nearest_mixture(target.numpy(), y.numpy()))
            fresh = weights[k] @ y
            residual = residual + torch.outer(share, archetypes[k] - fresh)
            archetypes[k] = fresh
    return Archetypes(weights.to(spectra), fcls(y, archetypes).to(spectra))


def furthest_pixels(points: Tensor, n_picks: int, seed: int) -> Tensor:
    """Pixels that have the largest sum of distances to those picked before ("FurthestSum").

    Parameters
    ----------
    points : Tensor of shape (n_points, n_coordinates)
    n_picks : int
    seed : int
        Of the first pick, which does not stay.

    Returns
    -------
    Tensor of shape (n_picks,), int64

    References
    ----------
    Morup and Hansen (2012), doi:10.1016/j.neucom.2011.06.033, section 2.2.
    """
    generator = torch.Generator().manual_seed(seed)
    picks = [int(torch.randint(len(points), (1,), generator=generator))]
    for _ in range(n_picks - 1 + max(1, N_EXCHANGES)):
        kept = picks[1:] if len(picks) == n_picks else picks
        total = sum((points - points[pick]).norm(dim=1) for pick in kept)
        total = torch.as_tensor(total).index_fill(0, torch.tensor(kept), -1.0)
        picks = [*kept, int(total.argmax())]
    return torch.tensor(picks)


def nearest_mixture(
    target: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights of the convex combination of points that lies nearest to a target.

    Nonnegative least squares with one more row that asks for a sum of one, as Cutler and Breiman
    do it; what is missing of the one is then put right.

    Parameters
    ----------
    target : ndarray of shape (n_coordinates,)
    points : ndarray of shape (n_points, n_coordinates)

    Returns
    -------
    ndarray of shape (n_points,)
        Nonnegative, summing to one; at most n_coordinates + 1 are not zero.
    """
    weight = SUM_WEIGHT * np.linalg.norm(points, axis=1).max()
    stacked = np.vstack([points.T, np.full(len(points), weight)])
    weights = scipy.optimize.nnls(stacked, np.append(target, weight))[0]
    mixture: NDArray[np.float64] = weights / weights.sum()
    return mixture
