"""What white noise looks like: the eigenvalues of its second moments.

Those of n_pixels spectra of pure white noise of variance 1 fill the Marchenko-Pastur distribution,
which depends on ``n_bands / n_pixels`` alone.

References
----------
Marchenko and Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.
"""

from functools import lru_cache

import torch


def noise_edges(ratio: float) -> tuple[float, float]:
    """Smallest and largest eigenvalue of white noise of variance 1, ``(1 -+ sqrt(ratio))^2``.

    Parameters
    ----------
    ratio : float
        Bands over pixels, from 0.

    Examples
    --------
    >>> noise_edges(0.25)
    (0.25, 2.25)
    """
    return (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2


@lru_cache(maxsize=1024)
def median_of_noise(ratio: float) -> float:
    """Median eigenvalue of white noise of variance 1.

    Parameters
    ----------
    ratio : float
        Bands over pixels, above 0, at most 1.

    Examples
    --------
    >>> round(median_of_noise(1e-4), 2), round(median_of_noise(1.0), 2)
    (1.0, 0.65)
    """
    low, high = noise_edges(ratio)
    angle = torch.linspace(0, torch.pi, 4001, dtype=torch.float64)
    angle = (angle[1:] + angle[:-1]) / 2
    values = (low + high) / 2 - (high - low) / 2 * angle.cos()
    mass = (angle.sin().square() / values).cumsum(dim=0)
    return float(values[torch.searchsorted(mass, mass[-1] / 2)])
