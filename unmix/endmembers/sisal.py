"""SISAL: the smallest simplex that holds nearly all pixels, for scenes without pure pixels."""

import torch
from torch import Tensor

from unmix.endmembers.signal import (
    FLAT,
    Projection,
    bright_pixels,
    check_extraction,
    check_spread,
    seeded,
    steady_projection,
    white_noise,
)
from unmix.endmembers.vca import pick_extremes
from unmix.errors import UnmixError

N_ROUNDS = 200
"""Quadratic approximations at most."""
N_SPLITTING_STEPS = 10
"""Steps of the augmented Lagrangian for each of them."""
PENALTY = 10.0
"""Weight of the augmented Lagrangian, relative to the squares of the fractions."""
SMALLEST_STEP = 1e-4
"""Where the line search gives up."""
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
"""Shares of pixels beyond each face that are tried; half of all is what noise can do."""
STRUCTURED, USUAL_SHARE = 3.0, 0.2
"""Above this departure from white noise, variability is what lies outside, and this share is
taken: most pixels lack most materials."""
CALM, TOLERANCE = 3, 1e-6
"""The descent ends after so many rounds that each save less than this for every endmember."""


def sisal(
    spectra: Tensor,
    n_endmembers: int,
    random_state: int | torch.Generator | None = None,
    *,
    outside: float | None = None,
) -> Tensor:
    """Corners of the simplex of small volume whose faces few pixels lie beyond.

    With W the inverse of the corners, ``-log|det W| + weight * sum(max(0, -x W))`` is minimised:
    volume against negative fractions, which cost in proportion to their size, so that outliers
    and noise do not carry the simplex with them. At the optimum the share of the pixels beyond
    each face is ``(n_endmembers - 1) / (weight * n_pixels)``; here that share is what is asked
    for.

    Noise alone pushes half of the pixels that lack a material beyond its face, so that the right
    share is a matter of the scene. By default it is the largest for which pixels lie no farther
    outside than noise carries them: their mean square is that of half a normal distribution. A
    simplex that is too large is touched by the tails of the noise alone, one that is too small
    leaves mixtures outside.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit; black pixels take no part. Where noise is low, brightness
        is divided out as in `vca`; where it is high, illumination must be even.
    n_endmembers : int
        From 2 to the number of bands.
    random_state : int or torch.Generator, optional
        Seed of the start; None is 0. A generator must be on the CPU.
    outside : float, optional
        Share of the pixels beyond each face, between 0 and 1. By default as noise will have it;
        a fifth where spectra vary by more than white noise, which no share accounts for.

    Returns
    -------
    Tensor of shape (n_endmembers, n_bands)
        In the unit of the spectra. Values may be negative: nothing keeps corners inside the data.

    Raises
    ------
    UnmixError
        If `outside` is not between 0 and 1, there are fewer lit pixels or bands than endmembers,
        a value is not finite, or the spectra span fewer dimensions than the simplex has.

    References
    ----------
    Bioucas-Dias (2009), doi:10.1109/WHISPERS.2009.5289072 (bands x pixels there). Ours rewrites
    the problem in the coordinates of the simplex at hand in every round, where the quadratic
    approximation of the volume is the same for all scenes.

    Examples
    --------
    >>> materials = torch.tensor([[0.1, 0.1, 0.5], [0.4, 0.3, 0.1], [0.2, 0.6, 0.6]])
    >>> share = torch.linspace(0.2, 0.8, 100)[:, None]  # no pixel is purer than 80 %
    >>> edges = [share * materials[k] + (1 - share) * materials[k - 1] for k in range(3)]
    >>> found = torch.nn.functional.normalize(sisal(torch.cat(edges), 3), dim=1)
    >>> true = torch.nn.functional.normalize(materials, dim=1)
    >>> bool(((true @ found.T).amax(dim=1) > 0.999).all())
    True
    """
    check_extraction(spectra, n_endmembers)
    if outside is not None and not 0 < outside < 1:
        raise UnmixError(
            f"`outside` is a share of the pixels, between 0 and 1 and neither. Got {outside!r}."
        )
    lit = spectra[bright_pixels(spectra)]
    check_extraction(lit, n_endmembers)
    projection = steady_projection(lit, n_endmembers)
    points = projection.points
    check_spread(points, float(points.square().sum(dim=1).mean().sqrt()), n_endmembers)
    start = points[pick_extremes(points, n_endmembers, seeded(random_state))]
    mean = points.mean(dim=0)
    around = mean + n_endmembers * (start - mean)  # holds nearly all pixels
    sigma, structure = white_noise(lit, n_endmembers)
    if outside is None and structure > STRUCTURED and sigma > FLAT * float(lit.abs().mean()):
        outside = USUAL_SHARE
    if outside is None:
        corners = _as_noise_will_have_it(projection, around, sigma)
    else:
        corners = _shrunk(points, around, outside)
    return projection.spectra(corners).to(spectra)


def _as_noise_will_have_it(projection: Projection, around: Tensor, sigma: float) -> Tensor:
    """The smallest simplex outside which noise of this deviation explains how far pixels lie."""
    smallest, corners = None, around
    for share in SHARES:
        corners = _shrunk(projection.points, corners, share)
        if smallest is not None and _excess(projection, corners, sigma) > 1:
            break
        smallest = corners
    assert smallest is not None
    return smallest


def _excess(projection: Projection, corners: Tensor, sigma: float) -> float:
    """Mean square of the negative fractions, in the variance that noise gives each of them."""
    inverse = torch.linalg.inv(corners)
    fractions = projection.points @ inverse
    deviation = sigma * projection.gain[:, None] * inverse[: len(projection.directions)].norm(dim=0)
    beyond = (fractions / deviation.clamp(min=1e-300))[fractions < 0]
    return float(beyond.square().mean()) if len(beyond) else 0.0


def _shrunk(points: Tensor, corners: Tensor, outside: float) -> Tensor:
    """Corners where volume and negative fractions balance, with a share of the points outside.

    In each round the corners are sought as ``inv(T) @ corners``, T with rows summing to one, so
    that fractions become ``fractions @ T`` and the log volume falls by ``log|det T|``, of which
    ``tr(T - 1) - |T - 1|^2 / 2`` is the quadratic approximation.
    """
    n = len(corners)
    weight = (n - 1) / (outside * len(points))
    penalty = PENALTY * n**2 / len(points)
    fractions = torch.linalg.solve(corners, points, left=False)
    split, dual = fractions, torch.zeros_like(fractions)
    eye, calm = torch.eye(n).to(points), 0
    for _ in range(N_ROUNDS):
        system = torch.linalg.inv(eye + penalty * fractions.T @ fractions)
        for _ in range(N_SPLITTING_STEPS):
            turn = system @ (2 * eye + penalty * fractions.T @ (split + dual))
            turn = turn + (1 - turn.sum(dim=1, keepdim=True)) / n
            bare = fractions @ turn - dual
            split = torch.where(bare < 0, (bare + weight / penalty).clamp(max=0), bare)
            dual = split - bare
        turn, saved = _line_search(fractions, turn, weight)
        fractions, corners = fractions @ turn, torch.linalg.solve(turn, corners)
        calm = calm + 1 if saved < TOLERANCE * n else 0
        if calm == CALM:
            break
    return corners


def _line_search(fractions: Tensor, turn: Tensor, weight: float) -> tuple[Tensor, float]:
    """The part of a step that saves something, and how much it saves."""
    eye = torch.eye(len(turn)).to(turn)
    before, step = _hinge(fractions), 1.0
    while step > SMALLEST_STEP:
        trial = eye + step * (turn - eye)
        sign, log_shrinking = torch.linalg.slogdet(trial)
        saved = float(log_shrinking + weight * (before - _hinge(fractions @ trial)))
        if sign > 0 and saved > 0:
            return trial, saved
        step /= 2
    return eye, 0.0


def _hinge(fractions: Tensor) -> Tensor:
    """Sum of the negative fractions, as a positive number."""
    return -fractions.clamp(max=0).sum()
