"""Rare materials."""

import numpy as np
import pytest
import torch

from unmix.autoencoder.coreset import Pixels, project
from unmix.autoencoder.rare import (
    DECIDE_POWER,
    Group,
    _saving,
    best_candidate,
    explain,
    saving_of,
    savings_of_each,
)
from unmix.metrics import spectral_angle


def planted(mixture_of, seed, n_odd, snr_db=40):
    """Mixtures of three materials at 40 dB; the last `n_odd` pixels are a fourth one, pure."""
    endmembers = mixture_of(seed, n_endmembers=4, n_pure=0, n_pixels=1).endmembers.double().numpy()
    rng = np.random.default_rng(seed + 100)
    abundances = np.column_stack([rng.dirichlet([0.5] * 3, 1500), np.zeros(1500)])
    abundances[:60] = np.eye(4)[np.repeat(np.arange(3), 20)]
    abundances[1500 - n_odd :] = np.eye(4)[3]
    spectra = abundances @ endmembers
    sigma = np.sqrt((spectra**2).mean() / 10 ** (snr_db / 10))
    spectra = spectra + sigma * rng.standard_normal(spectra.shape)
    return torch.from_numpy(spectra).float(), torch.from_numpy(endmembers).float()


def in_coordinates(pixels, endmembers):
    return torch.nn.functional.normalize(endmembers @ pixels.basis, dim=1)


def test_explain_is_the_exact_nonnegative_fit(known_mixture):
    unit = torch.nn.functional.normalize(known_mixture.spectra, dim=1)
    fit = explain(unit, known_mixture.endmembers)
    assert fit.length.max() < 1e-5
    assert (fit.codes >= 0).all()
    torch.testing.assert_close(
        fit.residual, unit - fit.codes @ known_mixture.endmembers, atol=0, rtol=0
    )
    poorer = explain(unit, known_mixture.endmembers[:3])
    assert (poorer.length >= fit.length - 1e-6).all()
    assert poorer.length.max() > 0.1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_odd", [3, 15, 100])
def test_a_compact_group_outside_the_cone_is_the_candidate(mixture_of, seed, n_odd):
    spectra, endmembers = planted(mixture_of, seed, n_odd)
    pixels = project(spectra, 4, 2)
    known, odd = in_coordinates(pixels, endmembers).split([3, 1])
    candidate = best_candidate(pixels, known)
    assert candidate is not None
    assert candidate.spectrum.norm().item() == pytest.approx(1, abs=1e-5)
    assert spectral_angle(candidate.spectrum, odd[0]) < 0.01
    assert 0 < candidate.floor < 0.2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_odd", [0, 1, 2])
def test_odd_pixels_fewer_than_three_are_no_candidate(mixture_of, seed, n_odd):
    spectra, endmembers = planted(mixture_of, seed, n_odd)
    pixels = project(spectra, 4, 2)
    assert best_candidate(pixels, in_coordinates(pixels, endmembers)[:3]) is None


def test_three_odd_pixels_that_differ_are_no_candidate(mixture_of):
    """Outliers scatter; a material agrees with itself."""
    spectra, endmembers = planted(mixture_of, 0, 0)
    rng = np.random.default_rng(0)
    spectra[-3:] = torch.from_numpy(rng.random((3, spectra.shape[1]))).float()
    pixels = project(spectra, 4, 2)
    candidate = best_candidate(pixels, in_coordinates(pixels, endmembers)[:3])
    if candidate is not None:
        odd = torch.nn.functional.normalize(spectra[-3:] @ pixels.basis, dim=1)
        assert spectral_angle(candidate.spectrum.expand(3, -1), odd).min() > 0.1


def test_a_candidate_saves_more_the_more_it_is_needed(mixture_of):
    spectra, endmembers = planted(mixture_of, 1, 15)
    pixels = project(spectra, 4, 2)
    known = in_coordinates(pixels, endmembers)[:3]
    candidate = best_candidate(pixels, known)
    needed = saving_of(pixels, known, candidate)
    there_already = saving_of(pixels, torch.cat([known, candidate.spectrum[None]]), candidate)
    assert needed > 0.05
    assert there_already < 0.01 * needed


@pytest.mark.parametrize(("n_odd", "counts"), [(1, False), (2, False), (3, True), (10, True)])
def test_a_material_must_show_itself_in_three_pixels(n_odd, counts):
    before = torch.full((50,), 0.01)
    before[:n_odd] = 1.0
    saving = _saving(torch.ones(50), before, torch.full((50,), 0.01), 6, torch.tensor(0.05))
    assert (saving > 0) == counts


def test_a_saving_is_a_power_mean_of_what_disappears_beyond_twice_what_stays():
    """By hand: the two best pixels of five are left out."""
    before, after = torch.tensor([9.0, 8.0, 5.0, 3.0, 1.0]), torch.tensor([0.0, 0, 1, 1, 1])
    weight = torch.tensor([1.0, 1.0, 2.0, 1.0, 1.0])
    gone = [2 * (25 - 4 - 1) ** 0.5, (9 - 4 - 1) ** 0.5, 0.0]
    counted = sorted([(81 - 1) ** 0.5, (64 - 1) ** 0.5, *gone])[:3]
    saving = _saving(weight, before, after, 4, torch.tensor(1.0))
    assert saving == pytest.approx((sum(g**4 for g in counted) / 3) ** 0.25, rel=1e-5)


def test_every_endmember_of_a_mixture_saves_something(known_mixture):
    pixels = project(known_mixture.spectra, 4, 2)
    savings = savings_of_each(pixels, in_coordinates(pixels, known_mixture.endmembers))
    assert savings.shape == (4,)
    assert (savings > 0.02).all()


def test_an_endmember_that_is_there_twice_saves_nothing(known_mixture):
    pixels = project(known_mixture.spectra, 4, 2)
    endmembers = in_coordinates(pixels, known_mixture.endmembers)
    savings = savings_of_each(pixels, torch.cat([endmembers, endmembers[1:2]]))
    assert savings[[1, 4]].max() < 1e-3
    assert savings[[0, 2, 3]].min() > 0.02


def test_savings_do_not_see_the_unit_of_the_spectra(mixture_of):
    spectra, endmembers = planted(mixture_of, 2, 15)
    savings = []
    for scale in (1.0, 4096.0):
        pixels = project(scale * spectra, 4, 2)
        savings.append(savings_of_each(pixels, in_coordinates(pixels, endmembers)))
    assert torch.equal(savings[0], savings[1])


@pytest.mark.parametrize("n_pixels", [2, 3, 4])
def test_few_pixels_are_no_trouble(mixture_of, n_pixels):
    spectra = mixture_of(0, n_pixels=n_pixels, n_pure=0, snr_db=30).spectra
    pixels: Pixels = project(spectra, 2, 2)
    candidate = best_candidate(pixels, pixels.coordinates[:2])
    assert candidate is None or candidate.spectrum.isfinite().all()


@pytest.mark.parametrize("seed", range(3))
def test_savings_are_those_of_solving_every_pixel_anew(mixture_of, seed):
    """Pixels that an endmember does not concern are not solved again, and need not be."""
    mixture = mixture_of(seed, n_endmembers=6, snr_db=25)
    pixels = project(mixture.spectra, 6, 2)
    endmembers = in_coordinates(pixels, mixture.endmembers)
    weight = pixels.brightness
    full = explain(pixels.coordinates, endmembers)
    none = torch.zeros(())
    slow = []
    for k in range(6):
        without = explain(pixels.coordinates, endmembers[torch.arange(6) != k])
        slow.append(_saving(weight, without.length, full.length, DECIDE_POWER, none))
    torch.testing.assert_close(
        savings_of_each(pixels, endmembers), torch.tensor(slow), rtol=1e-3, atol=1e-6
    )
    joined = saving_of(pixels, endmembers[:5], Group(endmembers[5], none))
    assert joined == pytest.approx(slow[5], rel=1e-3, abs=1e-6)
