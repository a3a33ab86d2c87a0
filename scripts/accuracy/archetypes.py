"""Archetypal analysis: endmembers that are convex combinations of pixels, found in two ways.

Both minimise ``|Y - A B Y|^2 / 2`` over A and B with rows on the simplex. What they compute
depends on the pixels through their inner products alone, so that a few principal coordinates
serve in place of the bands.
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


STEP_FACTORS = tuple(2.0**power for power in range(-3, 4))
NEARLY_BEST = 0.05
"""Starts are compared if their loss exceeds the least by less than this share."""


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
    y = coordinates(spectra, n_archetypes).double()
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
    spectra: Tensor, n_archetypes: int, seed: int, n_rounds: int = 100, n_steps: int = 20
) -> Archetypes:
    """Move A and B in turns by ``X <- softmax(log X - step * gradient)``, from 7 starts at once.

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
        Steps of descent in each turn.

    Returns
    -------
    Archetypes
        Of the start whose archetypes are least alike, among those that fit nearly best.

    References
    ----------
    Zouaoui et al. (2023), doi:10.1109/TIP.2023.3301769, for descent, first guess, step sizes and
    choice (bands x pixels there; they make 50 starts with step sizes drawn from these seven).
    """
    y = coordinates(spectra, n_archetypes)
    n_pixels, n_starts = len(y), len(STEP_FACTORS)
    generator = torch.Generator().manual_seed(seed)
    start = 0.1 * torch.rand(n_starts, n_archetypes, n_pixels, generator=generator)
    log_b = start.to(y).log_softmax(dim=2)
    log_a = y.new_zeros(n_starts, n_pixels, n_archetypes).log_softmax(dim=2)
    size = torch.linalg.matrix_norm(log_b.exp() @ y, ord=2)
    step_a = (torch.tensor(STEP_FACTORS).to(y) / size**2)[:, None, None]
    step_b = step_a * (n_archetypes / n_pixels) ** 0.5
    for _ in range(n_rounds):
        z = log_b.exp() @ y  # (n_starts, n_archetypes, n_coordinates)
        gram, cross = z @ z.mT, y @ z.mT
        for _ in range(n_steps):
            log_a = (log_a - step_a * (log_a.exp() @ gram - cross)).log_softmax(dim=2)
        a = log_a.exp()
        gram, cross = a.mT @ a, a.mT @ y
        for _ in range(n_steps):
            slope = gram @ (log_b.exp() @ y) - cross
            log_b = (log_b - step_b * (slope @ y.T)).log_softmax(dim=2)
    a, b = log_a.exp(), log_b.exp()
    best = _least_alike(spectra, a, b)
    return Archetypes(b[best], a[best])


def _least_alike(spectra: Tensor, abundances: Tensor, weights: Tensor) -> int:
    """The start whose most similar pair of archetypes differs most, if it fits nearly best."""
    archetypes = weights @ spectra
    pairs = zip(abundances, archetypes, strict=True)
    losses = torch.stack([(spectra - a @ z).abs().mean() for a, z in pairs])
    unit = normalize(archetypes, dim=2)
    alike = (unit @ unit.mT - 2 * torch.eye(unit.shape[1]).to(unit)).amax(dim=(1, 2))
    return int(alike.where(losses - losses.min() < NEARLY_BEST * losses, torch.inf).argmin())


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


def coordinates(spectra: Tensor, n_archetypes: int) -> Tensor:
    """The spectra in principal coordinates, (n_pixels, n_coordinates)."""
    return spectra @ principal_directions(spectra, max(N_COORDINATES, n_archetypes + 2))


def principal_directions(spectra: Tensor, n_directions: int) -> Tensor:
    """Directions that hold most of the energy, as columns (n_bands, n_directions)."""
    wide = spectra.double()
    return torch.linalg.eigh(wide.T @ wide).eigenvectors[:, -n_directions:].to(spectra)


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
