"""HySime: the signal subspace with the least squared error."""

import torch

from unmix.count.moments import Moments
from unmix.count.noise import regression_noise


def hysime(moments: Moments) -> int:
    """Dimension of the signal subspace, by hyperspectral signal identification by minimum error.

    A direction of the signal (eigenvector of the denoised spectra's correlation) belongs to the
    subspace if keeping it costs less than leaving it out: its noise power twice is less than the
    power of the spectra along it.

    Parameters
    ----------
    moments : Moments

    Returns
    -------
    int
        From 0 to n_bands.

    References
    ----------
    Bioucas-Dias and Nascimento (2008), doi:10.1109/TGRS.2008.918089, equation 17.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> mixed = torch.rand(500, 3, generator=generator) @ torch.rand(3, 20, generator=generator)
    >>> hysime(Moments.of(mixed + 1e-3 * torch.randn(500, 20, generator=generator)))
    3
    """
    noise = regression_noise(moments)
    directions = torch.linalg.eigh(noise.signal).eigenvectors
    power = torch.linalg.vecdot(directions, moments.correlation @ directions, dim=0)
    noise_power = noise.variance @ directions.square()
    return int((power > 2 * noise_power).sum())
