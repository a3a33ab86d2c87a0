"""The peers of the benchmark: each does what its paper says."""

import numpy as np
import pytest
import torch
from accuracy import archetypes, methods
from accuracy.scoring import score
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from unmix import read_abundances

N_ENDMEMBERS = 4


@pytest.mark.parametrize("name", methods.METHODS)
def test_method_gives_endmembers_and_fractions_and_repeats_itself(name, truth):
    package = methods.missing_package(name)
    if package is not None:
        pytest.skip(f"{package} is not installed")
    first, second = (methods.METHODS[name](truth.spectra, N_ENDMEMBERS, 1) for _ in range(2))
    assert first.endmembers.shape == truth.endmembers.shape
    assert first.endmembers.min() >= -1e-6
    assert torch.equal(first.endmembers, second.endmembers)
    fractions = first.native_abundances()
    assert fractions.shape == truth.abundances.shape
    assert fractions.min() >= -1e-6
    assert torch.allclose(fractions.sum(dim=1), torch.ones(()).to(fractions), atol=1e-5)


@pytest.mark.parametrize(
    ("pixels", "projected"),
    [(methods.vca, methods.fit_vca_projected), (methods.nfindr, methods.fit_nfindr)],
)
def test_projected_pixels_lose_noise(truth, pixels, projected):
    noise = 0.01 * torch.randn(truth.spectra.shape, generator=torch.Generator().manual_seed(0))
    noisy = truth.spectra + noise
    picked = noisy[pixels(noisy, N_ENDMEMBERS, 0)]
    found = projected(noisy, N_ENDMEMBERS, 0).endmembers
    assert score(found, {}, truth).sad_rad < 0.9 * score(picked, {}, truth).sad_rad


def test_nmf_is_scaled_so_that_the_light_is_one(truth):
    found = methods.fit_nmf(truth.spectra, N_ENDMEMBERS, 0)
    brightness = read_abundances(truth.spectra, found.endmembers, "nnls").brightness
    assert float(brightness.mean()) == pytest.approx(1, abs=0.1)


def test_nmf_s_own_abundances_are_those_of_its_endmembers(truth):
    found = methods.fit_nmf(truth.spectra, N_ENDMEMBERS, 0)
    read = read_abundances(truth.spectra, found.endmembers, "nnls").fractions
    assert (found.native_abundances() - read).abs().mean() < 0.02


def test_vca_l2_takes_the_pixels_whose_shapes_are_extreme(truth):
    picks = methods.vca(normalize(truth.spectra, dim=1), N_ENDMEMBERS, 1)
    found = methods.fit_vca_l2(truth.spectra, N_ENDMEMBERS, 1).endmembers
    assert torch.equal(found, truth.spectra[picks])
    assert not torch.equal(found, methods.fit_vca(truth.spectra, N_ENDMEMBERS, 1).endmembers)


def test_archetypal_analysis_has_no_answer_for_black_pixels_and_keeps_the_others_in_place(truth):
    dark = truth.spectra.clone()
    dark[[3, 50]] = 0
    lit = torch.ones(len(dark)).bool()
    lit[[3, 50]] = False
    found, without = (methods.fit_aa(each, N_ENDMEMBERS, 0) for each in (dark, dark[lit]))
    fractions = found.native_abundances()
    assert fractions[~lit].isnan().all()
    assert torch.equal(fractions[lit], without.native_abundances())


@pytest.mark.parametrize("seed", range(3))
def test_archetypes_of_an_evenly_lit_mixture_are_its_pure_pixels(truth, seed):
    mixture = (truth.abundances @ truth.endmembers).float()
    found = archetypes.alternating_archetypes(mixture, N_ENDMEMBERS, seed, tolerance=1e-9)
    result = score(found.weights @ mixture, {"own": found.abundances}, truth)
    assert result.sad_rad < 1e-3
    assert result.rmse_moc["own"] < 1e-3


def test_archetypal_analysis_stays_on_both_simplices_and_improves_with_rounds(truth):
    unit = normalize(truth.spectra, dim=1)

    def loss(n_rounds):
        found = archetypes.alternating_archetypes(
            unit, N_ENDMEMBERS, 0, n_rounds=n_rounds, tolerance=0.0
        )
        for part in (found.weights, found.abundances):
            assert part.min() >= 0
            assert torch.allclose(part.sum(dim=1), torch.tensor(1.0), atol=1e-5)
        return float((unit - found.abundances @ (found.weights @ unit)).square().sum())

    losses = [loss(n_rounds) for n_rounds in (1, 2, 4, 8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.95 * losses[0]


@settings(max_examples=25)
@given(seed=st.integers(0, 9999))
def test_nearest_mixture_is_on_the_simplex_and_no_point_leads_nearer(seed):
    rng = np.random.default_rng(seed)
    points, target = rng.random((20, 3)), rng.random(3) * 1.5
    weights = archetypes.nearest_mixture(target, points)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    nearest = weights @ points
    towards = (points - nearest) @ (target - nearest)  # > 0: moving there would come nearer
    assert towards.max() < 0.02


def test_furthest_pixels_are_corners():
    corners = torch.eye(3).double()
    inner = corners.mean(dim=0) + 0.1 * (corners - corners.mean(dim=0)).repeat(10, 1)
    for seed in range(5):
        picks = archetypes.furthest_pixels(torch.cat([inner, corners]), 3, seed)
        assert sorted(picks.tolist()) == [30, 31, 32]
