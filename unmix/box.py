"""Least squares with every abundance between zero and one, solved exactly.

Block principal pivoting as in `unmix.quadratic`, with a third state: an entry is at zero, free, or
at one. What is at one is taken off the products; an entry that breaks its condition changes state.
"""

import math

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

from unmix.quadratic import CHUNK_ELEMENTS, TOLERANCE, rooted
from unmix.supports import Systems, scale_of

MAX_EXCHANGES = 30
"""Exchanges before a pixel is handed to a slower solver; in practice about five are needed."""


def solve_box(gram: Tensor, cross: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Solve ``min x G x / 2 - f x`` over ``0 <= x <= 1`` for every row f of ``cross``.

    Parameters
    ----------
    gram : Tensor of shape (n_endmembers, n_endmembers), float64
    cross : Tensor of shape (n_pixels, n_endmembers), float64
    allowed : bool Tensor of shape (n_pixels, n_endmembers), optional
        Endmembers that each pixel may have; by default all.

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64

    References
    ----------
    Judice and Pires (1994), doi:10.1016/0305-0548(94)90106-6, for pivoting with bounds; Stark and
    Parker (1995), "Bounded-variable least squares", for what is left.
    """
    if len(cross) == 0:
        return torch.zeros_like(cross)
    scale = scale_of(gram)
    systems = Systems.of(gram / scale, math.inf)
    allowed = torch.ones_like(cross, dtype=torch.bool) if allowed is None else allowed
    step = max(1, CHUNK_ELEMENTS // (8 * len(gram)))
    chunks = zip((cross / scale).split(step), allowed.split(step), strict=True)
    return torch.cat([_pivot(systems, *chunk) for chunk in chunks])


def _pivot(systems: Systems, cross: Tensor, allowed: Tensor) -> Tensor:
    tolerance = TOLERANCE * (1 + cross.abs().amax(dim=1, keepdim=True))
    solution = torch.zeros_like(cross)
    todo = torch.arange(len(cross), device=cross.device)
    x = systems.everywhere(cross)
    free, high = (x > 0) & (x < 1) & allowed, (x >= 1) & allowed
    for _ in range(MAX_EXCHANGES):
        values = systems.values(cross[todo] - high.to(cross.dtype) @ systems.gram, free)
        under = ~high & (values < -tolerance[todo]) & allowed[todo]
        over = (free & (values > 1 + tolerance[todo])) | (high & (values > tolerance[todo]))
        left = (under | over).any(dim=1)
        settled = torch.where(free, values, high.to(cross.dtype)).clamp(0, 1)
        solution[todo[~left]] = settled[~left]
        todo, free, high, under, over = (p[left] for p in (todo, free, high, under, over))
        if len(todo) == 0:
            return solution
        free, high = free ^ (under | over), high ^ over
    solution[todo] = _one_by_one(systems, cross[todo], allowed[todo])
    return solution


def _one_by_one(systems: Systems, cross: Tensor, allowed: Tensor) -> Tensor:
    """The same problem pixel by pixel, for what pivoting left: it may go round in circles."""
    root, targets = rooted(systems.gram, cross)
    rows = np.zeros(cross.shape)
    for row, target, mask in zip(rows, targets, allowed.cpu().numpy(), strict=True):
        if mask.any():
            found = scipy.optimize.lsq_linear(root[:, mask], target, (0, 1), "bvls", 1e-14)
            row[mask] = found.x
    rough = torch.as_tensor(rows, dtype=cross.dtype, device=cross.device)
    free, high = (rough > 0) & (rough < 1), rough >= 1
    exact = systems.values(cross - high.to(cross.dtype) @ systems.gram, free)
    exact = torch.where(free, exact, high.to(cross.dtype))
    sound = ((exact >= -TOLERANCE) & (exact <= 1 + TOLERANCE)).all(dim=1, keepdim=True)
    return torch.where(sound, exact, rough).clamp(0, 1)
