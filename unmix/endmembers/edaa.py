"""Entropic descent archetypal analysis: endmembers as convex combinations of pixels."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.endmembers.signal import bright_pixels, check_extraction, leading_directions, seeded
from unmix.errors import UnmixError

N_COORDINATES = 10
"""Principal coordinates that stand for the bands; more where there are many endmembers."""
STEP_FACTORS = tuple(2.0**power for power in range(-3, 4))
"""Step sizes that the starts draw from, relative to the one that is safe."""
NEARLY_BEST = 0.05
"""Starts are compared if their residual exceeds the least by less than this share."""


class Archetypes(NamedTuple):
    """What archetypal analysis finds: ``Y ~= A B Y``."""

    weights: Tensor
    """(n_archetypes, n_pixels) B: how much of each pixel is in each archetype."""
    abundances: Tensor
    """(n_pixels, n_archetypes) A: how much of each archetype is in each pixel."""


def edaa(
    spectra: Tensor,
    n_endmembers: int,
    random_state: int | torch.Generator | None = None,
    *,
    n_starts: int = 50,
    n_rounds: int = 100,
    n_steps: int = 5,
) -> Tensor:
    """Archetypes of the pixels brought to unit length, as spectra in the unit of the scene.

    Each endmember is a convex combination of pixels and has exactly the direction of its
    archetype ``sum_i b_i y_i / |y_i|``. Where materials differ much in shape, archetypes stay
    short of the purest pixels: mixtures of unit length bulge beyond the chords between them.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit; black pixels take no part.
    n_endmembers : int
        From 2 to the number of bands.
    random_state : int or torch.Generator, optional
        Seed of the starts; None is 0. A generator must be on the CPU.
    n_starts, n_rounds, n_steps : int
        See `entropic_archetypes`.

    Returns
    -------
    Tensor of shape (n_endmembers, n_bands)
        Inside the hull of the pixels.

    Raises
    ------
    UnmixError
        If there are fewer lit pixels or bands than endmembers, or a value is not finite.

    References
    ----------
    Zouaoui et al. (2023), doi:10.1109/TIP.2023.3301769 (bands x pixels there).

    Examples
    --------
    >>> fractions = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.0, 1.0]])
    >>> materials = torch.tensor([[0.1, 0.1, 0.5], [0.4, 0.3, 0.1]])
    >>> found = normalize(edaa(fractions @ materials, 2, n_starts=5), dim=1)
    >>> bool(((normalize(materials, dim=1) @ found.T).amax(dim=1) > 0.99).all())
    True
    """
    check_extraction(spectra, n_endmembers)
    lit = spectra[bright_pixels(spectra)]
    check_extraction(lit, n_endmembers)
    found = entropic_archetypes(
        normalize(lit, dim=1),
        n_endmembers,
        random_state,
        n_starts=n_starts,
        n_rounds=n_rounds,
        n_steps=n_steps,
    )
    return archetype_spectra(found.weights, lit)


def entropic_archetypes(
    spectra: Tensor,
    n_archetypes: int,
    random_state: int | torch.Generator | None = None,
    *,
    n_starts: int = 50,
    n_rounds: int = 100,
    n_steps: int = 5,
) -> Archetypes:
    """Minimise ``|Y - A B Y|^2 / 2`` over A and B with rows on the simplex, from many starts.

    A and B move in turns by ``X <- softmax(log X - step * gradient)``. The starts differ in their
    first B and in the size of their steps; the one chosen has the archetypes whose most similar
    pair correlates least, among those whose residual is nearly the least.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Usually of unit length; the method has no brightness of its own.
    n_archetypes : int
    random_state : int or torch.Generator, optional
    n_starts : int
    n_rounds : int
        How often A and B take turns.
    n_steps : int
        Steps of descent in each turn; 20 in the paper, 5 in its authors' later toolbox.

    Returns
    -------
    Archetypes

    Raises
    ------
    UnmixError
        If a number of starts, rounds or steps is below 1.

    References
    ----------
    Zouaoui et al. (2023), doi:10.1109/TIP.2023.3301769, for descent, first guess, step sizes and
    choice (bands x pixels there); the few coordinates that stand for the bands are ours.
    """
    if min(n_starts, n_rounds, n_steps) < 1:
        raise UnmixError(
            "`n_starts`, `n_rounds` and `n_steps` must be at least 1. "
            f"Got {n_starts}, {n_rounds} and {n_steps}."
        )
    generator = seeded(random_state)
    y = principal_coordinates(spectra, n_archetypes)
    tried: list[_Start] = []
    for _ in range(n_starts):
        found = _descend(y, n_archetypes, generator, n_rounds, n_steps)
        tried.append(_judged(spectra, found))
        least = min(start.residual for start in tried)
        tried = [start for start in tried if start.residual * (1 - NEARLY_BEST) <= least]
    return min(tried, key=lambda start: start.likeness).found


def principal_coordinates(spectra: Tensor, n_archetypes: int) -> Tensor:
    """Spectra (n_pixels, n_bands) in the few coordinates that stand for the bands.

    Archetypal analysis depends on pixels through their inner products alone, which these keep.
    """
    wide = spectra.double()
    n_coordinates = min(max(N_COORDINATES, n_archetypes + 2), spectra.shape[1])
    return (wide @ leading_directions(wide, n_coordinates)).to(spectra)


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


class _Start(NamedTuple):
    """What one start came to."""

    residual: float
    """Mean absolute residual."""
    likeness: float
    """Correlation over the bands of the most similar pair of archetypes."""
    found: Archetypes


def _descend(
    y: Tensor, n_archetypes: int, generator: torch.Generator, n_rounds: int, n_steps: int
) -> Archetypes:
    """Entropic descent from one random start."""
    n_pixels = len(y)
    pick = int(torch.randint(len(STEP_FACTORS), (1,), generator=generator))
    first = 0.1 * torch.rand(n_archetypes, n_pixels, generator=generator)
    log_b = first.to(y).log_softmax(dim=1)
    log_a = y.new_zeros(n_pixels, n_archetypes).log_softmax(dim=1)
    step_a = STEP_FACTORS[pick] / torch.linalg.matrix_norm(log_b.exp() @ y, ord=2).square()
    step_b = step_a * (n_archetypes / n_pixels) ** 0.5
    for _ in range(n_rounds):
        z = log_b.exp() @ y  # (n_archetypes, n_coordinates)
        gram, cross = z @ z.T, y @ z.T
        for _ in range(n_steps):
            log_a = (log_a - step_a * (log_a.exp() @ gram - cross)).log_softmax(dim=1)
        a = log_a.exp()
        gram, cross = a.T @ a, a.T @ y
        for _ in range(n_steps):
            slope = gram @ (log_b.exp() @ y) - cross
            log_b = (log_b - step_b * (slope @ y.T)).log_softmax(dim=1)
    return Archetypes(log_b.exp(), log_a.exp())


def _judged(spectra: Tensor, found: Archetypes) -> _Start:
    archetypes = found.weights @ spectra
    residual = (spectra - found.abundances @ archetypes).abs().mean()
    varying = normalize(archetypes - archetypes.mean(dim=1, keepdim=True), dim=1)
    others = varying @ varying.T - 2 * torch.eye(len(varying)).to(varying)
    return _Start(float(residual), float(others.max()), found)
