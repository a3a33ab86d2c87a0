"""A scene of a few members of a wide library."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor


class Planted(NamedTuple):
    """Pixels, the library, and which of its members the pixels mix in which amounts."""

    spectra: Tensor
    library: Tensor
    members: list[int]
    abundances: Tensor


def plant(
    seed: int = 0, *, noise: float = 0.002, light: float = 0.0, n_pixels: int = 200
) -> Planted:
    """Four of 30 smooth spectra on 40 bands, in pixels of three at the most."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0, 1, 40)
    at, wide = rng.random((30, 4)), rng.uniform(0.05, 0.3, (30, 4))
    bumps = np.exp(-(((axis - at[:, :, None]) / wide[:, :, None]) ** 2))
    library = 0.1 + (rng.uniform(0.05, 0.4, (30, 4))[:, :, None] * bumps).sum(axis=1)
    members = sorted(rng.choice(30, 4, replace=False).tolist())
    fractions = rng.dirichlet([0.5] * 4, n_pixels)
    fractions[fractions == fractions.min(axis=1, keepdims=True)] = 0
    fractions /= fractions.sum(axis=1, keepdims=True)
    brightness = rng.uniform(1 - light, 1 + light, (n_pixels, 1))
    spectra = brightness * fractions @ library[members]
    spectra = spectra + noise * rng.standard_normal(spectra.shape)
    abundances = np.zeros((n_pixels, 30))
    abundances[:, members] = brightness * fractions
    arrays = (torch.from_numpy(array) for array in (spectra, library, abundances))
    pixels, known, codes = arrays
    return Planted(pixels, known, members, codes)


@pytest.fixture(scope="session")
def planted_scene() -> Callable[..., Planted]:
    return plant


@pytest.fixture(scope="session")
def planted() -> Planted:
    return plant()
