"""Which members of a wide library a scene needs.

Libraries hold hundreds of spectra that resemble each other, and a pixel's noise is larger than the
differences between them, so that no pixel alone says which of them it shows. The scene does:

- mixtures span a subspace in which their materials lie, so the members nearest to the subspace of
  the pixels are looked at (MUSIC);
- of these the pixels as a whole need few. What a member saves of their squared residuals is
  compared with what one would save that fits nothing but noise, half a variance per pixel, and the
  member that saves least is left out, as long as it saves less than twice that.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.endmembers.white_noise import noise_edges
from unmix.error_sources import learn_residuals
from unmix.products import Products, products
from unmix.sparse_regression.active_set import solve_active_set
from unmix.sparse_regression.savings import saved_by_each

N_NEAREST = 60
"""Members nearest to the subspace that are looked at more closely."""
MOST_DIRECTIONS = 12
"""Of the subspace; on a real scene, what materials vary by has as many and more."""
WORTH = 1.0
"""Residual variances per pixel that a member must save on average; one that fits noise saves .5."""
N_ALIKE = 10
"""Members most like one that is kept which are tried in its place."""
CLEAR, SUPPORT = 36.0, 3
"""... or this many variances (six standard deviations) in each of so many pixels: a rare one."""


def nearest_members(spectra: Tensor, library: Tensor, n_nearest: int = N_NEAREST) -> Tensor:
    """Numbers of the members nearest to the subspace of the pixels, nearest first.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    library : Tensor of shape (n_members, n_bands)
    n_nearest : int

    Returns
    -------
    Tensor of shape (at most n_nearest,), int64

    References
    ----------
    Iordache, Bioucas-Dias, Plaza and Somers (2014), "MUSIC-CSR", doi:10.1109/TGRS.2013.2281589.
    """
    pixels = spectra.double()
    energies, directions = torch.linalg.eigh(pixels.T @ pixels)
    n_signal = _n_signal(energies.flip(0), noise_edges(pixels.shape[1] / len(pixels))[1])
    signal = directions[:, -n_signal:]
    along = (normalize(library.double(), dim=1) @ signal).norm(dim=1)
    return along.argsort(descending=True, stable=True)[:n_nearest]


def _n_signal(energies: Tensor, edge: float) -> int:
    """How many of the falling energies stand above what the rest, taken as noise, would show."""
    most = min(MOST_DIRECTIONS, len(energies))
    for n in range(1, most):
        if energies[n] <= edge * energies[n:].mean():
            return n
    return most


def needed_members(spectra: Tensor, library: Tensor, slack: float = math.inf) -> Tensor:
    """Numbers of the members that the pixels need together, in their order in the library.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        About a thousand are enough.
    library : Tensor of shape (n_members, n_bands)
        Few enough to be solved for again and again; see `nearest_members`.
    slack : float
        Of the sum of the abundances; see `unmix.sparse_regression.active_set`.

    Returns
    -------
    Tensor of shape (n_needed,), int64
        At least one. Among members that explain the pixels alike, one is left.
    """
    found = products(spectra, library)
    codes = solve_active_set(found.gram, found.cross, slack)
    residuals = learn_residuals(spectra, library, codes)
    variance = max(residuals.level / residuals.n_dimensions, 1e-30)
    kept = torch.arange(len(library))
    while len(kept) > 1:
        weaker = _without_weakest(found, kept, codes, slack, variance)
        if weaker is None:
            break
        kept, codes = weaker
    return _exchanged(found, kept, codes, slack)[0].sort().values


def _without_weakest(
    found: Products, kept: Tensor, codes: Tensor, slack: float, variance: float
) -> tuple[Tensor, Tensor] | None:
    """The members without one that hardly saves anything, and their codes; None if all do."""
    gram, cross = found.gram[kept][:, kept], found.cross[:, kept]
    before = _squared_residuals(gram, cross, codes)
    saved = saved_by_each(gram, codes)
    rough = torch.where(saved.isfinite(), saved, 0.0).sum(dim=0)
    for weak in rough.argsort().tolist():
        others = torch.arange(len(kept)) != weak
        fewer = codes[:, others].clone()
        used = codes[:, weak] > 0  # the solution of any other pixel stays as it is
        smaller = gram[others][:, others]
        fewer[used] = solve_active_set(smaller, cross[used][:, others], slack)
        lost = (_squared_residuals(smaller, cross[:, others], fewer) - before) / variance
        if float(lost.mean()) < WORTH and int((lost > CLEAR).sum()) < SUPPORT:
            return kept[others], fewer
    return None


def _squared_residuals(gram: Tensor, cross: Tensor, codes: Tensor) -> Tensor:
    """(n_pixels,) Less the energy of the pixels."""
    return torch.linalg.vecdot(codes, codes @ gram - 2 * cross)


def _exchanged(found: Products, kept: Tensor, codes: Tensor, slack: float) -> tuple[Tensor, Tensor]:
    """The members, each in turn replaced by the one like it with which the residuals are least.

    What was left out early, among many others, may be nearer than what has stayed.
    """
    alike = -found.gram / found.gram.diagonal().sqrt()  # minus the cosines, by the column's length
    changed = True
    while changed:
        changed = False
        for place in range(len(kept)):
            free = torch.ones(len(found.gram), dtype=torch.bool)
            free[kept] = False
            near = alike[kept[place]].argsort()
            for other in near[free[near]][:N_ALIKE].tolist():
                trial = kept.clone()
                trial[place] = other
                gram, cross = found.gram[trial][:, trial], found.cross[:, trial]
                now = solve_active_set(gram, cross, slack)
                before = _squared_residuals(found.gram[kept][:, kept], found.cross[:, kept], codes)
                if float((_squared_residuals(gram, cross, now) - before).sum()) < 0:
                    kept, codes, changed = trial, now, True
    return kept, codes
