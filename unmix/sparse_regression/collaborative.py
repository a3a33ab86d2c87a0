"""Collaborative sparse regression: a member is either used by the scene or not at all.

    min  |Y - X A|^2 / 2 + penalty sqrt(n_pixels) sum_j |x_j|_2   over  X >= 0

where x_j holds the abundances of member j in all pixels. CLSUnSAL solves it by splitting (ADMM),
for all pixels of a scene together. Here that is done on a sample. At the minimum the norm of x_j
may be replaced by ``x_j^2 / (2 |x_j|)``, which costs each pixel a ridge of its own; with the norms
of the sample, any other pixels are then solved exactly, block by block.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.products import Products
from unmix.sparse_regression.active_set import solve_active_set
from unmix.supports import Systems, scale_of

MOST_STEPS = 2000
"""Steps of splitting; a pruned library needs some hundreds at most."""
SETTLED = 1e-7
"""Change of the abundances in a step, and distance of their two copies, at which it ends; relative
to their size."""
BALANCE_EVERY, UNBALANCED = 10, 5.0
"""Steps after which the two are compared, and their ratio at which the coupling is doubled or
halved (Boyd et al. 2011, section 3.4.1)."""
GONE = 1e-6
"""A member whose root mean square abundance is smaller, relative to the largest, is not used."""


class Collaborative(NamedTuple):
    """What a sample of pixels says of a library."""

    codes: Tensor
    """(n_pixels, n_members) Abundances of the sample."""
    ridge: Tensor
    """(n_members,) What the penalty costs any pixel: ``ridge x^2 / 2``; infinite where a member is
    not used at all."""


def collaborate(found: Products, penalty: float, slack: float = math.inf) -> Collaborative:
    """Collaborative sparse regression of all pixels together.

    Parameters
    ----------
    found : Products
        Of pixels and library.
    penalty : float
        From 0. Of a member's root mean square abundance, per pixel.
    slack : float
        Of the sum of the abundances, from 0; see `unmix.sparse_regression.active_set`.

    Returns
    -------
    Collaborative

    References
    ----------
    Iordache, Bioucas-Dias and Plaza (2014), doi:10.1109/TGRS.2013.2240001.
    """
    limit = penalty * math.sqrt(max(1, len(found.cross)))
    codes = _split(found, limit, slack) if limit else solve_active_set(*found[:2], slack)
    norms = codes.norm(dim=0)
    used = norms > GONE * norms.max()
    return Collaborative(codes * used, torch.where(used, limit / norms, torch.inf))


def solve_with_ridge(found: Products, ridge: Tensor, slack: float = math.inf) -> Tensor:
    """Abundances (n_pixels, n_members) of any pixels under the ridge of a sample."""
    used = ridge.isfinite()
    gram = found.gram[used][:, used] + torch.diag(ridge[used])
    codes = torch.zeros_like(found.cross)
    if used.any():
        codes[:, used] = solve_active_set(gram, found.cross[:, used], slack)
    return codes


def _split(found: Products, limit: float, slack: float) -> Tensor:
    """The minimum by the alternating direction method of multipliers."""
    gram = found.gram
    coupling = scale_of(gram) / 10
    smoothed = _smoother(gram, coupling, slack)
    sparse, dual = torch.zeros_like(found.cross), torch.zeros_like(found.cross)
    for step in range(1, MOST_STEPS + 1):
        smooth = smoothed(found.cross + coupling * (sparse - dual))
        before, sparse = sparse, _shrunk(smooth + dual, limit / coupling)
        dual = dual + smooth - sparse
        apart, change = float((smooth - sparse).norm()), float((sparse - before).norm())
        if max(apart, change) <= SETTLED * float(smooth.norm()):
            break
        ratio = apart / max(change, 1e-300)
        if step % BALANCE_EVERY == 0 and not 1 / UNBALANCED < ratio < UNBALANCED:
            factor = 2.0 if ratio > 1 else 0.5
            coupling, dual = coupling * factor, dual / factor
            smoothed = _smoother(gram, coupling, slack)
    return sparse


def _smoother(gram: Tensor, coupling: float, slack: float) -> Callable[[Tensor], Tensor]:
    """Least squares of any sign with a pull to the sparse copy, from its products."""
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    coupled = gram + coupling * eye
    scale = scale_of(coupled)
    systems = Systems.of(coupled / scale, slack * scale)
    return lambda cross: systems.everywhere(cross / scale)


def _shrunk(values: Tensor, by: float) -> Tensor:
    """Positive parts whose columns are shorter by as much, or zero."""
    positive = values.clamp(min=0)
    return positive * (1 - by / positive.norm(dim=0).clamp(min=1e-300)).clamp(min=0)
