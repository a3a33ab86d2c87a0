"""Signals planted in noise, and fits that are quick."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from unmix import FitSettings


def plant(
    n_signals: int, *, sigma: float = 1e-3, n_pixels: int = 1500, n_bands: int = 40, seed: int = 0
) -> Tensor:
    """Sparse nonnegative mixtures of random spectra in white noise."""
    generator = torch.Generator().manual_seed(seed)
    spectra = torch.rand(n_signals, n_bands, generator=generator)
    amounts = torch.rand(n_pixels, n_signals, generator=generator) ** 6
    return amounts @ spectra + sigma * torch.randn(n_pixels, n_bands, generator=generator)


@pytest.fixture(scope="session")
def planted() -> Callable[..., Tensor]:
    return plant


@pytest.fixture(scope="session")
def varied() -> Tensor:
    """Three materials; every pixel's spectrum is off by a smooth shape of its own."""
    generator = torch.Generator().manual_seed(5)
    spectra = plant(3, sigma=1e-4)
    shapes = torch.randn(1, 12, spectra.shape[1], generator=generator)
    smooth = torch.nn.functional.avg_pool1d(shapes, 7, stride=1, padding=3)[0]
    return spectra * (1 + 0.02 * torch.randn(len(spectra), 12, generator=generator) @ smooth)


@pytest.fixture(scope="session")
def hasty() -> FitSettings:
    """As little work as finds the corners of easy mixtures."""
    return FitSettings(n_points=150, n_starts=6, n_steps=80)
