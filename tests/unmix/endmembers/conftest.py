"""Planted simplices: mixtures whose corners are known."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from unmix.metrics import match_endmembers, spectral_angle


class Planted(NamedTuple):
    """Mixed spectra and their truth, float64."""

    spectra: Tensor
    """(n_pixels, n_bands)"""
    endmembers: Tensor
    """(n_endmembers, n_bands)"""
    abundances: Tensor
    """(n_pixels, n_endmembers)"""

    def angle(self, found: Tensor) -> float:
        """Mean spectral angle of endmembers found, after the best assignment."""
        found = found.double()
        order = match_endmembers(found, self.endmembers)
        return float(spectral_angle(found[order], self.endmembers).mean())


def planted(
    seed: int,
    n: int = 4,
    n_bands: int = 30,
    n_pixels: int = 1200,
    purity: float = 1.0,
    snr_db: float = float("inf"),
) -> Planted:
    """Pixels on the edges and faces of a simplex; none purer than asked for.

    With a purity of one the first pixels are the endmembers themselves.
    """
    generator = torch.Generator().manual_seed(seed)
    endmembers = 0.05 + 0.9 * torch.rand(n, n_bands, generator=generator, dtype=torch.float64)
    draw = torch.rand(n_pixels, n, generator=generator, dtype=torch.float64)
    present = draw >= draw.sort(dim=1, descending=True).values[:, min(n, 3) - 1 : min(n, 3)]
    amounts = -torch.rand(n_pixels, n, generator=generator, dtype=torch.float64).log() * present
    abundances = amounts / amounts.sum(dim=1, keepdim=True)
    excess = (abundances - purity).clamp(min=0)
    runner_up = torch.nn.functional.one_hot(abundances.argsort(dim=1)[:, -2], n)
    abundances = abundances - excess + excess.sum(dim=1, keepdim=True) * runner_up
    if purity == 1:
        abundances[:n] = torch.eye(n, dtype=torch.float64)
    spectra = abundances @ endmembers
    sigma = (spectra.square().mean() / 10 ** (snr_db / 10)).sqrt()
    noise = torch.randn(spectra.shape, generator=generator, dtype=torch.float64)
    return Planted(spectra + sigma * noise, endmembers, abundances)


@pytest.fixture(scope="session", name="planted")
def _planted():
    """Makes planted simplices."""
    return planted
