"""Refits on resampled pixels, and the scores drawn from them."""

import math

import pytest
import torch
from torch import Tensor

from unmix.autoencoder.fit import fit_endmembers
from unmix.autoencoder.settings import FitSettings
from unmix.stability import (
    doubts,
    quick_settings,
    resample_endmembers,
    separation,
    stability_scores,
)

QUICK = FitSettings(n_points=60, n_starts=2, n_steps=20)


def _learn(spectra: Tensor, generator: torch.Generator) -> Tensor:
    return fit_endmembers(spectra, 3, QUICK, generator).spectra


def _scene(noise: float, n_pixels: int = 500) -> tuple[Tensor, Tensor]:
    """Pixels of three materials, many of them pure, and the materials."""
    generator = torch.Generator().manual_seed(5)
    endmembers = torch.rand(3, 30, generator=generator) * 0.8 + 0.1
    fractions = torch.rand(n_pixels, 3, generator=generator) ** 4
    fractions[:150] = torch.eye(3).repeat(50, 1)
    fractions = fractions / fractions.sum(dim=1, keepdim=True)
    pixels = fractions @ endmembers
    return pixels + noise * torch.randn(pixels.shape, generator=generator), endmembers


def _refits(noise: float, n_samples: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    spectra, endmembers = _scene(noise)
    generator = torch.Generator().manual_seed(seed)
    return endmembers, resample_endmembers(spectra, endmembers, _learn, generator, n_samples)


def test_resample_endmembers_finds_clear_materials_again_in_their_order() -> None:
    endmembers, samples = _refits(noise=1e-3)
    assert samples.shape == (3, 3, 30)
    assert bool((stability_scores(endmembers, samples) > 0.95).all())


def test_resample_endmembers_is_the_same_for_the_same_seed_and_differs_for_another() -> None:
    _, samples = _refits(noise=0.01, n_samples=1)
    assert torch.equal(samples, _refits(noise=0.01, n_samples=1)[1])
    assert not torch.equal(samples, _refits(noise=0.01, n_samples=1, seed=1)[1])


def test_resample_endmembers_tells_its_progress_and_can_take_no_sample() -> None:
    spectra, endmembers = _scene(noise=1e-3)
    generator = torch.Generator().manual_seed(0)
    shares: list[float] = []
    resample_endmembers(spectra, endmembers, _learn, generator, 2, shares.append)
    assert shares == [0.5, 1.0]
    assert resample_endmembers(spectra, endmembers, _learn, generator, 0).shape == (0, 3, 30)


def test_stability_falls_with_the_noise() -> None:
    quiet, loud = (stability_scores(*_refits(noise)).mean() for noise in (1e-3, 0.1))
    assert loud < quiet - 0.02


def test_stability_is_one_for_copies_and_ignores_brightness() -> None:
    endmembers = _scene(0.0)[1]
    samples = torch.stack([endmembers, 0.5 * endmembers, 3 * endmembers])
    torch.testing.assert_close(
        stability_scores(endmembers, samples), torch.ones(3), atol=1e-5, rtol=0
    )


def test_stability_is_zero_where_a_refit_gives_the_neighbour() -> None:
    endmembers = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.3, 0.0], [0.0, 0.0, 1.0]])
    samples = endmembers[None, [1, 0, 2]]
    assert stability_scores(endmembers, samples).tolist() == pytest.approx([0, 0, 1], abs=1e-5)


def test_stability_is_permuted_with_the_endmembers() -> None:
    endmembers, samples = _refits(noise=0.05)
    order = [2, 0, 1]
    torch.testing.assert_close(
        stability_scores(endmembers[order], samples[:, order]),
        stability_scores(endmembers, samples)[order],
    )


def test_stability_of_equal_endmembers_is_a_number() -> None:
    endmembers = torch.ones(2, 4)
    samples = torch.rand(2, 2, 4, generator=torch.Generator().manual_seed(0))
    assert stability_scores(endmembers, samples).tolist() == [0.0, 0.0]
    assert separation(endmembers).tolist() == [0.0, 0.0]


def test_stability_without_samples_is_unknown() -> None:
    endmembers = _scene(0.0)[1]
    assert bool(stability_scores(endmembers, endmembers[None][:0]).isnan().all())


def test_quick_settings_lessen_the_work_and_keep_the_rest() -> None:
    quick = quick_settings(FitSettings(ball=2.0))
    assert quick.ball == 2.0
    assert quick.n_starts * quick.n_steps * quick.n_points < 16 * 300 * 1000 / 5
    assert quick_settings(FitSettings(n_starts=1, n_steps=1, n_points=1)).n_starts == 1


def test_stability_of_endmembers_that_coincide_is_zero() -> None:
    endmembers = torch.tensor([[1.0, 0.2, 0.4], [2.0, 0.4, 0.8], [0.0, 0.0, 1.0]])
    samples = endmembers.expand(3, 3, 3)
    assert stability_scores(endmembers, samples).tolist() == pytest.approx([0, 0, 1], abs=1e-5)
    assert bool(stability_scores(endmembers, samples[:0]).isnan().all())


@pytest.mark.parametrize(
    ("stability", "says"),
    [
        (0.0, "is not found again"),
        (0.499, "is not found again"),
        (0.5, "varies"),
        (0.799, "varies"),
        (0.8, None),
        (1.0, None),
        (math.nan, None),
    ],
)
def test_doubts_name_the_endmember_and_the_cure(stability: float, says: str | None) -> None:
    said = doubts(["sand", "water", "snow"], [0.99, stability, 0.9], torch.eye(3))
    assert len(said) == (says is not None)
    for sentence in said:
        assert sentence.startswith(f"water {says} (stability {stability:.2f})")
        assert "ewer endmembers" in sentence
        assert "`unmix count`" in sentence


def test_doubts_name_endmembers_that_came_out_equal_once() -> None:
    endmembers = torch.eye(5)
    endmembers[3], endmembers[4] = endmembers[1], endmembers[1] + 0.002 * endmembers[0]
    names = ["a", "b", "c", "d", "e"]
    (said,) = doubts(names, [0.9, 0.0, 0.9, 0.1, 0.0], endmembers)
    assert said.startswith("b, d and e are the same to 0.00200 rad")
    assert "`unmix count`" in said
    (said,) = doubts(names, [0.9, 0.9, 0.9, 0.1, 0.9], endmembers)
    assert said.startswith("b, d and e are the same")
    assert doubts(names, [0.9, 0.9, 0.9, 0.9, math.nan], endmembers) == []
