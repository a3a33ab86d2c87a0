"""What learning sees of a scene."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.abundances import nnls
from unmix.autoencoder import FitSettings
from unmix.autoencoder.coreset import (
    Coreset,
    _nearest_seed,
    flattening,
    project,
    summarise,
)

LAWS = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@LAWS
@given(seed=SEEDS, n_bands=st.integers(3, 60), n_extra=st.integers(0, 5))
def test_projected_spectra_are_unit_spectra_in_an_orthonormal_basis(seed, n_bands, n_extra):
    spectra = torch.rand(80, n_bands, generator=seeded(seed)) * 7
    pixels = project(spectra, 3, n_extra)
    n_coordinates = pixels.basis.shape[1]
    assert 3 <= n_coordinates <= min(n_bands, 6 + n_extra)
    eye = torch.eye(n_coordinates)
    torch.testing.assert_close(pixels.basis.T @ pixels.basis, eye, atol=1e-5, rtol=0)
    torch.testing.assert_close(pixels.unit * pixels.length[:, None], spectra)
    torch.testing.assert_close(pixels.unit.norm(dim=1), torch.ones(80))
    torch.testing.assert_close(pixels.coordinates.norm(dim=1), torch.ones(80))


def test_projection_keeps_every_angle_of_a_noise_free_mixture(known_mixture):
    pixels = project(known_mixture.spectra, 4, 2)
    inner = pixels.coordinates @ pixels.coordinates.T
    torch.testing.assert_close(inner, pixels.unit @ pixels.unit.T, atol=1e-5, rtol=0)


def test_projection_does_not_see_brightness(known_mixture):
    light = 2.0 ** torch.randint(-3, 4, (400, 1), generator=seeded())
    plain, lit = (project(s, 4, 2) for s in (known_mixture.spectra, light * known_mixture.spectra))
    assert torch.equal(plain.coordinates, lit.coordinates)
    torch.testing.assert_close(lit.length, plain.length * light[:, 0])
    assert lit.brightness.median() == 1


def test_projection_keeps_a_spectrum_that_is_seen_only_once(mixture_of):
    mixture = mixture_of(3, n_endmembers=5, snr_db=40)
    fractions = mixture.abundances[:, :4] / mixture.abundances[:, :4].sum(1, keepdim=True)
    spectra = fractions.nan_to_num(0.25) @ mixture.endmembers[:4]
    spectra[77] = mixture.endmembers[4]
    pixels = project(spectra, 4, 0)
    odd = pixels.unit[77]
    principal = torch.linalg.svd(pixels.unit, full_matrices=False).Vh[:4]
    assert (odd - odd @ principal.T @ principal).norm() > 0.05, "it would not be missed"
    torch.testing.assert_close(odd @ pixels.basis @ pixels.basis.T, odd, atol=1e-5, rtol=0)


@LAWS
@given(seed=SEEDS, n_points=st.integers(1, 60), n_seeds=st.integers(1, 80))
def test_groups_are_a_partition(seed, n_points, n_seeds):
    points = torch.rand(n_points, 3, generator=seeded(seed), dtype=torch.float64)
    group = _nearest_seed(points, torch.ones(n_points).double(), n_seeds, seeded(seed))
    assert group.shape == (n_points,)
    assert group.unique().tolist() == list(range(min(n_seeds, n_points)))


def test_groups_hold_similar_points():
    """Well separated heaps are never split while a whole heap goes without a seed."""
    centres = torch.eye(5, dtype=torch.float64)
    points = centres.repeat(40, 1) + 1e-3 * torch.randn(200, 5, generator=seeded()).double()
    heaps = torch.arange(5).repeat(40)
    for seed in range(5):
        group = _nearest_seed(points, torch.ones(200).double(), 5, seeded(seed))
        pairs = set(zip(heaps.tolist(), group.tolist(), strict=True))
        assert len(pairs) == 5


def test_equal_points_share_one_group():
    points = torch.eye(3, dtype=torch.float64).repeat(20, 1)
    group = _nearest_seed(points, torch.ones(60).double(), 60, seeded())
    assert group.max() == 2
    assert torch.equal(group, group[:3].repeat(20))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_coreset_weights_are_counts_times_brightness_and_sum_to_one(noisy_mixture, power):
    pixels = project(noisy_mixture.spectra, 4, 2)
    settings_ = FitSettings(n_points=50, brightness_power=power)
    coreset = summarise(pixels, 4, settings_, seeded(3))
    coordinates, precision = pixels.coordinates.double(), pixels.precision.double()
    group = _nearest_seed(coordinates, precision, 50, seeded(3))
    expected = torch.tensor(
        [
            (group == k).sum() * pixels.length[group == k].mean() ** power
            for k in range(int(group.max()) + 1)
        ]
    )
    assert coreset.weights.sum().item() == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(coreset.weights, expected / expected.sum())
    assert coreset.points.shape == (50, pixels.coordinates.shape[1])
    torch.testing.assert_close(coreset.points.norm(dim=1), torch.ones(50))


def test_a_coreset_of_as_many_points_as_pixels_is_the_pixels(mixture_of):
    mixture = mixture_of(2, n_pixels=60, n_pure=1, snr_db=30)
    pixels = project(mixture.spectra, 4, 2)
    coreset = summarise(pixels, 4, FitSettings(n_points=500), seeded())
    distance = torch.cdist(pixels.coordinates, coreset.points)
    assert len(coreset.points) == 60
    assert distance.min(dim=1).values.max() < 1e-3
    assert sorted(distance.argmin(dim=1).tolist()) == list(range(60))


def test_a_coreset_is_reproducible_and_depends_on_the_seed(noisy_mixture):
    pixels = project(noisy_mixture.spectra, 4, 2)
    first, again, other = (
        summarise(pixels, 4, FitSettings(n_points=40), seeded(s)) for s in (1, 1, 2)
    )
    assert torch.equal(first.points, again.points)
    assert torch.equal(first.weights, again.weights)
    assert not torch.equal(first.points, other.points)


def test_noise_and_contrast_are_lengths_on_the_unit_sphere():
    """Two directions, 0.8 and 0.2 of the weight, nearly at right angles: by hand."""
    angle = 0.1
    points = torch.tensor([[1.0, 0, 0], [np.cos(angle), np.sin(angle), 0]]).float()
    pixels = project(points.repeat_interleave(torch.tensor([80, 20]), dim=0), 2, 1)
    coreset = summarise(pixels, 2, FitSettings(brightness_power=0.0), seeded())
    along = np.array([[1, 0], [np.cos(angle), np.sin(angle)]])
    values, vectors = np.linalg.eigh(along.T @ np.diag([0.8, 0.2]) @ along)
    best = vectors[:, values.argmax()]
    residual = np.linalg.norm(along - np.outer(along @ best, best), axis=1)
    assert coreset.one_direction_residual == pytest.approx(residual @ [0.8, 0.2], rel=1e-4)
    assert coreset.noise == pytest.approx(0, abs=1e-6)
    assert coreset.contrast == pytest.approx(coreset.one_direction_residual, abs=1e-6)


def test_noise_of_a_scene_follows_its_signal_to_noise_ratio(mixture_of):
    noise = []
    for snr_db in (None, 40, 30, 20):
        pixels = project(mixture_of(0, snr_db=snr_db).spectra, 4, 2)
        noise.append(summarise(pixels, 4, FitSettings(n_points=400), seeded()).noise)
    assert noise[0] < 1e-5
    ratios = [b / a for a, b in pairwise(noise[1:])]
    assert ratios == pytest.approx([10**0.5] * 2, rel=0.2)


def test_contrast_is_never_zero_or_negative():
    assert Coreset(torch.ones(1, 1), torch.ones(1), 0.0, 0.5).contrast > 0


@LAWS
@given(seed=SEEDS, length=st.floats(0.1, 50))
def test_flattening_shrinks_the_mean_direction_only(seed, length):
    points = torch.nn.functional.normalize(torch.rand(30, 5, generator=seeded(seed)) + 1, dim=1)
    coreset = Coreset(points, torch.full((30,), 1 / 30), 0.05, 0.01)
    matrix = flattening(coreset, length)
    mean = torch.nn.functional.normalize(points.mean(dim=0), dim=0)
    torch.testing.assert_close(mean @ matrix, min(1.0, 0.05 * length) * mean, atol=1e-5, rtol=0)
    across = torch.randn(5, generator=seeded(seed))
    across -= (across @ mean) * mean
    torch.testing.assert_close(across @ matrix, across, atol=1e-5, rtol=0)


@LAWS
@given(seed=SEEDS)
def test_flattening_moves_no_spectrum_across_the_cone(seed):
    """Spectra inside the cone keep their codes; those outside stay outside."""
    generator = seeded(seed)
    endmembers = torch.nn.functional.normalize(torch.rand(4, 6, generator=generator) + 0.5, dim=1)
    codes = torch.rand(40, 4, generator=generator) * (torch.rand(40, 4, generator=generator) < 0.6)
    inside = codes @ endmembers
    outside = inside - 0.5 * endmembers.roll(1, dims=0).repeat(10, 1)
    outside = outside[(nnls(outside, endmembers).float() @ endmembers - outside).norm(dim=1) > 1e-2]
    coreset = Coreset(torch.cat([endmembers, endmembers]), torch.full((8,), 1 / 8), 0.1, 0.01)
    matrix = flattening(coreset, 3.0)
    assert torch.linalg.matrix_rank(matrix) == 6
    flat = endmembers @ matrix
    torch.testing.assert_close(nnls(inside @ matrix, flat).float(), codes, atol=1e-3, rtol=0)
    moved = outside @ matrix
    assert ((nnls(moved, flat).float() @ flat - moved).norm(dim=1) > 1e-3).all()


def test_flattening_makes_coding_better_conditioned(mixture_of):
    """Where all materials look alike: the reason why it is there."""
    mixture = mixture_of(0)
    alike = 1 + 0.02 * mixture.spectra
    pixels = project(alike, 4, 2)
    coreset = summarise(pixels, 4, FitSettings(), seeded())
    endmembers = torch.nn.functional.normalize(
        (1 + 0.02 * mixture.endmembers) @ pixels.basis, dim=1
    )
    flat = endmembers @ flattening(coreset, 3.0)
    assert torch.linalg.cond(flat) < 0.1 * torch.linalg.cond(endmembers)


def dark_and_noisy(mixture_of, darkness=0.05, share=5):
    """White noise at 30 dB; every fifth pixel or so is dark, so that its unit spectrum is noise."""
    clean = mixture_of(1, n_pixels=2000)
    light = torch.ones(len(clean.spectra), 1)
    light[::share] = darkness
    spectra = light * clean.spectra
    sigma = 10**-1.5 * clean.spectra.square().mean().sqrt()
    return spectra + sigma * torch.randn(spectra.shape, generator=seeded()), light[:, 0], clean


def test_precision_is_the_inverse_variance_of_unit_spectra(mixture_of):
    spectra, light, clean = dark_and_noisy(mixture_of)
    precision = project(spectra, 4, 2).precision
    assert precision.max() == 1
    assert precision[light == 1].min() > 0.5
    wanted = light.square() * clean.spectra.norm(dim=1).square()
    ratio = (precision / wanted * wanted.median())[light < 1]
    assert 0.4 < ratio.median() < 2.5, "of 400"


def test_noisy_dark_pixels_are_seldom_seeds_and_weigh_little(mixture_of):
    spectra, _, clean = dark_and_noisy(mixture_of)
    pixels = project(spectra, 4, 2)
    ones = torch.ones_like(pixels.precision)
    off = []
    for used in (pixels, replace(pixels, precision=ones)):
        coreset = summarise(used, 4, FitSettings(n_points=100), seeded())
        shapes = coreset.points @ pixels.basis.T
        outside = shapes - nnls(shapes, clean.endmembers).float() @ clean.endmembers
        off.append(float(outside.norm(dim=1).mean()))
    assert off[0] < 0.5 * off[1]


def test_the_directions_kept_are_not_those_of_dark_noise(mixture_of):
    """Four odd pixels of another material stay inside, though dark pixels lie farther off."""
    spectra, _, _ = dark_and_noisy(mixture_of)
    odd = mixture_of(9).endmembers[0]
    spectra[1:5] = odd
    pixels = project(spectra, 4, 0)
    unit = odd / odd.norm()
    assert (unit - unit @ pixels.basis @ pixels.basis.T).norm() < 0.1
