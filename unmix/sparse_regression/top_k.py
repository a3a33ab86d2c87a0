"""At most so many materials in a pixel.

The best support of k members is a search among all of them. Here a pixel begins with the
nonnegative solution, gives up the member that saves least until k are left, and then exchanges
single members as long as that lowers its residual. For one material that is the best one; for more
it is a minimum among all supports that differ in one member, as far as the residual points at it.
"""

import math
from itertools import product

import torch
from torch import Tensor

from unmix.products import Products
from unmix.quadratic import solve_quadratic
from unmix.sparse_regression.active_set import solve_active_set
from unmix.sparse_regression.savings import saved_by_each

MOST_EXCHANGES = 20
"""Rounds of exchanging; two or three are needed in practice."""
N_PROMISING = 5
"""Members along the residual that are tried in the place of one."""
LEAST_GAIN = 1e-9
"""Gain of an exchange, relative to the energy of the pixel."""


def top_k(found: Products, k: int, slack: float = math.inf) -> Tensor:
    """Nonnegative least squares with at most k members in a pixel.

    Parameters
    ----------
    found : Products
        Of pixels and library.
    k : int
        At least 1.
    slack : float
        Of the sum of the abundances, from 0; see `unmix.sparse_regression.active_set`.

    Returns
    -------
    Tensor of shape (n_pixels, n_members), float64

    Examples
    --------
    >>> from unmix.products import products
    >>> found = products(torch.tensor([[0.2, 0.9, 0.5]]), torch.eye(3))
    >>> (top_k(found, 2) > 0).tolist()
    [[False, True, True]]
    """
    codes = solve_active_set(found.gram, found.cross, slack)
    while (many := (codes > 0).sum(dim=1) > k).any():
        part = codes[many]
        weakest = saved_by_each(found.gram, part).argmin(dim=1, keepdim=True)
        allowed = (part > 0).scatter(1, weakest, False)
        codes[many] = _solve(found.gram, found.cross[many], allowed, slack)
    return _exchanged(found, codes, k, slack)


def _solve(gram: Tensor, cross: Tensor, allowed: Tensor, slack: float) -> Tensor:
    return solve_quadratic(gram, cross, slack, support=allowed, allowed=allowed)


def _exchanged(found: Products, codes: Tensor, k: int, slack: float) -> Tensor:
    """Each pixel's members, exchanged one at a time for what points along what they then leave."""
    todo = torch.arange(len(codes), device=codes.device)
    for _ in range(MOST_EXCHANGES):
        better = torch.zeros(len(todo), dtype=torch.bool, device=codes.device)
        for place, rank in product(range(k), range(min(N_PROMISING, len(found.gram)))):
            now = codes[todo]
            cross = found.cross[todo]
            trial = _with_another(found.gram, cross, now, place, rank, slack)
            gain = _objective(found.gram, cross, now, slack)
            gain -= _objective(found.gram, cross, trial, slack)
            gains = gain > LEAST_GAIN * found.energy[todo]
            codes[todo[gains]] = trial[gains]
            better |= gains
        todo = todo[better]
        if len(todo) == 0:
            break
    return codes


def _with_another(
    gram: Tensor, cross: Tensor, codes: Tensor, place: int, rank: int, slack: float
) -> Tensor:
    """Codes with another member, of some rank, in the place of one of them or in a free one."""
    where = (codes > 0).to(gram.dtype).topk(place + 1, dim=1).indices
    fewer = (codes > 0).scatter(1, where[:, place:], False)
    left = _solve(gram, cross, fewer, slack)
    pull = 0.0 if math.isinf(slack) else 1 / max(slack, 1e-9 / float(gram.diagonal().mean()))
    slope = cross - left @ gram - pull * (left.sum(dim=1, keepdim=True) - 1)
    promise = slope.clamp(min=0) / (gram.diagonal() + pull).sqrt()
    best = promise.masked_fill(fewer, -1.0).topk(rank + 1, dim=1).indices[:, rank:]
    return _solve(gram, cross, fewer.scatter(1, best, True), slack)


def _objective(gram: Tensor, cross: Tensor, codes: Tensor, slack: float) -> Tensor:
    """(n_pixels,) Half the squared residual, less that of no member at all, with the sum's pull."""
    value = torch.linalg.vecdot(codes, codes @ gram / 2 - cross)
    if slack > 0 and not math.isinf(slack):
        value = value + (codes.sum(dim=1) - 1).square() / (2 * slack)
    return value
