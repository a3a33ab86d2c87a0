"""Noise of each band, from what the other bands do not tell about it."""

from typing import NamedTuple

import torch
from torch import Tensor

from unmix.count.moments import RIDGE, Moments


class BandNoise(NamedTuple):
    """Noise and signal of every band, by regression on all other bands."""

    variance: Tensor
    """(n_bands,) Of the noise, for every band."""
    signal: Tensor
    """(n_bands, n_bands) Second moments of the spectra without their noise."""


def regression_noise(moments: Moments) -> BandNoise:
    """Split every band into what the other bands predict and noise.

    Reflectance changes slowly from band to band, noise does not: the residual of the least-squares
    regression of a band on all others is its noise. With ``C`` the inverse of the correlation
    matrix, the residuals are ``Y C diag(1 / C_bb)``, of variance ``1 / C_bb``; the regression used
    up ``n_bands - 1`` degrees of freedom, which is made up for.

    Parameters
    ----------
    moments : Moments

    Returns
    -------
    BandNoise

    References
    ----------
    Bioucas-Dias and Nascimento (2008), doi:10.1109/TGRS.2008.918089, section II.A (bands x pixels
    there, and without the correction for the degrees of freedom).
    """
    correlation = moments.correlation
    eye = torch.eye(moments.n_bands, dtype=torch.float64)
    ridge = RIDGE * correlation.diagonal().mean()
    inverse = torch.linalg.inv(correlation + ridge * eye)
    variance = (1 / inverse.diagonal()).clamp(min=ridge)
    predicted = eye - inverse * variance
    lost = moments.n_pixels / (moments.n_pixels - moments.n_bands + 1)
    return BandNoise(variance * lost, predicted.T @ correlation @ predicted)
