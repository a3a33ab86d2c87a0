"""The learning from start to end."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from unmix.autoencoder import FitSettings, fit_endmembers
from unmix.metrics import angles_between, match_endmembers, spectral_angle

HALF = FitSettings(n_points=300, n_starts=8, n_steps=150)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def planted(mixture_of, seed, n_odd):
    """Three materials with pure pixels at 40 dB; the last `n_odd` of 1500 pixels are a fourth."""
    endmembers = mixture_of(seed, n_pure=0, n_pixels=1).endmembers.double().numpy()
    rng = np.random.default_rng(seed + 100)
    abundances = np.column_stack([rng.dirichlet([0.5] * 3, 1500), np.zeros(1500)])
    abundances[:60] = np.eye(4)[np.repeat(np.arange(3), 20)]
    abundances[1500 - n_odd :] = np.eye(4)[3]
    spectra = abundances @ endmembers
    sigma = np.sqrt((spectra**2).mean() / 10**4)
    spectra = spectra + sigma * rng.standard_normal(spectra.shape)
    return torch.from_numpy(spectra).float(), torch.from_numpy(endmembers).float()


@pytest.mark.parametrize("seed", range(3))
def test_a_fit_finds_the_endmembers_of_a_noisy_mixture(mixture_of, seed):
    mixture = mixture_of(seed, snr_db=30)
    found = fit_endmembers(mixture.spectra, 4, HALF, seeded(seed))
    order = match_endmembers(found.spectra, mixture.endmembers)
    angles = spectral_angle(found.spectra[order], mixture.endmembers)
    assert angles.mean() < 0.02
    assert found.n_members.min() >= 3
    assert 0 < found.loss < 0.1
    assert found.losses.shape == (8,)
    assert (found.losses.diff() >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_rare_material_is_found_with_one_endmember_more(mixture_of, quick, seed):
    """One percent of the pixels, which no mean over the scene notices."""
    spectra, endmembers = planted(mixture_of, seed, 15)
    found = fit_endmembers(spectra, 4, quick, seeded())
    order = match_endmembers(found.spectra, endmembers)
    angles = spectral_angle(found.spectra[order], endmembers)
    assert angles[3] < 0.01, "the rare one"
    assert angles[:3].max() < 0.05, "the others must not suffer"


@pytest.mark.parametrize("seed", range(4))
def test_a_single_odd_pixel_is_not_found(mixture_of, quick, seed):
    spectra, endmembers = planted(mixture_of, seed, 1)
    found = fit_endmembers(spectra, 4, quick, seeded())
    assert angles_between(endmembers[3:], found.spectra).min() > 0.1


def test_rare_materials_stand_last_and_are_counted(mixture_of, quick):
    """Where learning itself finds the group, there is none to count."""
    n_rare = []
    for seed in range(5):
        spectra, endmembers = planted(mixture_of, seed, 8)
        found = fit_endmembers(spectra, 4, quick, seeded())
        n_rare.append(found.n_rare)
        assert found.losses.shape == (quick.n_starts,)
        if found.n_rare == 1:
            assert spectral_angle(found.spectra[3], endmembers[3]) < 0.01
    assert sum(n_rare) >= 3


def test_a_rare_material_may_not_spoil_the_rest(mixture_of, quick):
    """Asked for three only, the fit keeps the three that cover the scene."""
    spectra, endmembers = planted(mixture_of, 0, 3)
    found = fit_endmembers(spectra, 3, quick, seeded())
    nearest = angles_between(endmembers[:3], found.spectra).min(dim=1).values
    assert (nearest < 0.1).sum() >= 2


def test_fitting_twice_is_the_same_bit_for_bit(noisy_mixture, quick):
    first, second = (fit_endmembers(noisy_mixture.spectra, 4, quick, seeded(3)) for _ in range(2))
    for name in ("spectra", "n_members", "losses"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    assert first.loss == second.loss


def test_a_fit_depends_on_the_seed_and_leaves_the_world_s_randomness_alone(noisy_mixture, quick):
    before = torch.get_rng_state()
    first, other = (fit_endmembers(noisy_mixture.spectra, 4, quick, seeded(s)) for s in (0, 1))
    assert not torch.equal(first.spectra, other.spectra)
    assert torch.equal(torch.get_rng_state(), before)


def test_endmembers_are_never_negative(mixture_of, quick):
    """Dark bands under noise go below zero in single pixels."""
    mixture = mixture_of(2, snr_db=15)
    assert (mixture.spectra < 0).any()
    found = fit_endmembers(mixture.spectra - 0.15, 4, quick, seeded())
    assert found.spectra.isfinite().all()
    assert found.spectra.min() == 0


def test_progress_grows_from_0_to_1(noisy_mixture, quick):
    shares = []
    fit_endmembers(noisy_mixture.spectra, 4, quick, seeded(), shares.append)
    assert all(a < b for a, b in pairwise(shares))
    assert shares[0] > 0
    assert shares[-1] == 1
    assert len(shares) >= quick.n_steps


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_as_few_pixels_as_endmembers_are_their_own_endmembers(mixture_of, quick, n):
    spectra = mixture_of(4, n_endmembers=5, n_pixels=n, n_pure=0).spectra
    found = fit_endmembers(spectra, n, quick, seeded())
    assert found.spectra.shape == (n, 50)
    assert found.spectra.isfinite().all()


@pytest.mark.parametrize("n_bands", [2, 3, 4])
def test_as_many_endmembers_as_bands_can_be_asked_for(mixture_of, quick, n_bands):
    mixture = mixture_of(1, n_endmembers=n_bands, n_bands=n_bands, n_pixels=300)
    found = fit_endmembers(mixture.spectra, n_bands, quick, seeded())
    assert found.spectra.shape == (n_bands, n_bands)
    order = match_endmembers(found.spectra, mixture.endmembers)
    assert spectral_angle(found.spectra[order], mixture.endmembers).mean() < 0.05


@pytest.mark.parametrize(
    "changed",
    [
        {"n_points": 1},
        {"n_points": 3},
        {"n_starts": 1},
        {"n_steps": 1},
        {"n_codes_steps": 1},
        {"n_extra": 0},
        {"ball_rounds": 1},
        {"sparsity": 0.0},
        {"spread": 0.0},
        {"flatten": 1e6},
    ],
    ids=str,
)
def test_extreme_settings_still_give_endmembers(noisy_mixture, quick, changed):
    from dataclasses import replace

    found = fit_endmembers(noisy_mixture.spectra, 4, replace(quick, **changed), seeded())
    assert found.spectra.shape == (4, 50)
    assert found.spectra.isfinite().all()
    assert (found.spectra.norm(dim=1) > 0).all()


def test_a_scene_of_two_spectra_has_no_more_materials(mixture_of, quick):
    spectra = mixture_of(0, n_endmembers=2, n_pixels=2, n_pure=1).spectra.repeat(50, 1)
    for n in (2, 3, 5):
        found = fit_endmembers(spectra, n, quick, seeded())
        distance = angles_between(found.spectra, spectra[:2]).min(dim=1).values
        assert found.spectra.isfinite().all()
        assert distance.min() < 1e-3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("seed", range(3))
def test_cpu_and_gpu_learn_the_same(mixture_of, seed):
    """Within rounding that training magnifies; a tenth of what noise costs."""
    spectra = mixture_of(seed, snr_db=30).spectra
    on_cpu = fit_endmembers(spectra, 4, FitSettings(), seeded(seed))
    on_gpu = fit_endmembers(spectra.cuda(), 4, FitSettings(), seeded(seed))
    assert on_gpu.spectra.is_cuda
    found = on_gpu.spectra.cpu()
    order = match_endmembers(found, on_cpu.spectra)
    assert spectral_angle(found[order], on_cpu.spectra).max() < 2e-3
    assert on_gpu.loss == pytest.approx(on_cpu.loss, rel=0.01)
    assert on_gpu.noise == pytest.approx(on_cpu.noise, rel=1e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fitting_twice_on_the_gpu_is_the_same_bit_for_bit(noisy_mixture, quick):
    spectra = noisy_mixture.spectra.cuda()
    first, second = (fit_endmembers(spectra, 4, quick, seeded(3)).spectra for _ in range(2))
    assert torch.equal(first, second)


def test_noisy_dark_pixels_change_nothing(mixture_of):
    """One percent of the pixels in the shadow of the noise."""
    mixture = mixture_of(0, n_pixels=2000, snr_db=30, shade=0.3)
    spectra = mixture.spectra.clone()
    spectra[::100] = 0.002 * torch.randn(len(spectra[::100]), spectra.shape[1], generator=seeded())
    found = fit_endmembers(spectra, 4, HALF, seeded())
    order = match_endmembers(found.spectra, mixture.endmembers)
    assert spectral_angle(found.spectra[order], mixture.endmembers).max() < 0.03
    assert (found.n_members > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_even_light_tells_materials_of_one_shape_by_their_brightness(mixture_of, seed):
    """A grey material at a fifth of the brightness of a mixture that looks all but like it."""
    mixture = mixture_of(seed, n_pixels=2000)
    twin = 0.2 * (0.5 * mixture.endmembers[0] + 0.5 * mixture.endmembers[1])
    twin = twin * (1 + 0.1 * torch.cos(torch.linspace(0, 9, len(twin))))
    endmembers = torch.cat([mixture.endmembers, twin[None]])
    share = torch.rand(len(mixture.spectra), 1, generator=seeded(seed))
    share = torch.where(share < 0.2, 1.0, torch.where(share < 0.6, 0.0, 0.5 * share))
    spectra = share * twin + (1 - share) * mixture.spectra
    sigma = 10**-1.5 * spectra.square().mean().sqrt()
    spectra = spectra + sigma * torch.randn(spectra.shape, generator=seeded(seed))
    found = fit_endmembers(spectra, 5, HALF, seeded())
    order = match_endmembers(found.spectra, endmembers)
    norms = found.spectra[order].norm(dim=1) / endmembers.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(5), atol=0.25, rtol=0)


def test_progress_never_goes_back(mixture_of, quick):
    """Also where even light turns out to be none, and learning begins again."""
    light = 0.3 + 0.7 * torch.rand(1500, 1, generator=seeded())
    spectra = mixture_of(0, n_pixels=1500, snr_db=30).spectra[:1500]
    for lit in (spectra, light * spectra):
        shares = []
        fit_endmembers(lit, 5, quick, seeded(), shares.append)
        assert shares == sorted(shares)
        assert shares[-1] == 1
