"""ELM: the count that makes the eigenvalues of the rest most likely to be noise."""

import torch

from unmix.count.hfc import eigenvalue_differences
from unmix.count.moments import Moments


def eigenvalue_likelihood(moments: Moments) -> int:
    """Number of endmembers by eigenvalue likelihood maximisation (ELM).

    The differences ``z_i`` of the eigenvalues of the correlation and the covariance matrix are
    Gaussian with variance ``s_i^2 = 2 (l_i^2 + k_i^2) / n_pixels`` about zero where there is only
    noise. The count is the index after which their joint log-likelihood,
    ``- sum_{i > n} (z_i^2 / (2 s_i^2) + log s_i)``, is largest.

    The second term depends on the unit; spectra are taken in units of their root mean square here,
    so that the count does not.

    Parameters
    ----------
    moments : Moments

    Returns
    -------
    int
        From 0 to n_bands - 1.

    References
    ----------
    Luo, Chanussot, Doute and Zhang (2013), doi:10.1109/LGRS.2012.2189934.
    """
    power = moments.correlation.diagonal().mean()
    in_units = moments.divided_by(power.sqrt().expand(moments.n_bands))
    difference, deviation = eigenvalue_differences(in_units)
    deviation = deviation.clamp(min=torch.finfo(torch.float64).tiny)
    terms = -(difference / deviation).square() / 2 - deviation.log()
    return int(terms.flip(0).cumsum(dim=0).flip(0).argmax())
