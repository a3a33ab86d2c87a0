"""Virtual dimensionality: eigenvalues that a mean makes larger than noise could."""

import torch
from scipy.special import ndtri
from torch import Tensor

from unmix.count.moments import Moments
from unmix.count.noise import regression_noise
from unmix.errors import UnmixError


def hfc(moments: Moments, false_alarm: float) -> int:
    """Virtual dimensionality by the test of Harsanyi, Farrand and Chang.

    Where there is only noise, of zero mean, the eigenvalues of the correlation matrix and of the
    covariance matrix agree; where there is signal, the former are larger. Each pair is tested for
    a difference of zero at the given false-alarm probability.

    Parameters
    ----------
    moments : Moments
    false_alarm : float
        Probability that a direction of pure noise is counted, between 0 and 1; 1e-3, 1e-4 and
        1e-5 are customary.

    Returns
    -------
    int
        From 0 to n_bands.

    Raises
    ------
    UnmixError
        If the probability is not between 0 and 1.

    References
    ----------
    Chang and Du (2004), doi:10.1109/TGRS.2003.819189, section III.A.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> noise = torch.randn(500, 20, generator=generator)
    >>> hfc(Moments.of(noise), 1e-5), hfc(Moments.of(5 + noise), 1e-5)
    (0, 1)
    """
    if not 0 < false_alarm < 1:
        raise UnmixError(f"`false_alarm` must be between 0 and 1. Got {false_alarm}.")
    difference, deviation = eigenvalue_differences(moments)
    return int((difference > -float(ndtri(false_alarm)) * deviation).sum())


def nwhfc(moments: Moments, false_alarm: float) -> int:
    """Virtual dimensionality of spectra whose bands are divided by their noise first.

    Parameters
    ----------
    moments : Moments
    false_alarm : float
        As for `hfc`.

    Returns
    -------
    int

    Raises
    ------
    UnmixError
        If the probability is not between 0 and 1.

    References
    ----------
    Chang and Du (2004), doi:10.1109/TGRS.2003.819189, section III.B (noise-whitened HFC).
    """
    return hfc(moments.divided_by(regression_noise(moments).variance.sqrt()), false_alarm)


def eigenvalue_differences(moments: Moments) -> tuple[Tensor, Tensor]:
    """What the mean adds to each eigenvalue, and the standard deviation of that in pure noise.

    Parameters
    ----------
    moments : Moments

    Returns
    -------
    Tensor of shape (n_bands,)
        Eigenvalue of the correlation matrix less that of the covariance matrix, ``l_i - k_i``,
        largest eigenvalues first.
    Tensor of shape (n_bands,)
        ``sqrt(2 (l_i^2 + k_i^2) / n_pixels)``.

    References
    ----------
    Chang and Du (2004), doi:10.1109/TGRS.2003.819189, section III.A.
    """
    of_correlation = torch.linalg.eigvalsh(moments.correlation).flip(0)
    of_covariance = torch.linalg.eigvalsh(moments.covariance).flip(0)
    energy = of_correlation.square() + of_covariance.square()
    return of_correlation - of_covariance, (2 / moments.n_pixels * energy).sqrt()
