"""The smallest simplex around the pixels."""

import numpy as np
import pytest
import torch

from unmix.autoencoder.chart import Chart
from unmix.autoencoder.volume import outside_hull, smallest_simplex
from unmix.metrics import match_endmembers, spectral_angle


def impure(mixture_of, seed, purity, *, snr_db=40, n_pixels=3000):
    """Spectra of a mixture whose materials nowhere cover more than `purity`, and its materials."""
    endmembers = mixture_of(seed).endmembers.double()
    rng = np.random.default_rng(seed)
    fractions = rng.dirichlet([0.8] * 4, 20 * n_pixels)
    fractions = torch.from_numpy(fractions[fractions.max(axis=1) <= purity][:n_pixels])
    spectra = fractions @ endmembers
    sigma = (spectra.square().mean() / 10 ** (snr_db / 10)).sqrt()
    noise = torch.from_numpy(rng.standard_normal(spectra.shape))
    return spectra + sigma * noise, endmembers


def shrunk(chart, endmembers, purity):
    """The simplex of the purest pixels, as archetypes would have it."""
    corners = chart.into(endmembers)
    middle = corners.mean(dim=0)
    return middle + purity * (corners - middle)


@pytest.mark.parametrize("purity", [0.6, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_endmembers_that_no_pixel_shows_are_found(mixture_of, seed, purity):
    spectra, endmembers = impure(mixture_of, seed, purity)
    chart = Chart.of(spectra, 4)
    start = shrunk(chart, endmembers, purity)
    found = chart.back(smallest_simplex(chart, start))
    order = match_endmembers(found, endmembers)
    before = spectral_angle(chart.back(start), endmembers).mean()
    assert spectral_angle(found[order], endmembers).mean() < 0.3 * before


@pytest.mark.parametrize("snr_db", [25, 40])
def test_right_corners_leave_no_more_outside_than_noise(mixture_of, snr_db):
    mixture = mixture_of(0, n_pure=200, n_pixels=2000, snr_db=snr_db)
    chart = Chart.of(mixture.spectra, 4)
    assert outside_hull(chart, chart.into(mixture.endmembers)) < 0.5


def test_pixels_on_the_corners_leave_half_of_the_noise_outside(mixture_of):
    """The extreme that sets the limit: every pixel pure, in one dimension exactly half."""
    mixture = mixture_of(0, n_endmembers=2, n_pure=1000, n_pixels=2000, snr_db=30)
    chart = Chart.of(mixture.spectra, 2)
    outside = outside_hull(chart, chart.into(mixture.endmembers))
    assert outside == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("n_endmembers", [4, 9])
def test_sharp_corners_leave_no_more_outside_than_blunt_ones(mixture_of, n_endmembers):
    """Every pixel pure: of many corners, each sharper, noise leaves more than half outside."""
    mixture = mixture_of(
        1, n_endmembers=n_endmembers, n_pure=200, n_pixels=200 * n_endmembers, snr_db=35
    )
    chart = Chart.of(mixture.spectra, n_endmembers)
    assert outside_hull(chart, chart.into(mixture.endmembers)) < 0.55


def test_more_lies_outside_the_smaller_the_simplex(mixture_of):
    spectra, endmembers = impure(mixture_of, 0, 1.0)
    chart = Chart.of(spectra, 4)
    outside = [outside_hull(chart, shrunk(chart, endmembers, size)) for size in (1, 0.9, 0.8, 0.7)]
    assert outside == sorted(outside)
    assert outside[0] < 0.5 < outside[1]


def test_one_pixel_far_off_does_not_count_for_many(mixture_of):
    mixture = mixture_of(0, snr_db=35, n_pixels=1000)
    chart = Chart.of(mixture.spectra, 4)
    corners = chart.into(mixture.endmembers)
    before = outside_hull(chart, corners)
    chart.points[7] += 100 * chart.points.std()
    assert outside_hull(chart, corners) < before + 25 / 1000 + 1e-6


def test_the_start_may_be_anywhere_near(mixture_of):
    spectra, endmembers = impure(mixture_of, 1, 0.7)
    chart = Chart.of(spectra, 4)
    found = [
        chart.back(smallest_simplex(chart, shrunk(chart, endmembers, size))) for size in (0.6, 1.1)
    ]
    order = match_endmembers(found[0], found[1])
    assert spectral_angle(found[0][order], found[1]).max() < 0.02


def test_corners_on_a_line_span_no_simplex(mixture_of):
    spectra, _ = impure(mixture_of, 0, 1.0, n_pixels=400)
    chart = Chart.of(spectra, 4)
    line = torch.linspace(-1, 1, 4, dtype=torch.float64)[:, None] * chart.points.std(dim=0)
    assert smallest_simplex(chart, line) is None


def test_a_simplex_that_noise_hides_is_not_made_up(mixture_of):
    """Eight materials at 5 dB: a direction of the simplex collapses into the noise."""
    mixture = mixture_of(3, n_endmembers=8, n_pixels=1500, n_pure=0, snr_db=5)
    chart = Chart.of(mixture.spectra, 8)
    start = 0.9 * mixture.endmembers + 0.1 * mixture.endmembers.mean(dim=0)
    assert smallest_simplex(chart, chart.into(start)) is None
