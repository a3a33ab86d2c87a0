"""What keeps codes sparse or smooth."""

import torch
from torch import Tensor

from unmix.networks.settings import Penalties

TINY = 1e-6
"""Under roots and logarithms."""


def rate_divergence(codes: Tensor, rate: float) -> Tensor:
    """Sum over units of ``KL(rate || mean activation)``, both as chances of being active.

    Parameters
    ----------
    codes : Tensor of shape (n_pixels, n_codes)
        From 0 to 1.
    rate : float

    Returns
    -------
    Tensor of shape ()
        0 where every unit's mean is the rate.

    References
    ----------
    Ng (2011), "Sparse autoencoder", CS294A lecture notes, section 3.

    Examples
    --------
    >>> rate_divergence(torch.full((4, 3), 0.05), 0.05)
    tensor(0.)
    """
    mean = codes.mean(dim=0).clamp(TINY, 1 - TINY)
    wanted = torch.as_tensor(rate, dtype=mean.dtype)
    absent = (1 - wanted) * ((1 - wanted) / (1 - mean)).log()
    return (wanted * (wanted / mean).log() + absent).sum()


def sparsity(codes: Tensor, weights: Penalties) -> Tensor:
    """All penalties on codes (n_pixels, n_codes), added up by their weights."""
    total = codes.new_zeros(())
    if weights.kl > 0:
        total = total + weights.kl * rate_divergence(codes, weights.activation_rate)
    if weights.l1 > 0:
        total = total + weights.l1 * codes.sum(dim=1).mean()
    if weights.l2 > 0:
        total = total + weights.l2 * codes.square().sum(dim=1).mean()
    if weights.l_half > 0:
        roots = (codes + TINY).sqrt() - TINY**0.5
        total = total + weights.l_half * roots.sum(dim=1).mean()
    return total


def roughness(maps: Tensor, valid: Tensor) -> Tensor:
    """Mean sum over codes of the absolute difference between neighbours (total variation).

    Parameters
    ----------
    maps : Tensor of shape (n_patches, height, width, n_codes)
    valid : Tensor of shape (n_patches, height, width), bool
        Pairs with an invalid pixel do not count.

    Returns
    -------
    Tensor of shape ()

    References
    ----------
    Iordache et al. (2012), doi:10.1109/TGRS.2012.2191590.

    Examples
    --------
    >>> stripes = torch.tensor([[0.0, 1.0], [0.0, 1.0]]).reshape(1, 2, 2, 1)
    >>> roughness(stripes, torch.ones(1, 2, 2, dtype=torch.bool))
    tensor(0.5000)
    """
    down = (maps[:, 1:] - maps[:, :-1]).abs().sum(dim=-1)
    across = (maps[:, :, 1:] - maps[:, :, :-1]).abs().sum(dim=-1)
    down_seen = valid[:, 1:] & valid[:, :-1]
    across_seen = valid[:, :, 1:] & valid[:, :, :-1]
    n_pairs = (down_seen.sum() + across_seen.sum()).clamp(min=1)
    return ((down * down_seen).sum() + (across * across_seen).sum()) / n_pairs
