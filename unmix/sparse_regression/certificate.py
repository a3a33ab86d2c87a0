"""How far a sparse regression may be from its optimum, without knowing the optimum.

Every point of the dual problem bounds the minimum from below. A multiple of the residual is such a
point where no member correlates with it by more than the penalty; at the optimum the bound is the
minimum itself (strong duality), so that the difference, the gap, certifies what was found whatever
found it. A finite slack of the sum is one more band, in which members and pixels are one over its
root.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from unmix.errors import UnmixError
from unmix.products import Products

Penalty = Literal["entries", "members"]


def duality_gap(
    found: Products, codes: Tensor, penalty: float, slack: float, over: Penalty
) -> float:
    """Objective of codes less a lower bound of the minimum, relative to the energy of the pixels.

    Parameters
    ----------
    found : Products
        Of pixels and library.
    codes : Tensor of shape (n_pixels, n_members)
        Nonnegative.
    penalty : float
        Positive.
    slack : float
        Of the sum of the abundances: positive, or infinity.
    over : {"entries", "members"}
        Whether each abundance is penalised (SUnSAL), or each member's norm over all pixels
        (CLSUnSAL) times the root of their number.

    Returns
    -------
    float
        From 0 (up to rounding), where the codes are optimal.

    Raises
    ------
    UnmixError
        If the penalty or the slack is not positive: then a residual is no point of the dual.

    Examples
    --------
    >>> from unmix.products import products
    >>> found = products(torch.tensor([[1.0, 0.0]]), torch.eye(2))
    >>> best, other = torch.tensor([[[0.75, 0.0]], [[0.5, 0.0]]]).double()
    >>> duality_gap(found, best, 0.25, torch.inf, "entries")
    0.0
    >>> duality_gap(found, other, 0.25, torch.inf, "entries") > 0.03
    True
    """
    if not (penalty > 0 and slack > 0):
        raise UnmixError(
            f"`penalty` is {penalty} and `slack` {slack}. Both must be positive for a duality gap."
        )
    band = 0.0 if math.isinf(slack) else 1 / slack
    gram, cross, energy = found.gram + band, found.cross + band, found.energy + band
    explained = torch.linalg.vecdot(codes, cross)
    rest = energy - 2 * explained + torch.linalg.vecdot(codes, codes @ gram)
    slope = cross - codes @ gram  # products of the residual and the members
    if over == "members":
        limit = penalty * math.sqrt(len(codes))
        penalised = limit * codes.norm(dim=0).sum()
        steepest = slope.clamp(min=0).norm(dim=0).amax()
        rest, explained, whole = rest.sum()[None], explained.sum()[None], energy.sum()
    else:
        limit, penalised = penalty, penalty * codes.sum()
        steepest, whole = slope.amax(dim=1), energy.sum()
    share = (limit / steepest.clamp(min=1e-300)).clamp(max=1)
    along = (energy.sum()[None] if over == "members" else energy) - explained
    share = torch.minimum(share, (along / rest.clamp(min=1e-300)).clamp(min=0))
    bound = share * along - share.square() * rest / 2
    return float((rest.sum() / 2 + penalised - bound.sum()) / whole)
