"""How noisy the unit spectrum of a dark pixel is."""

from collections.abc import Callable

import torch
from torch import Tensor

from unmix.abundances import nnls

N_CLASSES = 20
"""Classes of brightness in which the noise is looked at."""


def expected_residual(residual: Tensor, brightness: Tensor) -> Callable[[Tensor], Tensor]:
    """How long a residual of a unit spectrum is to be expected at a brightness.

    White noise weighs more the darker the pixel, what materials vary by does not:
    ``r^2 = a + b / brightness^2``, fitted to the medians of classes of brightness.

    Parameters
    ----------
    residual : Tensor of shape (n_pixels,)
        Lengths of the residuals of unit spectra.
    brightness : Tensor of shape (n_pixels,)
        Positive.

    Returns
    -------
    callable
        From brightness to the residual to be expected, never less for darker pixels.
    """
    classes = brightness.argsort().chunk(N_CLASSES)
    dark = torch.stack([brightness[part].median() ** -2 for part in classes])
    level = torch.stack([residual[part].median().square() for part in classes])
    design = torch.stack([torch.ones_like(dark), dark / dark.mean()])
    a, b = nnls(level[None] / level.mean().clamp(min=1e-30), design)[0].float() * level.mean()
    return lambda at: (a + b / (at.square() * dark.mean())).sqrt()
