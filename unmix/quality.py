"""How well a pixel is explained: what a map of abundances must not be read without."""

import torch
from torch import Tensor

from unmix.abundances import unconstrained
from unmix.products import Products

QUALITY_BANDS = ("residual RMSE", "residual angle", "brightness", "share outside [0, 1]")
QUALITY_UNITS = ("", "radian", "1", "1")
"""The residual is in the unit of the scene."""


def pixel_quality(found: Products, codes: Tensor, brightness: Tensor) -> Tensor:
    """Four measures of every pixel, in the order of `QUALITY_BANDS`.

    Parameters
    ----------
    found : Products
        Of pixels and endmembers.
    codes : Tensor of shape (n_pixels, n_endmembers)
        The nonnegative least-squares codes of the pixels.
    brightness : Tensor of shape (n_pixels,)
        From the reading of the abundances; 0 where there are none.

    Returns
    -------
    Tensor of shape (n_pixels, 4), float32
        * Root mean square over bands of what the best nonnegative mixture leaves, in the unit of
          the spectra.
        * Angle between the pixel and that mixture, in radians.
        * The brightness: 1 means as bright as the endmembers.
        * Share of the endmembers whose fraction, fitted without constraints and divided by the
          sum, lies outside [0, 1]. Where it is high, the endmembers do not fit the pixel, and
          the constraints hide it.

        NaN where no endmember explains the pixel, as its fractions are.

    Examples
    --------
    >>> from unmix.abundances import nonnegative
    >>> from unmix.products import products
    >>> endmembers = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> found = products(torch.tensor([[0.5, 0.5, 0.3]]), endmembers)
    >>> pixel_quality(found, nonnegative(found), torch.ones(1))[0, 0]
    tensor(0.1732)
    """
    # The best mixture stands at a right angle to what it leaves: |y|^2 = |mixture|^2 + |rest|^2.
    explained = torch.linalg.vecdot(codes, found.cross).clamp(min=0)
    rest = (found.energy - explained).clamp(min=0)
    free = unconstrained(found)
    total = free.sum(dim=1, keepdim=True)
    fractions = free / torch.where(total != 0, total, 1)
    outside = ((fractions < 0) | (fractions > 1)).double().mean(dim=1)
    measures = [
        (rest / found.n_bands).sqrt(),
        torch.atan2(rest.sqrt(), explained.sqrt()),
        brightness,
        outside,
    ]
    quality = torch.stack([m.float() for m in measures], dim=1)
    return torch.where(brightness[:, None] > 0, quality, torch.nan)
