"""The quadratic programme behind every constrained reading of abundances, solved exactly.

    min  x G x / 2 - f x + (sum(x) - 1)^2 / (2 slack)   over  0 <= x <= upper

is NNLS (Lawson and Hanson 1974, doi:10.1137/1.9781611971217) for an infinite ``slack`` and FCLS,
with a sum of one (Heinz and Chang 2001, doi:10.1109/36.911111), for zero. Pixels whose free
solution is positive are done at once. The others are solved by block principal pivoting (Kim and
Park 2011, doi:10.1137/110821172; Portugal et al. 1994, doi:10.1090/S0025-5718-1994-1250776-4):
guess which entries are positive, solve for them (`unmix.supports`), and exchange the ones that
break the optimality (Karush-Kuhn-Tucker) conditions until none does; among few endmembers, what is
left is tried on all supports (`unmix.support_table`). The result is therefore exact, not the end of
a fixed number of steps.
"""

import math
from collections.abc import Iterable
from itertools import repeat

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

from unmix.support_table import bits
from unmix.supports import RIDGE, Systems, scale_of, solve_on_supports

CHUNK_ELEMENTS = 2**20
"""Numbers of eight arrays of a row for each pixel, 8 MiB in float64: about what a cache holds."""

TOLERANCE = 1e-10
"""How far a KKT condition may be missed, relative to the size of the pixel."""

PATIENCE = 3
"""Full exchanges without progress before one abundance at a time is exchanged."""

MAX_EXCHANGES = 200
"""Exchanges before a pixel is handed to a slower solver; in practice about five are needed."""

FEW, FEW_EXCHANGES = 8, 10
"""So few pixels, after so many exchanges, are handed over: a round of a few is no faster."""


def solve_quadratic(
    gram: Tensor,
    cross: Tensor,
    slack: float,
    support: Tensor | None = None,
    allowed: Tensor | None = None,
) -> Tensor:
    """Solve ``min x G x / 2 - f x + (sum(x) - 1)^2 / (2 slack)`` over ``x >= 0`` for every row f.

    Parameters
    ----------
    gram : Tensor of shape (n_endmembers, n_endmembers), float64
        ``E @ E.T``.
    cross : Tensor of shape (n_pixels, n_endmembers), float64
        ``Y @ E.T``.
    slack : float
        From 0 (the sum is one) to infinity (the sum is free).
    support : bool Tensor of shape (n_pixels, n_endmembers), optional
        Guess of what is positive, for example in the solution for another slack. A good one
        saves time; the solution does not depend on it.
    allowed : bool Tensor of shape (n_pixels, n_endmembers), optional
        Endmembers that each pixel may have; by default all.

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        The solutions; every KKT condition holds to about 1e-10 of the pixel's size.
    """
    if support is None and allowed is None:
        pieces = cross.split(max(1, CHUNK_ELEMENTS // (8 * len(gram))))
        return solve_pieces(gram, pieces, len(cross), slack)
    scale = scale_of(gram)
    systems = Systems.of(gram / scale, slack * scale)
    positive = systems.everywhere(cross / scale) > 0 if support is None else support
    positive = positive if allowed is None else positive & allowed
    return _pivot_all(systems, cross, positive, allowed, scale)


def solve_pieces(
    gram: Tensor,
    pieces: Iterable[Tensor],
    n_pixels: int,
    slack: float,
    triangle: Tensor | None = None,
) -> Tensor:
    """`solve_quadratic` where the products ``Y @ E.T`` come piece by piece.

    Pixels whose solution with all endmembers is nonnegative are done as they come. The others,
    often few, are kept and solved together in the end. With a triangle T, the pieces are P with
    ``Y @ E.T = P @ T.T``.
    """
    scale = scale_of(gram)
    systems = Systems.of(gram / scale, slack * scale)
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    to_cross = (eye if triangle is None else triangle).T / scale
    offset, slope = systems.whole.offsets[0], to_cross @ systems.whole.slopes[0].T
    x = gram.new_empty(n_pixels, len(gram))
    rows, crosses, first = [gram.new_empty(0).long()], [gram.new_empty(0, len(gram))], 0
    for piece in pieces:
        part = torch.addmm(offset, piece, slope, out=x[first : first + len(piece)])
        limit = 0.0 if systems.sound else math.inf  # else it is a guess
        todo = (part.amin(dim=1) < limit).nonzero()[:, 0]
        rows.append(todo + first)
        crosses.append(piece.index_select(0, todo) @ to_cross)
        first += len(piece)
    todo = torch.cat(rows)
    positive = x.index_select(0, todo) > 0
    return x.index_copy_(0, todo, _pivot_all(systems, torch.cat(crosses), positive))


def _pivot_all(
    systems: Systems,
    cross: Tensor,
    positive: Tensor,
    allowed: Tensor | None = None,
    scale: float = 1.0,
) -> Tensor:
    """Pivoting of any number of pixels, chunk by chunk, whose products are divided by a scale."""
    systems = systems.tabulated_for(len(cross))
    step = max(1, CHUNK_ELEMENTS // (8 * len(systems.gram)))
    masks = repeat(None) if allowed is None else allowed.split(step)
    chunks = zip(cross.split(step), positive.split(step), masks, strict=False)
    return torch.cat([_pivot(systems, part / scale, *rest) for part, *rest in chunks])


def free_on_supports(gram: Tensor, cross: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
    """Least squares with only some endmembers in each pixel, of any sign and any sum.

    Parameters
    ----------
    gram : Tensor of shape (n_endmembers, n_endmembers), float64
    cross : Tensor of shape (n_pixels, n_endmembers), float64
    support : bool Tensor of shape (n_pixels, n_endmembers)
        Which endmembers each pixel may have.

    Returns
    -------
    x : Tensor of shape (n_pixels, n_endmembers), float64
        The solutions, zero outside the support.
    variance : Tensor of shape (n_pixels,), float64
        Of the sum of each row, for noise of variance one: ``1' G^-1 1`` on the support.
    """
    scale = scale_of(gram)
    x, ones = solve_on_supports(gram / scale, cross / scale, support, sound=False)
    return x, ones.sum(dim=1) / scale


def _pivot(systems: Systems, cross: Tensor, positive: Tensor, allowed: Tensor | None) -> Tensor:
    """Block principal pivoting from a guess; see the module's docstring."""
    tolerance = -TOLERANCE * (cross.abs().amax(dim=1, keepdim=True) + 1e-30)
    if systems.table is not None and allowed is None:
        solution, rows = systems.table.solve(cross, bits(positive), tolerance)
    else:
        solution, rows = _exchange(systems, cross, positive, allowed, tolerance)
    if len(rows):
        masks = None if allowed is None else allowed[rows]
        solution[rows] = _one_by_one(systems, cross[rows], masks)
    return solution


def _exchange(
    systems: Systems, cross: Tensor, positive: Tensor, allowed: Tensor | None, tolerance: Tensor
) -> tuple[Tensor, Tensor]:
    """Solutions of pixels whose supports are not tabulated, and which pixels have none yet."""
    n_pixels, n = cross.shape
    solution, rows = torch.empty_like(cross), torch.arange(n_pixels, device=cross.device)
    fewest = torch.full_like(rows, n + 1)
    patience = torch.full_like(rows, PATIENCE)
    for turn in range(MAX_EXCHANGES):
        if len(rows) == 0 or (turn >= FEW_EXCHANGES and len(rows) <= FEW):
            break
        values = systems.values(cross, positive)
        broken = values < tolerance
        if allowed is not None:
            broken &= allowed
        solution.index_copy_(0, rows, values.mul_(positive).clamp_(min=0))  # the last one stays
        count = broken.sum(dim=1)
        left = count.nonzero()[:, 0]
        kept = (rows, cross, tolerance, positive, broken, count, fewest, patience)
        rows, cross, tolerance, positive, broken, count, fewest, patience = (
            part.index_select(0, left) for part in kept
        )
        allowed = None if allowed is None else allowed.index_select(0, left)
        patience = torch.where(count < fewest, PATIENCE, patience - 1)
        fewest = torch.minimum(fewest, count)
        positive = positive ^ _exchanged(broken, patience >= 0)
    return solution, rows


def _exchanged(broken: Tensor, patient: Tensor) -> Tensor:
    """All broken entries of each patient row; of the others only the last, by Murty's rule.

    That rule always ends.
    """
    if patient.all():
        return broken
    last = broken & (broken.flip(1).cumsum(dim=1).flip(1) == 1)
    return torch.where(patient[:, None], broken, last)


def _one_by_one(systems: Systems, cross: Tensor, allowed: Tensor | None) -> Tensor:
    """The same problem by Lawson and Hanson's method, pixel by pixel, for what pivoting left.

    Pivoting may go round in circles among endmembers that depend on each other. This method cannot,
    and the supports it ends with are independent, so that solving on them again is exact. With a
    sum of one, it is given what the endmembers are off the pixel, and a one as the last band: for
    ``x = t z``, ``sum(z) = 1``, the least ``|t z D|^2 + (t - 1)^2`` over t grows with ``|z D|``.
    """
    root, targets = rooted(systems.gram, cross)
    masks = np.ones(cross.shape, bool) if allowed is None else allowed.cpu().numpy()
    rows = np.zeros(cross.shape)
    for row, target, mask in zip(rows, targets, masks, strict=True):
        design = root[:, mask]
        if systems.slack == 0:
            design, target = design - target[:, None], np.zeros_like(target)
        if not math.isinf(systems.slack):
            pull = 1 / math.sqrt(systems.slack) if systems.slack else 1.0
            design = np.vstack([design, np.full(design.shape[1], pull)])
            target = np.append(target, pull)
        if mask.any():
            row[mask] = scipy.optimize.nnls(design, target)[0]
    rough = torch.as_tensor(rows, dtype=cross.dtype, device=cross.device)
    if systems.slack == 0:
        rough /= rough.sum(dim=1, keepdim=True).clamp(min=1e-300)
    exact = systems.values(cross, rough > 0) * (rough > 0)
    sound = (exact >= -TOLERANCE).all(dim=1, keepdim=True)
    return torch.where(sound, exact.clamp(min=0), rough)


def rooted(gram: Tensor, cross: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Endmembers in columns, and pixels in rows, in as few bands as give these products."""
    values, vectors = np.linalg.eigh(gram.cpu().numpy())
    kept = values > RIDGE * values[-1]
    scales = np.sqrt(values[kept])
    return (vectors[:, kept] * scales).T, cross.cpu().numpy() @ (vectors[:, kept] / scales)
