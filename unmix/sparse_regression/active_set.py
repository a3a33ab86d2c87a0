"""Nonnegative least squares with a linear penalty on libraries wider than the sensor has bands.

    min  x G x / 2 - (f - penalty) x + (sum(x) - 1)^2 / (2 slack)   over  x >= 0

is SUnSAL's problem: where x is nonnegative, the L1 norm is a linear term. Hundreds of spectra
depend on each other, but a pixel needs only some of them, so each pixel's support grows from
nothing: the member that lowers the objective fastest joins, what turns negative on the way to the
new minimum leaves (Lawson and Hanson 1974, doi:10.1137/1.9781611971217). The objective falls with
every step and there are finitely many supports, so that the end is the minimum. All pixels take
their steps together.
"""

import torch
from torch import Tensor

from unmix.quadratic import CHUNK_ELEMENTS
from unmix.supports import Systems, scale_of

TOLERANCE = 1e-9
"""How far an optimality condition may be missed, relative to the size of the pixel's products."""
MOST_STEPS = 20
"""Steps per member of the library, after which a pixel is left as it is; about one in ten members
takes part in practice."""


def solve_active_set(gram: Tensor, cross: Tensor, slack: float, penalty: float = 0.0) -> Tensor:
    """Solve the module's problem for every row f of ``cross``.

    Parameters
    ----------
    gram : Tensor of shape (n_members, n_members), float64
        ``A @ A.T`` of the library; of any rank.
    cross : Tensor of shape (n_pixels, n_members), float64
        ``Y @ A.T``.
    slack : float
        From 0 (the sum is one) to infinity (the sum is free).
    penalty : float
        From 0.

    Returns
    -------
    Tensor of shape (n_pixels, n_members), float64
        The minima; where members depend on each other, one of them.

    Examples
    --------
    >>> solve_active_set(torch.eye(3).double(), torch.tensor([[2.0, 0.5, -1.0]]).double(),
    ...                  torch.inf, penalty=0.75)
    tensor([[1.2500, 0.0000, 0.0000]], dtype=torch.float64)
    """
    scale = scale_of(gram)
    systems = Systems.of(gram / scale, slack * scale)
    chunks = ((cross - penalty) / scale).split(max(1, CHUNK_ELEMENTS // len(gram)))
    return torch.cat([_grow(systems, chunk) for chunk in chunks])


def _grow(systems: Systems, cross: Tensor) -> Tensor:
    """Supports that grow from the best single member, in all pixels at once."""
    tolerance = TOLERANCE * (cross.abs().amax(dim=1, keepdim=True) + 1e-30)
    support, x = _single(systems, cross)
    todo = torch.arange(len(cross), device=cross.device)
    for _ in range(MOST_STEPS * cross.shape[1]):
        x[todo], support[todo] = _descend(systems, cross[todo], x[todo], support[todo])
        gradient = systems.values(cross[todo], support[todo])
        gradient = torch.where(support[todo], 0.0, gradient) + tolerance[todo]
        steepest = gradient.argmin(dim=1, keepdim=True)
        left = gradient.gather(1, steepest)[:, 0] < 0
        todo, steepest = todo[left], steepest[left]
        if len(todo) == 0:
            break
        support[todo] = support[todo].scatter(1, steepest, True)
    return x


def _single(systems: Systems, cross: Tensor) -> tuple[Tensor, Tensor]:
    """Supports and solutions with the one member that fits best; a sum of one is kept from here."""
    diagonal = systems.gram.diagonal()
    free = 1 / systems.slack if systems.slack > 0 else 0.0
    if systems.slack == 0:
        alone = torch.ones_like(cross)
    else:
        alone = ((cross + free) / (diagonal + free)).clamp(min=0)
    objective = alone * (alone * diagonal / 2 - cross) + free * (alone - 1).square() / 2
    support = torch.nn.functional.one_hot(objective.argmin(dim=1), cross.shape[1]).bool()
    support &= alone > 0
    return support, alone * support


def _descend(systems: Systems, cross: Tensor, x: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
    """Minima on the supports, less the members that reach zero on the way there."""
    x, support = x.clone(), support.clone()
    todo = torch.arange(len(cross), device=cross.device)
    while len(todo):
        here = support[todo]
        target = torch.where(here, systems.values(cross[todo], here), 0.0)
        low = here & (target <= 0)
        inside = ~low.any(dim=1)
        x[todo[inside]] = target[inside]
        todo, here, target, low = (part[~inside] for part in (todo, here, target, low))
        before = x[todo]
        way = torch.where(low, before / (before - target).clamp(min=1e-300), torch.inf)
        share = way.amin(dim=1, keepdim=True).clamp(max=1)
        moved = before + share * (target - before)
        stays = here & ~(low & (way <= share))
        x[todo], support[todo] = torch.where(stays, moved, 0.0).clamp(min=0), stays
    return x, support
