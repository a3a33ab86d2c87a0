"""What counts as near to a spectrum. Each gives one number for every pixel."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.networks.settings import Reconstruction

SMOOTHING = 1e-8
"""Under a root, so that its gradient stays finite at zero."""
EDGE = 1e-4
"""Reflectances nearer to 0 and 1 than this have the cross-entropy of this one."""


class Scale(NamedTuple):
    """What coordinates mean."""

    basis: Tensor
    """(n_bands, rank)"""
    size: float
    """Reflectance of a coordinate of one."""
    noise: float
    """Standard deviation of the noise in a coordinate."""


def squared(found: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """``|z - z_hat|^2``, relative to a usual spectrum."""
    return (found - target).square().sum(dim=1)


def likelihood(found: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """``|z - z_hat|^2 / (2 noise^2)``: minus the log-likelihood under white noise, in nats."""
    return (found - target).square().sum(dim=1) / (2 * scale.noise**2)


def robust(found: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """``|z - z_hat|``: the length of the residual, which odd pixels do not rule."""
    return ((found - target).square().sum(dim=1) + SMOOTHING).sqrt()


def angular(found: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """The spectral angle in radians (SAD), blind to brightness."""
    u, v = normalize(found, dim=1), normalize(target, dim=1)
    apart, along = ((u + sign * v).square().sum(dim=1) + SMOOTHING for sign in (-1, 1))
    return 2 * torch.atan2(apart.sqrt(), along.sqrt())


def cross_entropy(found: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """Mean over bands of ``y log(y / y_hat) + (1 - y) log((1 - y) / (1 - y_hat))``.

    Reflectances y, clipped to 0..1; zero where both are alike.
    """
    back = scale.size * scale.basis.T
    y_hat, y = ((z @ back).clamp(EDGE, 1 - EDGE) for z in (found, target))
    return (y * (y / y_hat).log() + (1 - y) * ((1 - y) / (1 - y_hat)).log()).mean(dim=1)


RECONSTRUCTIONS: dict[Reconstruction, Callable[[Tensor, Tensor, Scale], Tensor]] = {
    "squared": squared,
    "likelihood": likelihood,
    "robust": robust,
    "angular": angular,
    "cross_entropy": cross_entropy,
}
"""By name: from found and true coordinates (n_pixels, rank) to losses (n_pixels,)."""
