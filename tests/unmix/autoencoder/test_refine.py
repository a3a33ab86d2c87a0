"""The noise-ball mean."""

import dataclasses

import pytest
import torch
from torch.nn.functional import normalize

from unmix.autoencoder.coreset import project
from unmix.autoencoder.rare import SUPPORT
from unmix.autoencoder.refine import refine
from unmix.metrics import spectral_angle


def refined_from_truth(mixture, n_rare=0, ball=1.75, n_rounds=10):
    pixels = project(mixture.spectra, len(mixture.endmembers), 2)
    start = normalize(mixture.endmembers @ pixels.basis, dim=1)
    return refine(pixels, start, n_rare, ball, n_rounds)


def test_refined_endmembers_are_the_mean_of_the_pure_pixels(noisy_mixture):
    """Averaging takes most of the noise of a single pixel away."""
    refined = refined_from_truth(noisy_mixture)
    angles = spectral_angle(refined.endmembers, noisy_mixture.endmembers)
    pure = noisy_mixture.abundances.argmax(dim=1)[noisy_mixture.abundances.amax(dim=1) == 1]
    spectra = noisy_mixture.spectra[noisy_mixture.abundances.amax(dim=1) == 1]
    single = spectral_angle(spectra, noisy_mixture.endmembers[pure])
    assert angles.max() < 0.5 * single.mean()
    assert (refined.n_members >= 10).all()


def test_a_refined_endmember_is_the_mean_of_its_members():
    """Three heaps far apart: who belongs where is plain."""
    generator = torch.Generator().manual_seed(0)
    corners = normalize(torch.eye(3).repeat_interleave(4, dim=1) + 0.05, dim=1)
    heaps = corners.repeat_interleave(30, dim=0)
    light = 0.5 + torch.rand(90, 1, generator=generator)
    spectra = light * normalize(heaps + 1e-3 * torch.randn(90, 12, generator=generator), dim=1)
    pixels = project(spectra, 3, 2)
    refined = refine(pixels, normalize(corners @ pixels.basis, dim=1), 0, 20.0, 3)
    assert refined.n_members.tolist() == [30, 30, 30]
    for k in range(3):
        own = slice(30 * k, 30 * k + 30)
        shape = normalize(pixels.unit[own].mean(dim=0), dim=0)
        along = (spectra[own] @ shape).mean()
        torch.testing.assert_close(refined.endmembers[k], shape * along, atol=3e-4, rtol=0)


def test_noise_outside_the_signal_leaves_the_mean(mixture_of):
    """Twelve pure pixels leave a third of their noise in a plain mean, and next to none in this."""
    mixture = mixture_of(0, snr_db=25, n_bands=150, n_pixels=1000)
    refined = refined_from_truth(mixture)
    pure = mixture.abundances == 1
    plain = torch.stack([mixture.spectra[pure[:, k]].mean(dim=0) for k in range(4)])
    angles = spectral_angle(refined.endmembers, mixture.endmembers)
    assert angles.mean() < 0.7 * spectral_angle(plain, mixture.endmembers).mean()


def test_what_all_members_have_outside_the_signal_stays():
    """A line that every pure pixel of a material shows is not noise."""
    generator = torch.Generator().manual_seed(0)
    heaps = torch.eye(3).repeat_interleave(40, dim=0)
    line = torch.zeros(120, 5)
    line[:40, 0] = 0.05
    spectra = torch.cat([heaps, line], dim=1) + 0.2 / 5
    spectra = spectra + 1e-3 * torch.randn(spectra.shape, generator=generator)
    pixels = project(spectra, 3, 0)
    pixels = dataclasses.replace(pixels, basis=torch.eye(8)[:, :3])
    pixels = dataclasses.replace(pixels, coordinates=normalize(pixels.unit @ pixels.basis, dim=1))
    found = refine(pixels, torch.eye(3), 0, 50.0, 2)
    torch.testing.assert_close(found.endmembers[0], spectra[:40].mean(dim=0), atol=2e-3, rtol=0)


def test_brightness_comes_with_the_mean(mixture_of):
    mixture = mixture_of(0, snr_db=40)
    refined = refined_from_truth(mixture)
    ratio = refined.endmembers.norm(dim=1) / mixture.endmembers.norm(dim=1)
    torch.testing.assert_close(ratio, torch.ones(4), atol=0.02, rtol=0)
    brighter = refined_from_truth(
        type(mixture)(512 * mixture.spectra, mixture.endmembers, *([None] * 2))
    )
    assert torch.equal(brighter.endmembers, 512 * refined.endmembers)
    assert torch.equal(brighter.n_members, refined.n_members)


def test_refining_pulls_endmembers_that_are_off_to_the_pure_pixels(noisy_mixture):
    pixels = project(noisy_mixture.spectra, 4, 2)
    truth = normalize(noisy_mixture.endmembers @ pixels.basis, dim=1)
    off = normalize(0.97 * truth + 0.03 * truth.mean(dim=0), dim=1)
    before = spectral_angle(off, truth)
    refined = refine(pixels, off, 0, 1.75, 10)
    after = spectral_angle(normalize(refined.endmembers @ pixels.basis, dim=1), truth)
    assert after.mean() < before.mean()


def test_a_wider_ball_takes_more_members(noisy_mixture):
    counts = [refined_from_truth(noisy_mixture, ball=b).n_members for b in (0.5, 1.75, 4.0)]
    assert (counts[1] >= counts[0]).all()
    assert (counts[2] >= counts[1]).all()
    assert counts[2].sum() > counts[1].sum() > counts[0].sum()


def test_an_endmember_has_at_least_three_members(noisy_mixture):
    assert (refined_from_truth(noisy_mixture, ball=1e-9).n_members >= SUPPORT).all()


@pytest.mark.parametrize("n_rare", [0, 1, 3])
def test_rare_materials_take_only_their_own_group(mixture_of, n_rare):
    mixture = mixture_of(1, snr_db=30)
    common, rare = (refined_from_truth(mixture, n).n_members for n in (0, n_rare))
    assert torch.equal(rare[: 4 - n_rare], common[: 4 - n_rare])
    assert (rare <= common).all()


@pytest.mark.parametrize("n_rare", [0, 2])
def test_refining_without_noise_gives_finite_endmembers(known_mixture, n_rare):
    refined = refined_from_truth(known_mixture, n_rare)
    angles = spectral_angle(refined.endmembers, known_mixture.endmembers)
    assert angles.max() < 1e-3
    assert refined.endmembers.isfinite().all()
