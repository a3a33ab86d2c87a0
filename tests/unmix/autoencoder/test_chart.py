"""The flat map of unit spectra."""

import pytest
import torch
from torch.nn.functional import normalize

from unmix.autoencoder.chart import Chart, all_ones, band_noise
from unmix.metrics import spectral_angle


def test_endmembers_go_into_the_chart_and_back(mixture_of):
    mixture = mixture_of(1, snr_db=40)
    chart = Chart.of(mixture.spectra, 4)
    back = chart.back(chart.into(mixture.endmembers))
    assert spectral_angle(back, mixture.endmembers.double()).max() < 0.01


def test_light_moves_no_point(mixture_of):
    mixture = mixture_of(2)
    chart = Chart.of(mixture.spectra, 4)
    light = torch.linspace(0.2, 3, len(mixture.spectra))[:, None]
    torch.testing.assert_close(chart.into(light * mixture.spectra), chart.points)


def test_mixtures_lie_between_the_corners(mixture_of):
    """Barycentric coordinates of the points are not negative and sum to one."""
    mixture = mixture_of(3, shade=0.5)
    chart = Chart.of(mixture.spectra, 4)
    corners = chart.into(mixture.endmembers)
    ones = torch.ones(len(chart.points), 1, dtype=torch.float64)
    heights = torch.linalg.inv(torch.cat([corners, ones[:4]], dim=1))
    fractions = torch.cat([chart.points, ones], dim=1) @ heights
    assert fractions.min() > -1e-4
    torch.testing.assert_close(fractions.sum(dim=1), ones[:, 0])


@pytest.mark.parametrize("n_bands", [6, 10, 100])
def test_the_noise_of_points_is_what_repeating_the_scene_shows(mixture_of, n_bands):
    """Few bands or many: the standard deviation of a point is right to a fifth."""
    clean = mixture_of(0, n_bands=n_bands, n_pixels=3000)
    noisy = mixture_of(0, n_bands=n_bands, n_pixels=3000, snr_db=35)
    chart = Chart.of(noisy.spectra, 4)
    moved = chart.points - chart.into(clean.spectra)
    ratio = moved.square().mean(dim=1) / chart.sd.square()
    assert 0.8 < ratio.mean().sqrt() < 1.2


def test_white_noise_has_no_structure_and_varying_materials_have(mixture_of):
    mixture = mixture_of(0, snr_db=35, n_pixels=3000)
    assert Chart.of(mixture.spectra, 4).structure < 1.2
    generator = torch.Generator().manual_seed(0)
    wave = torch.cos(torch.linspace(0, 6, 50))
    varied = mixture.spectra * (1 + 0.1 * torch.randn(3000, 1, generator=generator) * wave)
    assert Chart.of(varied, 4).structure > 5


@pytest.mark.parametrize("n_bands", [8, 50])
def test_a_noisy_band_is_known_though_the_subspace_follows_it(mixture_of, n_bands):
    clean = mixture_of(5, n_bands=n_bands, n_pixels=4000).spectra
    generator = torch.Generator().manual_seed(1)
    sigma = 0.002 * torch.ones(n_bands)
    sigma[3] = 0.006
    noise = band_noise(clean + sigma * torch.randn(clean.shape, generator=generator), 4)
    torch.testing.assert_close(noise / noise.median(), sigma.double() / 0.002, atol=0.6, rtol=0.3)


def test_pixels_in_any_order_have_one_chart(mixture_of):
    spectra = mixture_of(6, snr_db=30).spectra
    chart, turned = Chart.of(spectra, 4), Chart.of(spectra.flip(0), 4)
    corners = normalize(spectra[:4], dim=1)
    back = [c.back(c.into(corners)) for c in (chart, turned)]
    torch.testing.assert_close(back[0], back[1], atol=1e-6, rtol=1e-6)
    assert chart.structure == pytest.approx(turned.structure)


def test_even_light_is_told_from_light_that_varies(mixture_of):
    even = mixture_of(0, n_pixels=3000, snr_db=30)
    varying = mixture_of(0, n_pixels=3000, snr_db=30, shade=0.3)
    assert Chart.in_even_light(even.spectra, 4) is not None
    assert Chart.in_even_light(varying.spectra, 4) is None


def test_in_even_light_spectra_come_back_as_bright_as_they_are(mixture_of):
    mixture = mixture_of(1, n_pixels=3000, snr_db=35)
    chart = Chart.in_even_light(mixture.spectra, 4)
    back = chart.back(chart.into(mixture.endmembers))
    torch.testing.assert_close(back, mixture.endmembers.double(), atol=0.01, rtol=0)


def test_the_noise_in_even_light_is_what_repeating_the_scene_shows(mixture_of):
    clean = mixture_of(0, n_pixels=3000)
    noisy = mixture_of(0, n_pixels=3000, snr_db=30)
    chart = Chart.in_even_light(noisy.spectra, 4)
    moved = chart.points - chart.into(clean.spectra)
    ratio = moved.square().mean(dim=1) / chart.sd.square()
    assert 0.9 < ratio.mean().sqrt() < 1.1


def test_black_pixels_are_left_out(mixture_of):
    spectra = mixture_of(0, snr_db=35, n_pixels=2000).spectra
    noise = 1e-3 * torch.randn(200, spectra.shape[1], generator=torch.Generator().manual_seed(0))
    clean, bordered = Chart.of(spectra, 4), Chart.of(torch.cat([spectra, noise]), 4)
    assert len(bordered.points) == len(clean.points)
    assert bordered.structure < 1.1 * clean.structure
    assert bordered.sd.median() == pytest.approx(float(clean.sd.median()), rel=0.1)


def test_what_is_behind_the_eye_is_not_shown(mixture_of):
    mixture = mixture_of(0, snr_db=35)
    chart = Chart.of(mixture.spectra, 4)
    assert chart.shows(mixture.endmembers)
    assert not chart.shows(torch.cat([mixture.endmembers, -mixture.endmembers[:1]]))


def test_coordinates_in_the_signal_keep_lengths_and_angles(mixture_of):
    """White noise: the bands are alike, so that whitening changes nothing."""
    mixture = mixture_of(2, snr_db=35, n_pixels=3000)
    chart = Chart.in_even_light(mixture.spectra, 4)
    seen = chart.in_signal(mixture.endmembers)
    assert seen.shape == (4, 4)
    gram = mixture.endmembers.double() / chart.noise
    torch.testing.assert_close(seen @ seen.T, gram @ gram.T, rtol=0.02, atol=0)


def test_all_ones_is_least_squares_whose_bits_do_not_depend_on_where_memory_lies(mixture_of):
    rows = mixture_of(0, snr_db=20).spectra[:, :6].double()
    found = all_ones(rows)
    torch.testing.assert_close(
        found, torch.linalg.lstsq(rows, torch.ones(400, 1).double())[0][:, 0]
    )
    generator = torch.Generator().manual_seed(0)
    for size in torch.randint(1, 3000, (40,), generator=generator).tolist():
        held = [bytearray(size + k) for k in range(50)]
        assert torch.equal(all_ones(rows.clone()), found)
        del held


def test_a_direction_that_no_row_has_gets_nothing():
    assert all_ones(torch.tensor([[2.0, 0.0], [2.0, 0.0]])).tolist() == pytest.approx([0.5, 0.0])
