"""What a scene shows of the errors of its abundances, beside the pixel that is read."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.brightness import BrightnessPrior
from unmix.metrics import spectral_angle
from unmix.stability import TINY_ANGLE, separation

SAMPLE = 1000
"""Pixels whose residuals are compared; half a million pairs."""
EXTRAPOLATED = 0.1
"""Standard deviation of an endmember outside the data, relative to its way from the mean pixel: the
median error of simulated scenes without pure pixels (purity 0.5 to 0.9, 25 to 35 dB). How pure the
purest pixels are says no more, since it is read with the very endmembers that are in doubt."""


class Residuals(NamedTuple):
    """What the endmembers leave of the pixels of a scene."""

    level: float
    """Squared length of the residual of a usual pixel."""
    n_dimensions: float
    """Dimensions that it is spread over: as many as bands for white noise, few where materials vary
    in a few ways. The mean squared cosine between residuals of different pixels, inverted."""


class ErrorSources(NamedTuple):
    """All that the uncertainty of abundances comes from; see `unmix.uncertainty`."""

    prior: BrightnessPrior
    residuals: Residuals
    shifts: Tensor
    """(n_samples, n_endmembers, n_endmembers) ``E @ (E_b - E).T``, float64: see `shifts_of`."""
    extrapolation: Tensor
    """(n_endmembers, n_endmembers) float64: see `extrapolation_of`."""


def learn_residuals(spectra: Tensor, endmembers: Tensor, codes: Tensor) -> Residuals:
    """Learn how large residuals are and how many dimensions they take.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    endmembers : Tensor of shape (n_endmembers, n_bands)
    codes : Tensor of shape (n_pixels, n_endmembers)
        Nonnegative least-squares codes of the pixels.

    Returns
    -------
    Residuals

    Examples
    --------
    >>> noise = torch.randn(500, 40, generator=torch.Generator().manual_seed(0))
    >>> found = learn_residuals(noise, torch.ones(2, 40), torch.zeros(500, 2))
    >>> round(found.level), round(found.n_dimensions)
    (40, 40)
    """
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(spectra), generator=generator)[:SAMPLE].to(spectra.device)
    rest = spectra[chosen].double() - codes[chosen].double() @ endmembers.double()
    direction = normalize(rest, dim=1)
    squared_cosine = (direction @ direction.T).square().fill_diagonal_(0)
    n_pairs = max(1, len(rest) * (len(rest) - 1))
    share = float(squared_cosine.sum()) / n_pairs
    n_dimensions = 1 / min(max(share, 1 / spectra.shape[1]), 1.0)
    median_of_chi2 = (1 - 2 / (9 * n_dimensions)) ** 3  # Wilson and Hilferty, relative to the mean
    level = float(rest.square().sum(dim=1).median()) / median_of_chi2 if len(rest) else 0.0
    return Residuals(level, n_dimensions)


def shifts_of(endmembers: Tensor, samples: Tensor) -> Tensor:
    """How refits move the endmembers, in the endmembers' own products.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
    samples : Tensor of shape (n_samples, n_endmembers, n_bands)
        Of `unmix.stability.resample_endmembers`.

    Returns
    -------
    Tensor of shape (n_samples, n_endmembers, n_endmembers), float64
        ``E @ (E_b - E).T``. A shift by more than half the angle to the endmember most like it is
        shortened to that: what lies farther off is another material found instead, which lowers
        the stability, not the same material misread.
    """
    angle = spectral_angle(samples, endmembers).clamp(min=TINY_ANGLE)
    part = (separation(endmembers) / 2 / angle).clamp(max=1)
    moved = (samples.double() - endmembers.double()) * part.double()[:, :, None]
    return endmembers.double() @ moved.transpose(1, 2)


def extrapolation_of(endmembers: Tensor, n_members: Tensor, mean_fractions: Tensor) -> Tensor:
    """How far endmembers may be off that lie outside the data.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
    n_members : Tensor of shape (n_endmembers,)
        Pixels that each is the mean of; 0 for one outside the data.
    mean_fractions : Tensor of shape (n_endmembers,)
        Of the pixels that the endmembers were learned from.

    Returns
    -------
    Tensor of shape (n_endmembers, n_endmembers), float64
        ``E @ D.T``, where each row of D is one standard deviation of an endmember: a part of its
        way from the mean pixel. Zero for a mean of pixels.
    """
    wide = endmembers.double()
    way = wide - mean_fractions.double() @ wide
    return wide @ (EXTRAPOLATED * (n_members == 0)[:, None] * way).T
