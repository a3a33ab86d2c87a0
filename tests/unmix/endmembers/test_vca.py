"""Vertex component analysis."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.endmembers import vca
from unmix.endmembers.signal import snr_db as measured_snr_db
from unmix.endmembers.vca import pick_extremes
from unmix.errors import UnmixError

LAWS = settings(max_examples=30, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


def cloud_with_corners(seed, n, n_bands, n_mixed=200):
    """Pixels strictly inside a simplex, its corners at known places among them."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(n, n_bands, generator=generator, dtype=torch.float64) + 0.05
    fractions = torch.rand(n_mixed, n, generator=generator, dtype=torch.float64) + 0.02
    fractions = fractions / fractions.sum(dim=1, keepdim=True)
    order = torch.randperm(n_mixed + n, generator=generator)
    spectra = torch.cat([fractions @ corners, corners])[order]
    places = order.argsort()[-n:]
    return spectra, places, generator


@LAWS
@given(n=st.integers(2, 10), n_extra=st.integers(0, 40), seed=SEEDS)
def test_vca_finds_exactly_the_pure_pixels(n, n_extra, seed):
    spectra, places, _ = cloud_with_corners(seed, n, n + n_extra)
    assert set(vca(spectra, n, seed).tolist()) == set(places.tolist())


@LAWS
@given(n=st.integers(2, 8), scale=st.sampled_from([1e-4, 0.37, 1.0, 1e4]), seed=SEEDS)
def test_vca_finds_the_pure_pixels_under_any_illumination(n, scale, seed):
    spectra, places, generator = cloud_with_corners(seed, n, 30)
    light = scale * (0.2 + torch.rand(len(spectra), 1, generator=generator, dtype=torch.float64))
    assert set(vca(light * spectra, n, 0).tolist()) == set(places.tolist())


def test_vca_works_about_the_mean_when_there_is_more_noise_than_brightness(mixture_of):
    """Projected on the plane ``u . y = 1`` instead, the picks are 0.87 pure."""
    purities = []
    for seed in range(8):
        mixture = mixture_of(seed, n_endmembers=3, snr_db=0)
        indices = vca(mixture.spectra, 3, seed)
        purities.append(mixture.abundances[indices].max(dim=1).values.mean().item())
    assert sum(purities) / 8 > 0.91


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20])
def test_vca_judges_the_signal_to_noise_ratio_right(mixture_of, snr_db):
    spectra = mixture_of(0, n_endmembers=3, snr_db=snr_db).spectra.double()
    assert measured_snr_db(spectra, 3) == pytest.approx(snr_db, abs=0.4)


def test_vca_comes_near_the_endmembers_at_30_db(mixture_of):
    for seed in range(3):
        mixture = mixture_of(seed, snr_db=30)
        indices = vca(mixture.spectra, 4, seed)
        assert mixture.abundances[indices].max(dim=1).values.min() > 0.8


@pytest.mark.parametrize("n", [2, 3, 6])
def test_vca_picks_as_many_different_pixels_as_asked(noisy_mixture, n):
    for seed in range(10):
        indices = vca(noisy_mixture.spectra, n, seed)
        assert indices.dtype == torch.int64
        assert len(set(indices.tolist())) == n


def test_vca_with_the_same_seed_is_the_same(noisy_mixture):
    spectra = noisy_mixture.spectra
    picks = [vca(spectra, 4, seed).tolist() for seed in (0, 0, 1, 2, 3, 4, 5)]
    assert picks[0] == picks[1] == vca(spectra, 4).tolist()
    assert len({tuple(sorted(p)) for p in picks}) > 1, "the seed changes nothing"


def test_vca_takes_a_generator_for_a_seed_and_draws_from_it(noisy_mixture):
    generator = torch.Generator().manual_seed(7)
    first, second = (vca(noisy_mixture.spectra, 4, generator).tolist() for _ in range(2))
    assert first == vca(noisy_mixture.spectra, 4, 7).tolist()
    assert first != second


def test_vca_leaves_the_world_s_randomness_alone(noisy_mixture):
    before = torch.get_rng_state()
    vca(noisy_mixture.spectra, 4, 7)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("n", "shape", "most"), [(1, (9, 5), 5), (6, (9, 5), 5), (4, (3, 5), 3)])
def test_vca_refuses_what_cannot_be_found(n, shape, most):
    message = rf"`n_endmembers` must be from 2 to {most} for {shape[0]} pixels of 5 bands\. Got {n}"
    with pytest.raises(UnmixError, match=message):
        vca(torch.rand(shape), n)


@pytest.mark.parametrize("shape", [(1, 5), (0, 5), (5, 1)])
def test_vca_refuses_what_is_too_small_for_any_number(shape):
    message = rf"^{shape[0]} x {shape[1]} numbers \(pixels x bands\) are too few"
    with pytest.raises(UnmixError, match=message):
        vca(torch.rand(shape), 2)


@LAWS
@given(n=st.integers(2, 6), seed=SEEDS)
def test_pick_extremes_finds_corners_of_any_simplex(n, seed):
    generator = torch.Generator().manual_seed(seed)
    corners = (
        torch.randn(n, n, generator=generator, dtype=torch.float64) + 3 * torch.eye(n).double()
    )
    inside = torch.rand(50, n, generator=generator, dtype=torch.float64) + 0.02
    points = torch.cat([inside / inside.sum(dim=1, keepdim=True) @ corners, corners])
    assert sorted(pick_extremes(points, n, generator).tolist()) == list(range(50, 50 + n))
