"""Archetypal analysis: endmembers that are convex combinations of pixels, found in two ways.

Both minimise ``|Y - A B Y|^2 / 2`` over A and B with rows on the simplex, from one start. What
they compute depends on the pixels through their inner products alone, so that a few principal
coordinates serve in place of the bands.
"""

from typing import NamedTuple

import numpy as np
import scipy.optimize
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from unmix.abundances import fcls

N_COORDINATES = 10
"""Principal coordinates that stand for the bands; more where there are many endmembers."""

N_EXCHANGES = 10
"""Picks of the first guess that are taken back and made anew, as its authors advise."""

SUM_WEIGHT = 10.0
"""Weight of the row that asks for a sum of one, in lengths of the longest pixel."""


class Archetypes(NamedTuple):
    """What archetypal analysis finds: ``Y ~= A B Y``."""

    weights: Tensor
    """(n_archetypes, n_pixels) B: how much of each pixel is in each archetype."""
    abundances: Tensor
    """(n_pixels, n_archetypes) A: how much of each archetype is in each pixel."""


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
    y = (spectra @ principal_directions(spectra, n_archetypes)).double()
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


def entropic_archetypes(
    spectra: Tensor, n_archetypes: int, seed: int, n_rounds: int = 100, n_steps: int = 5
) -> Archetypes:
    """Move A and B in turns by ``X <- softmax(log X - step * gradient)``.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Usually of unit length.
    n_archetypes : int
    seed : int
        Of the first B.
    n_rounds : int
        How often A and B take turns.
    n_steps : int
        Steps of descent in each turn. More of them come nearer to the minimum, which on real
        scenes is farther from the truth.

    Returns
    -------
    Archetypes

    References
    ----------
    Zouaoui et al. (2023), doi:10.1109/TIP.2023.3301769, for descent, first guess and step sizes
    (bands x pixels there; they keep one of 50 starts, whose steps differ in size).
    """
    y = spectra @ principal_directions(spectra, n_archetypes)
    n_pixels = len(y)
    generator = torch.Generator().manual_seed(seed)
    start = 0.1 * torch.rand(n_archetypes, n_pixels, generator=generator)
    log_b = start.to(y).log_softmax(dim=1)
    log_a = y.new_zeros(n_pixels, n_archetypes).log_softmax(dim=1)
    first = log_b.exp() @ y
    step_a = 1 / torch.linalg.matrix_norm(first, ord=2) ** 2
    step_b = step_a * (n_archetypes / n_pixels) ** 0.5
    for _ in range(n_rounds):
        z = log_b.exp() @ y
        gram, cross = z @ z.T, y @ z.T
        for _ in range(n_steps):
            log_a = (log_a - step_a * (log_a.exp() @ gram - cross)).log_softmax(dim=1)
        a = log_a.exp()
        gram, cross = a.T @ a, a.T @ y
        for _ in range(n_steps):
            slope = gram @ (log_b.exp() @ y) - cross
            log_b = (log_b - step_b * slope @ y.T).log_softmax(dim=1)
    return Archetypes(log_b.exp(), log_a.exp())


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


def principal_directions(spectra: Tensor, n_archetypes: int) -> Tensor:
    """Directions that hold most of the energy, as columns (n_bands, n_coordinates)."""
    n_coordinates = max(N_COORDINATES, n_archetypes + 2)
    wide = spectra.double()
    return torch.linalg.eigh(wide.T @ wide).eigenvectors[:, -n_coordinates:].to(spectra)


def archetype_spectra(weights: Tensor, spectra: Tensor) -> Tensor:
    """Endmembers in the unit of the scene, for archetypes of its unit-length pixels.

    They have exactly the archetypes' directions, and are convex combinations of the pixels:
    ``sum_i b_i y_i / |y_i|`` over ``sum_i b_i / |y_i|``.

    Parameters
    ----------
    weights : Tensor of shape (n_archetypes, n_pixels)
        Weights of the unit-length pixels.
    spectra : Tensor of shape (n_pixels, n_bands)
        The pixels as they are; none of length zero.

    Returns
    -------
    Tensor of shape (n_archetypes, n_bands)
    """
    total = weights @ (1 / spectra.norm(dim=1))
    return weights @ normalize(spectra, dim=1) / total[:, None]
