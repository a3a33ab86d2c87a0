"""The directions in which spectra carry more than noise."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unmix.count.moments import RIDGE, Moments
from unmix.count.noise import regression_noise
from unmix.endmembers.white_noise import median_of_noise, noise_edges

ROUNDS = 3
"""Times that the noise of the bands is measured anew beside the signal found."""
RARELY = 3.27
"""Quantile .999 of the Tracy-Widom distribution (beta = 1): noise exceeds it once in 1000."""


@dataclass(frozen=True)
class Subspace:
    """Signal subspace of spectra divided by the noise of their bands."""

    n_dimensions: int
    """How many directions carry signal: more endmembers than these cannot be told from noise."""
    noise: Tensor
    """(n_bands,) Standard deviation of the noise in every band."""
    directions: Tensor
    """(n_bands, n_dimensions) Orthonormal, for spectra divided by `noise`."""

    def denoised(self, spectra: Tensor) -> Tensor:
        """Spectra (n_spectra, n_bands) without what lies outside the subspace, in float64."""
        white = spectra.double() / self.noise
        return (white @ self.directions) @ self.directions.T * self.noise


def signal_subspace(moments: Moments) -> Subspace:
    """Signal subspace by the largest eigenvalue that noise alone could give.

    Divided by the noise of their bands, spectra of pure noise have eigenvalues inside the
    Marchenko-Pastur distribution, the largest of them near its edge by the law of Tracy and Widom.
    What exceeds it is signal, counted from the largest down; the level of the noise is the median
    of what remains. The noise of the bands is first that of the regression on the other bands,
    then that outside the subspace found.

    Parameters
    ----------
    moments : Moments

    Returns
    -------
    Subspace
        Of at most half as many dimensions as bands. A linear mixture of n materials in white
        noise has n, if they are common enough; spectral variability adds to them.

    References
    ----------
    Kritchman and Nadler (2008), doi:10.1016/j.chemolab.2008.06.002; for hyperspectral scenes
    Cawse-Nicholson et al. (2013), doi:10.1109/TIP.2012.2227765. The level from the median:
    Gavish and Donoho (2014), doi:10.1109/TIT.2014.2323359.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> mixed = torch.rand(500, 3, generator=generator) @ torch.rand(3, 20, generator=generator)
    >>> noise = torch.randn(500, 20, generator=generator)
    >>> [signal_subspace(Moments.of(mixed + s * noise)).n_dimensions for s in (1e-3, 0.1, 10)]
    [3, 3, 0]
    """
    found = _beside(moments, regression_noise(moments).variance.sqrt())
    for _ in range(ROUNDS):
        white = moments.divided_by(found.noise).correlation
        outside = torch.eye(moments.n_bands, dtype=torch.float64)
        outside = outside - found.directions @ found.directions.T
        left = torch.linalg.vecdot(outside @ white, outside) / outside.diagonal().clamp(min=RIDGE)
        found = _beside(moments, found.noise * left.clamp(min=RIDGE).sqrt())
    return found


def _beside(moments: Moments, noise: Tensor) -> Subspace:
    """Signal subspace for a given profile of the bands' noise, whose level is measured."""
    white = moments.divided_by(noise).correlation
    values, directions = torch.linalg.eigh(white)
    values = values.flip(0)
    n_dimensions, level = count_above_noise(values.clamp(min=RIDGE * values[0]), moments.n_pixels)
    return Subspace(n_dimensions, noise * level**0.5, directions.flip(1)[:, :n_dimensions])


def count_above_noise(eigenvalues: Tensor, n_pixels: int) -> tuple[int, float]:
    """How many eigenvalues are too large for white noise, and the variance of that noise.

    Parameters
    ----------
    eigenvalues : Tensor of shape (n_bands,)
        Of the second moments of n_pixels spectra, largest first.
    n_pixels : int
        More than n_bands.

    Returns
    -------
    int, float
    """
    n_bands = len(eigenvalues)
    for n in range(n_bands // 2):
        rest = n_bands - n
        level = float(eigenvalues[n:].median()) / median_of_noise(rest / n_pixels)
        if eigenvalues[n] <= level * _largest_of_noise(n_pixels, rest):
            return n, level
    return n_bands // 2, float(eigenvalues[n_bands // 2 :].median())


def _largest_of_noise(n_pixels: int, n_bands: int) -> float:
    """Largest eigenvalue that white noise of variance 1 rarely exceeds (Johnstone 2001)."""
    roots = n_pixels**0.5 + n_bands**0.5
    spread = roots / n_pixels * (n_pixels**-0.5 + n_bands**-0.5) ** (1 / 3)
    return noise_edges(n_bands / n_pixels)[1] + RARELY * spread
