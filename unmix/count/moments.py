"""The sums over pixels that every statistical count starts from."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from unmix.errors import UnmixError

CHUNK_ROWS = 8192
LEAST_BANDS = 4
RIDGE = 1e-12
"""Added to the diagonal, relative to its mean, where a matrix must be inverted."""


@dataclass(frozen=True)
class Moments:
    """First and second moments of spectra, in float64."""

    n_pixels: int
    mean: Tensor
    """(n_bands,)"""
    correlation: Tensor
    """(n_bands, n_bands) ``Y.T @ Y / n_pixels``, about zero."""

    @classmethod
    def of(cls, spectra: Tensor) -> Self:
        """Moments of spectra.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)
            Finite; more pixels than bands.

        Returns
        -------
        Moments

        Raises
        ------
        UnmixError
            If there are fewer than 4 bands, or no more pixels than bands, or a band is black.

        Examples
        --------
        >>> moments = Moments.of(torch.arange(20.0).reshape(5, 4))
        >>> moments.mean
        tensor([ 8.,  9., 10., 11.], dtype=torch.float64)
        """
        check_spectra(spectra)
        n_pixels, n_bands = spectra.shape
        total = torch.zeros(n_bands, dtype=torch.float64, device=spectra.device)
        products = torch.zeros(n_bands, n_bands, dtype=torch.float64, device=spectra.device)
        for part in spectra.split(CHUNK_ROWS):
            wide = part.double()
            total += wide.sum(dim=0)
            products += wide.T @ wide
        if not (products.diagonal() > 0).all():
            dark = int((products.diagonal() <= 0).sum())
            raise UnmixError(
                f"Zero in every pixel: {dark} of {n_bands} bands. Leave such out: mark them as "
                "bad in the header (bbl), or drop their columns."
            )
        return cls(n_pixels, (total / n_pixels).cpu(), (products / n_pixels).cpu())

    @property
    def n_bands(self) -> int:
        """Number of bands."""
        return len(self.mean)

    @property
    def covariance(self) -> Tensor:
        """(n_bands, n_bands) About the mean."""
        return self.correlation - torch.outer(self.mean, self.mean)

    def divided_by(self, scale: Tensor) -> "Moments":
        """Moments of the same spectra with every band divided by its scale (n_bands,)."""
        return Moments(
            self.n_pixels, self.mean / scale, self.correlation / torch.outer(scale, scale)
        )


def check_spectra(spectra: Tensor) -> None:
    """Refuse spectra that are too few to count in.

    Raises
    ------
    UnmixError
        If they are not rows of at least 4 bands, more rows than bands, all finite.
    """
    if spectra.ndim != 2 or spectra.shape[1] < LEAST_BANDS:
        raise UnmixError(
            f"Counting needs spectra (n_pixels, n_bands) of at least {LEAST_BANDS} bands. "
            f"Got shape {tuple(spectra.shape)}."
        )
    n_pixels, n_bands = spectra.shape
    if n_pixels <= n_bands:
        raise UnmixError(
            f"Counting needs more pixels than bands, to tell signal from noise. Got {n_pixels} "
            f"valid pixels of {n_bands} bands. Take a larger part of the scene, or fewer bands."
        )
    if not spectra.isfinite().all():
        raise UnmixError(
            "Spectra contain NaN or infinite values. Leave invalid pixels out before counting."
        )
