"""Libraries of random spectra, and MESMA the plain way."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unmix.mesma import MesmaSettings
from unmix.mesma.search import TOLERANCE


def plain_mesma(
    pixel: np.ndarray,
    library: np.ndarray,
    class_of: list[int],
    settings: MesmaSettings,
    shade: np.ndarray,
) -> SimpleNamespace:
    """One pixel, one model after the other, each by least squares in the bands."""
    classes = sorted(set(class_of))
    none = np.full(len(classes), np.nan)
    kept = SimpleNamespace(fractions=none, shade=np.nan, rmse=np.inf, level=0, members=none)
    for level in settings.levels:
        best = SimpleNamespace(rmse=np.inf)
        for mixed in itertools.combinations(classes, level - 1):
            groups = [[i for i, c in enumerate(class_of) if c == k] for k in mixed]
            for members in itertools.product(*groups):
                design = (library[list(members)] - shade).T
                found, _, rank, _ = np.linalg.lstsq(design, pixel - shade, rcond=1e-5)
                residual = pixel - shade - design @ found
                rmse = np.sqrt(np.mean(residual**2))
                within = (
                    rank == level - 1
                    and found.min() >= settings.min_fraction - TOLERANCE
                    and found.max() <= settings.max_fraction + TOLERANCE
                    and 1 - found.sum() >= settings.min_shade - TOLERANCE
                    and 1 - found.sum() <= settings.max_shade + TOLERANCE
                )
                if within and rmse <= settings.max_rmse and rmse < best.rmse:
                    fractions, numbers = np.zeros(len(classes)), np.full(len(classes), -1)
                    fractions[list(mixed)], numbers[list(mixed)] = found, members
                    best = SimpleNamespace(
                        fractions=fractions,
                        shade=1 - found.sum(),
                        rmse=rmse,
                        level=level,
                        members=numbers,
                    )
        if np.isfinite(best.rmse) and kept.rmse - best.rmse >= settings.min_gain:
            kept = best
    return kept


@pytest.fixture(scope="session", name="plain_mesma")
def _plain_mesma() -> Callable[..., SimpleNamespace]:
    return plain_mesma


def bundles_and_pixels(
    seed: int, sizes: tuple[int, ...] = (3, 2, 4), n_bands: int = 12, n_pixels: int = 40
) -> tuple[torch.Tensor, list[int], torch.Tensor]:
    """Spectra of classes that vary, their classes, and shaded noisy mixtures of one of each."""
    rng = np.random.default_rng(seed)
    means = rng.random((len(sizes), n_bands)) * 0.6 + 0.05
    class_of = [k for k, size in enumerate(sizes) for _ in range(size)]
    library = means[class_of] * (1 + 0.15 * rng.standard_normal((len(class_of), n_bands)))
    groups = [[i for i, c in enumerate(class_of) if c == k] for k in range(len(sizes))]
    chosen = np.array([[rng.choice(group) for group in groups] for _ in range(n_pixels)])
    fractions = rng.dirichlet([0.4] * len(sizes), n_pixels) * rng.uniform(0.1, 1, (n_pixels, 1))
    pixels = np.einsum("pk,pkb->pb", fractions, library[chosen])
    pixels += rng.uniform(0, 0.03, (n_pixels, 1)) * rng.standard_normal(pixels.shape)
    return torch.from_numpy(library), class_of, torch.from_numpy(pixels)


@pytest.fixture(scope="session", name="bundles_and_pixels")
def _bundles_and_pixels() -> Callable[..., tuple[torch.Tensor, list[int], torch.Tensor]]:
    return bundles_and_pixels
