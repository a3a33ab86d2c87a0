"""Convolutions along the bands: shapes of absorption features, wherever they lie."""

import math

import torch
from torch import Tensor, nn

WIDTH, STRIDE = 9, 4
"""Bands that a filter reads, and bands between two of its places."""
N_OUT = 16
"""Numbers that all filters at all places are summed up in."""


class SpectralFilters(nn.Module):
    """One-dimensional convolutions along the bands, rectified and summed up in a few numbers.

    Parameters
    ----------
    n_bands : int
    n_filters : int
    generator : torch.Generator

    References
    ----------
    Hu et al. (2015), doi:10.1155/2015/258619.
    """

    n_out = N_OUT

    def __init__(self, n_bands: int, n_filters: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width = min(WIDTH, n_bands)
        n_places = (n_bands - self.width) // STRIDE + 1
        self.weights = nn.Parameter(
            torch.randn(n_filters, 1, self.width, generator=generator) / math.sqrt(self.width)
        )
        self.bias = nn.Parameter(torch.zeros(n_filters))
        n_in = n_filters * n_places
        self.sums = nn.Parameter(
            torch.randn(n_in, self.n_out, generator=generator) * math.sqrt(2 / n_in)
        )

    def forward(self, coordinates: Tensor, basis: Tensor) -> Tensor:
        """Numbers (n, N_OUT, ...) of coordinates (n, rank, ...), by way of their spectra.

        Parameters
        ----------
        coordinates : Tensor of shape (n_pixels, rank) or (n_patches, rank, height, width)
        basis : Tensor of shape (n_bands, rank)
        """
        rows = coordinates.movedim(1, -1)
        spectra = (rows.reshape(-1, rows.shape[-1]) @ basis.T)[:, None]
        found = nn.functional.conv1d(spectra, self.weights, self.bias, stride=STRIDE).relu()
        sums = found.flatten(start_dim=1) @ self.sums
        return sums.reshape(*rows.shape[:-1], self.n_out).movedim(-1, 1)
