"""Mixtures whose truth is known, and models that are quick to learn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from unmix import FitSettings, Unmixer


@dataclass(frozen=True)
class Mixture:
    """Spectra = brightness x abundances @ endmembers + noise, with the truth beside them."""

    spectra: Tensor
    endmembers: Tensor
    abundances: Tensor
    brightness: Tensor


MixtureMaker = Callable[..., Mixture]


def make_mixture(
    seed: int = 0,
    *,
    n_endmembers: int = 4,
    n_bands: int = 50,
    n_pixels: int = 900,
    n_pure: int = 12,
    snr_db: float | None = None,
    shade: float = 0.0,
) -> Mixture:
    """Smooth materials, Dirichlet abundances, `n_pure` pure pixels of each, in random order."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0, 1, n_bands)

    def material() -> np.ndarray:
        bumps = zip(rng.random(3), rng.uniform(0.06, 0.3, 3), rng.uniform(0.1, 0.5, 3), strict=True)
        return 0.08 + sum(height * np.exp(-(((axis - at) / wide) ** 2)) for at, wide, height in bumps)

    endmembers = np.array([material() for _ in range(n_endmembers)])
    pure = np.repeat(np.eye(n_endmembers), n_pure, axis=0)
    mixed = rng.dirichlet([0.5] * n_endmembers, n_pixels - len(pure))
    abundances = rng.permutation(np.concatenate([pure, mixed]))
    brightness = rng.uniform(1 - shade, 1 + shade, n_pixels)
    spectra = brightness[:, None] * (abundances @ endmembers)
    if snr_db is not None:
        sigma = np.sqrt((spectra**2).mean() / 10 ** (snr_db / 10))
        spectra = spectra + sigma * rng.standard_normal(spectra.shape)
    arrays = (spectra, endmembers, abundances, brightness)
    return Mixture(*(torch.as_tensor(array, dtype=torch.float32) for array in arrays))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The tensors here are small: a second thread only waits for the first."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def mixture_of() -> MixtureMaker:
    return make_mixture


@pytest.fixture(scope="session")
def known_mixture() -> Mixture:
    """Noise free, with pure pixels of each of its 4 materials, all equally bright."""
    return make_mixture(0)


@pytest.fixture(scope="session")
def noisy_mixture() -> Mixture:
    """The same at 30 dB."""
    return make_mixture(0, snr_db=30)


@pytest.fixture(scope="session")
def quick() -> FitSettings:
    """A tenth of the work, for laws that do not depend on how well the learning went."""
    return FitSettings(n_points=100, n_starts=4, n_steps=60)


@pytest.fixture(scope="session")
def fitted(known_mixture: Mixture, quick: FitSettings) -> Unmixer:
    """A fitted model, to be looked at only."""
    return Unmixer(4, settings=quick).fit(known_mixture.spectra)
