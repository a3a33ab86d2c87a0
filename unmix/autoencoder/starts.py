"""Where the restarts begin: half spread over the data, half at its corners."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.endmembers.vca import pick_extremes
from unmix.metrics import match_endmembers

WIDE, TIGHT = 3.0, 30.0
"""How fast the weight of a spectrum falls with its distance from a pick."""


def start_logits(
    points: Tensor, weights: Tensor, n_endmembers: int, n_starts: int, generator: torch.Generator
) -> Tensor:
    """Logits of archetypal weights around different picks of coreset points.

    The first half of the starts picks points as k-means++ does. The second half picks corners as
    VCA does, in the whitened affine chart of the cone, each from a random half of the points.

    Parameters
    ----------
    points : Tensor of shape (n_points, n_coordinates)
    weights : Tensor of shape (n_points,)
        Summing to one.
    n_endmembers, n_starts : int
    generator : torch.Generator
        On the CPU, whatever the device of the points.

    Returns
    -------
    Tensor of shape (n_starts, n_endmembers, n_points)
    """
    device = points.device
    points, weights = points.cpu(), weights.cpu()  # the same starts on every device
    chart = whitened_chart(points, weights, n_endmembers - 1)
    n_spread = n_starts // 2
    starts = []
    for start in range(n_starts):
        if start < n_spread:
            picks = _spread_picks(points, n_endmembers, generator)
        else:
            half = torch.randperm(len(points), generator=generator)
            half = half[: max(n_endmembers, len(points) // 2)]
            picks = half[pick_extremes(chart[half], n_endmembers, generator)]
        tight = start >= n_spread and start % 2 == 0
        distance = torch.cdist(points[picks], points).square()
        mean = distance.mean(dim=1, keepdim=True).clamp(min=1e-12)
        starts.append(-distance / mean * (TIGHT if tight else WIDE))
    return torch.stack(starts).to(device)


def beside_known(logits: Tensor, points: Tensor, known: Tensor) -> Tensor:
    """Starts without the picks that are most like known endmembers.

    Parameters
    ----------
    logits : Tensor of shape (n_starts, n_endmembers, n_points)
        Of `start_logits`, for all endmembers.
    points : Tensor of shape (n_points, n_coordinates)
    known : Tensor of shape (n_known, n_coordinates)

    Returns
    -------
    Tensor of shape (n_starts, n_endmembers - n_known, n_points)
    """
    if len(known) == 0:
        return logits
    kept = []
    for start in logits:
        taken = match_endmembers(points[start.argmax(dim=1)], known).to(start.device)
        free = torch.ones(len(start), dtype=torch.bool, device=start.device)
        free[taken] = False
        kept.append(start[free])
    return torch.stack(kept)


def whitened_chart(points: Tensor, weights: Tensor, n_dimensions: int) -> Tensor:
    """Affine coordinates of the cone through the points, with unit variance, and a constant.

    Parameters
    ----------
    points : Tensor of shape (n_points, n_coordinates)
    weights : Tensor of shape (n_points,)
        Summing to one.
    n_dimensions : int

    Returns
    -------
    Tensor of shape (n_points, n_dimensions + 1)
        ``points / (points . mean)``, centred and whitened; the last column is constant, at the
        root mean square distance from the centre.
    """
    mean = normalize(weights @ points, dim=0)
    affine = points / (points @ mean).clamp(min=1e-3)[:, None]
    affine = affine - weights @ affine
    variance, directions = torch.linalg.eigh((affine * weights[:, None]).T @ affine)
    keep = slice(len(variance) - n_dimensions, None)
    chart = affine @ directions[:, keep] / variance[keep].clamp(min=1e-12).sqrt()
    radius = chart.square().sum(dim=1).mean().sqrt()
    return torch.cat([chart, radius.expand(len(chart), 1)], dim=1)


def _spread_picks(points: Tensor, n_picks: int, generator: torch.Generator) -> Tensor:
    """Points far from one another: each drawn by its squared distance from those before."""
    distance = points.new_ones(len(points))
    picks = []
    for k in range(n_picks):
        reach = distance.double().cumsum(dim=0)
        chance = torch.rand(1, generator=generator, dtype=torch.float64).to(points.device)
        pick = torch.searchsorted(reach, chance * reach[-1]).clamp(max=len(points) - 1)[0]
        picks.append(pick)
        fresh = (points - points[pick]).square().sum(dim=1) + 1e-12
        distance = fresh if k == 0 else torch.minimum(distance, fresh)
    return torch.stack(picks)
