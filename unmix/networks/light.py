"""How bright a mixture is under the light of a pixel."""

import math

from torch import Tensor


def brightness(target: Tensor, mixture: Tensor, slack: float) -> Tensor:
    """The most probable factor between a mixture and a pixel.

    ``s = (z . m + slack) / (m . m + slack)`` maximises the likelihood of white noise under
    ``s ~ N(1, noise^2 / slack)``; see `unmix.brightness`.

    Parameters
    ----------
    target, mixture : Tensor of shape (n_pixels, rank)
    slack : float
        0 for any brightness, infinity for a brightness of one.

    Returns
    -------
    Tensor of shape (n_pixels, 1)
        From 0.

    Examples
    --------
    >>> import torch
    >>> mixture = torch.tensor([[3.0, 4.0]])
    >>> brightness(2 * mixture, mixture, 0.0), brightness(2 * mixture, mixture, 25.0)
    (tensor([[2.]]), tensor([[1.5000]]))
    """
    along = (target * mixture).sum(dim=1, keepdim=True)
    if math.isinf(slack):
        return along * 0 + 1
    energy = mixture.square().sum(dim=1, keepdim=True)
    return ((along + slack) / (energy + slack).clamp(min=1e-12)).clamp(min=0)
