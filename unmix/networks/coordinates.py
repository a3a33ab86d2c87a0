"""The few coordinates in which a network sees spectra."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

MOST = 32
"""Coordinates at most; where a scene's noise is white, far fewer stand out of it."""
MARGIN = 1.05
"""A direction stands out of white noise if its variance is this much above what noise reaches."""
N_ROUNDS = 8
"""Most rounds between the number of directions and the noise that they leave."""
TINY = 1e-6
"""Noise of a scene that has none, relative to a usual spectrum: float32 resolves no less."""


@dataclass(frozen=True)
class Coordinates:
    """Principal directions of the spectra (not centred), and the noise that they leave."""

    basis: Tensor
    """(n_bands, rank) Orthonormal columns."""
    size: float
    """Length of a usual spectrum: coordinates are in this unit."""
    noise: float
    """Standard deviation of white noise in each coordinate, in the same unit."""

    def of(self, spectra: Tensor) -> Tensor:
        """Coordinates (n_spectra, rank) of spectra (n_spectra, n_bands)."""
        return spectra @ self.basis / self.size

    def spectra(self, coordinates: Tensor) -> Tensor:
        """Spectra (n_spectra, n_bands) of coordinates: a projection of those they came from."""
        return coordinates @ self.basis.T * self.size


def find_coordinates(pixels: Tensor, least: int) -> Coordinates:
    """Look for the directions that stand out of white noise.

    The largest variance of pure noise is ``sigma^2 (1 + sqrt(n_bands / n_pixels))^2``.

    Parameters
    ----------
    pixels : Tensor of shape (n_pixels, n_bands)
        Finite.
    least : int
        Coordinates at least, as far as there are bands.

    Returns
    -------
    Coordinates
        In float32.

    References
    ----------
    Marchenko and Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.
    """
    n_pixels, n_bands = pixels.shape
    wide = pixels.double().cpu()
    variances, directions = torch.linalg.eigh(wide.T @ wide / n_pixels)
    variances, directions = variances.flip(0).clamp(min=0), directions.flip(1)
    edge = MARGIN * (1 + math.sqrt(n_bands / n_pixels)) ** 2
    rank = n_bands // 2
    for _ in range(N_ROUNDS):
        noise = float(variances[rank:].mean()) if rank < n_bands else float(variances[-1])
        found = int((variances > edge * noise).sum())
        if found == rank:
            break
        rank = found
    rank = max(min(least, n_bands), min(rank, MOST))
    noise = float(variances[rank:].mean()) if rank < n_bands else float(variances[-1])
    basis = directions[:, :rank]
    basis = basis * torch.where(basis.sum(dim=0) < 0, -1.0, 1.0)  # eigh leaves the sign open
    size = float(wide.norm(dim=1).median())
    return Coordinates(
        basis.float().to(pixels.device).contiguous(), size, max(math.sqrt(noise) / size, TINY)
    )
