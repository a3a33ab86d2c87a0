"""The quadratic programme behind every constrained reading of abundances, solved exactly.

    min  x G x / 2 - f x + (sum(x) - 1)^2 / (2 slack)   over  x >= 0

is NNLS for an infinite ``slack`` and FCLS (sum-to-one) for zero. It is solved by block principal
pivoting (Kim and Park 2011, doi:10.1137/110821172; Portugal et al. 1994,
doi:10.1090/S0025-5718-1994-1250776-4): guess which entries are positive, solve for them, and
exchange the ones that break the optimality (Karush-Kuhn-Tucker) conditions until none does. The
result is therefore exact, not the end of a fixed number of steps. Pixels that share a guess share
one factorisation, which is what makes the batch fast.
"""

import math
from itertools import repeat

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

CHUNK_ELEMENTS = 2**21
"""Numbers held at once in the largest intermediate array (16 MiB in float64)."""

RIDGE = 1e-11
"""Added to the Gram matrix, relative to its diagonal: decides between duplicate endmembers."""

TOLERANCE = 1e-10
"""How far a KKT condition may be missed, relative to the size of the pixel."""

PATIENCE = 3
"""Full exchanges without progress before one abundance at a time is exchanged."""

WORD_BITS = 62
"""Endmembers whose presence fits into one integer."""

SHARPEST_SLACK = 1e-8
"""Slack that stands for zero where the sum to one is only a heavy weight."""

MAX_EXCHANGES = 200
"""Exchanges before a pixel is handed to a slower solver; in practice about five are needed."""


def solve_quadratic(
    gram: Tensor, cross: Tensor, slack: float, support: Tensor | None = None
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

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        The solutions; every KKT condition holds to about 1e-10 of the pixel's size.
    """
    scale = float(gram.diagonal().mean().clamp(min=1e-300))
    gram, cross, slack = gram / scale, cross / scale, slack * scale
    step = max(1, CHUNK_ELEMENTS // len(gram) ** 2)
    guesses = repeat(None) if support is None else support.split(step)
    guessed = zip(cross.split(step), guesses, strict=False)
    parts = [_pivot(gram, part, slack, guess) for part, guess in guessed]
    return torch.cat(parts) if parts else torch.zeros_like(cross)


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
    scale = float(gram.diagonal().mean().clamp(min=1e-300))
    gram, cross = gram / scale, cross / scale
    step = max(1, CHUNK_ELEMENTS // len(gram) ** 2)
    solutions, variances = torch.zeros_like(cross), cross.new_zeros(len(cross))
    for first in range(0, len(cross), step):
        part = slice(first, first + step)
        solutions[part], ones, group = _solved_on(gram, cross[part], support[part])
        variances[part] = ones.sum(dim=1)[group] / scale
    return solutions, variances


def solve_free(gram: Tensor, cross: Tensor) -> Tensor:
    """Solve ``min x G x / 2 - f x`` without constraints for every row f of ``cross``.

    Parameters
    ----------
    gram : Tensor of shape (n_endmembers, n_endmembers), float64
    cross : Tensor of shape (n_pixels, n_endmembers), float64

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Of any sign. Among endmembers that depend on each other, near the shortest solution.
    """
    scale = gram.diagonal().mean().clamp(min=1e-200)
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    inverse = torch.linalg.inv(gram + RIDGE * scale * eye)
    x = cross @ inverse
    return x + (cross - x @ gram) @ inverse  # takes the ridge out again


def _pivot(gram: Tensor, cross: Tensor, slack: float, guess: Tensor | None) -> Tensor:
    """Block principal pivoting on one chunk of pixels; see the module's docstring."""
    n_pixels, n = cross.shape
    tolerance = TOLERANCE * (cross.abs().amax(dim=1, keepdim=True) + 1e-30)
    solution = torch.zeros_like(cross)
    todo = torch.arange(n_pixels, device=cross.device)
    everything = torch.ones_like(cross, dtype=torch.bool)
    positive = _on_supports(gram, cross, everything, slack)[0] > 0 if guess is None else guess
    fewest = torch.full_like(todo, n + 1)
    patience = torch.full_like(todo, PATIENCE)
    for _ in range(MAX_EXCHANGES):
        x, gradient = _on_supports(gram, cross[todo], positive, slack)
        broken = torch.where(positive, x, gradient) < -tolerance[todo]
        count = broken.sum(dim=1)
        done = count == 0
        solution[todo[done]] = x[done].clamp(min=0)
        left = ~done
        todo, broken, count = todo[left], broken[left], count[left]
        positive, fewest, patience = positive[left], fewest[left], patience[left]
        if len(todo) == 0:
            return solution
        better = count < fewest
        patience = torch.where(better, PATIENCE, patience - 1)
        fewest = torch.minimum(fewest, count)
        positive = positive ^ torch.where((patience >= 0)[:, None], broken, _last(broken))
    solution[todo] = _one_by_one(gram, cross[todo], slack)
    return solution


def _on_supports(
    gram: Tensor, cross: Tensor, support: Tensor, slack: float
) -> tuple[Tensor, Tensor]:
    """Solution with only the abundances in ``support``, and the gradient of the objective there."""
    x, ones, group = _solved_on(gram, cross, support)
    if math.isinf(slack):
        return x, x @ gram - cross
    spare = (ones.sum(dim=1) + slack).clamp(min=1e-30)[group]
    pull = ((x.sum(dim=1) - 1) / spare)[:, None]
    x = x - pull * ones[group]
    return x, x @ gram - cross + pull


def _solved_on(gram: Tensor, cross: Tensor, support: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``G^-1 f`` of every row and ``G^-1 1`` of every group on their supports, and the groups."""
    first, group = groups(support)
    masks = support[first].to(gram.dtype)  # (n_groups, n)
    pairs = masks[:, :, None] * masks[:, None, :]
    inverse = torch.linalg.inv(gram * pairs + torch.diag_embed(1 - masks + RIDGE)) * pairs
    ones = _refined(inverse, gram, masks, masks)  # (n_groups, n)
    return _refined(inverse[group], gram, cross, support), ones, group


def _refined(inverse: Tensor, gram: Tensor, target: Tensor, support: Tensor) -> Tensor:
    """``inverse @ target`` on each support, with one correction that takes the ridge out again."""
    x = (inverse * target[:, None, :]).sum(dim=2)
    return x + (inverse * ((target - x @ gram) * support)[:, None, :]).sum(dim=2)


def groups(support: Tensor) -> tuple[Tensor, Tensor]:
    """Group the pixels that share a support.

    Parameters
    ----------
    support : bool Tensor of shape (n_pixels, n_endmembers)

    Returns
    -------
    first : Tensor of shape (n_groups,), int64
        A pixel of each group.
    group : Tensor of shape (n_pixels,), int64
        The group of each pixel.

    Examples
    --------
    >>> groups(torch.tensor([[True, False], [True, True], [True, False]]))[1]
    tensor([0, 1, 0])
    """
    group, n_groups = torch.zeros(len(support), dtype=torch.int64, device=support.device), 1
    for part in support.split(WORD_BITS, dim=1):
        powers = 2 ** torch.arange(part.shape[1], device=support.device)
        words, word = (part * powers).sum(dim=1).unique(return_inverse=True)
        if n_groups > 1:
            words, word = (group * len(words) + word).unique(return_inverse=True)
        group, n_groups = word, len(words)
    first = torch.zeros(n_groups, dtype=torch.int64, device=support.device)
    first[group] = torch.arange(len(support), device=support.device)
    return first, group


def _last(broken: Tensor) -> Tensor:
    """Only the last true entry of each row: Murty's rule, which always ends."""
    return broken & (broken.flip(1).cumsum(dim=1).flip(1) == 1)


def _one_by_one(gram: Tensor, cross: Tensor, slack: float) -> Tensor:
    """The same problem by Lawson and Hanson's method, pixel by pixel, for what pivoting left.

    Pivoting may go round in circles among endmembers that depend on each other. This method cannot,
    and the supports it ends with are independent, so that solving on them again is exact.
    """
    values, vectors = np.linalg.eigh(gram.cpu().numpy())
    kept = values > RIDGE * values[-1]
    scales = np.sqrt(values[kept])
    root = (vectors[:, kept] * scales).T
    targets = cross.cpu().numpy() @ (vectors[:, kept] / scales)
    if not math.isinf(slack):
        pull = 1 / math.sqrt(max(slack, SHARPEST_SLACK))
        root = np.vstack([root, np.full(len(values), pull)])
        targets = np.hstack([targets, np.full((len(targets), 1), pull)])
    rows = np.array([scipy.optimize.nnls(root, target)[0] for target in targets])
    rough = torch.as_tensor(rows, dtype=gram.dtype, device=gram.device)
    exact, _ = _on_supports(gram, cross, rough > 0, slack)
    sound = (exact >= -TOLERANCE).all(dim=1, keepdim=True)
    return torch.where(sound, exact.clamp(min=0), rough)
