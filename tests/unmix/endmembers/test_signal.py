"""Where the signal of a scene lies."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.endmembers import project_on_signal
from unmix.endmembers.signal import (
    affine_projection,
    bright_pixels,
    perspective_projection,
    steady_projection,
    white_noise,
)
from unmix.errors import UnmixError

LAWS = settings(max_examples=30, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("unit", [1e-25, 1.0, 1e25])
def test_bright_pixels_are_within_a_thousand_times_the_median_in_any_unit(dtype, unit):
    length = [0.0, 1e-9, 0.9e-3, 1.1e-3, *9 * [1.0], 999, 1001, 1e9, torch.nan, torch.inf]
    spectra = unit * torch.tensor(length, dtype=dtype)[:, None] * torch.tensor([0.6, 0.8])
    expected = [False] * 3 + [True] * 11 + [False] * 4
    assert bright_pixels(spectra.to(dtype)).tolist() == expected


def test_of_black_pixels_none_is_bright():
    assert not bright_pixels(torch.zeros(3, 5)).any()
    assert bright_pixels(torch.zeros(0, 5)).shape == (0,)


def test_a_black_border_does_not_change_which_pixels_are_bright():
    spectra = torch.rand(9, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    spectra[4] *= 1e-5
    bordered = torch.cat([spectra, torch.zeros(100, 5)])
    assert bright_pixels(bordered).tolist() == bright_pixels(spectra).tolist() + [False] * 100


@LAWS
@given(n=st.integers(2, 8), seed=SEEDS)
def test_projection_leaves_a_mixture_alone_and_does_nothing_the_second_time(planted, n, seed):
    clean = planted(seed, n, n_pixels=200).spectra
    torch.testing.assert_close(project_on_signal(clean, n), clean)
    noisy = planted(seed, n, n_pixels=200, snr_db=20).spectra
    once = project_on_signal(noisy, n)
    assert torch.linalg.matrix_rank(once) == n
    torch.testing.assert_close(project_on_signal(once, n), once)


@pytest.mark.parametrize("n", [2, 5])
def test_projection_takes_the_noise_of_all_other_dimensions(planted, n):
    clean = planted(0, n, n_bands=50, n_pixels=4000).spectra
    noisy = planted(0, n, n_bands=50, n_pixels=4000, snr_db=30).spectra
    left = (project_on_signal(noisy, n) - clean).square().mean() / (noisy - clean).square().mean()
    assert float(left) == pytest.approx(n / 50, rel=0.1)


@LAWS
@given(
    n=st.integers(2, 6),
    chart=st.sampled_from([affine_projection, perspective_projection]),
    seed=SEEDS,
)
def test_chart_lies_on_a_plane_and_leads_back_to_the_spectra(planted, n, chart, seed):
    scene = planted(seed, n, n_pixels=100)
    found = chart(scene.spectra, n)
    ones = torch.ones(100, 1).double()
    normal = torch.linalg.lstsq(found.points, ones).solution
    torch.testing.assert_close(found.points @ normal, ones)
    back = found.spectra(found.points)
    brightness = (scene.spectra * back).sum(dim=1) / back.square().sum(dim=1)
    torch.testing.assert_close(brightness[:, None] * back, scene.spectra, rtol=0, atol=1e-6)
    if chart is affine_projection:
        torch.testing.assert_close(brightness, ones[:, 0])


def test_perspective_does_not_see_the_illumination(planted):
    spectra = planted(1, 4, n_pixels=100).spectra
    light = 0.2 + torch.rand(100, 1, generator=torch.Generator().manual_seed(0)).double()
    plain, lit = (perspective_projection(each, 4) for each in (spectra, light * spectra))
    back = [
        torch.nn.functional.normalize(each.spectra(each.points), dim=1) for each in (plain, lit)
    ]
    torch.testing.assert_close(*back)


@pytest.mark.parametrize(("snr_db", "flat"), [(30, True), (15, False)])
def test_chart_divides_brightness_out_where_noise_allows_it(planted, snr_db, flat):
    spectra = planted(2, 4, snr_db=snr_db).spectra
    expected = (perspective_projection if flat else affine_projection)(spectra, 4)
    assert torch.equal(steady_projection(spectra, 4).points, expected.points)


@pytest.mark.parametrize("n_pixels", [300, 3000])
def test_white_noise_is_measured_and_told_from_variability(planted, n_pixels):
    clean = planted(3, 4, n_pixels=n_pixels).spectra
    generator = torch.Generator().manual_seed(0)
    noise = 0.01 * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    sigma, structure = white_noise(clean + noise, 4)
    assert sigma == pytest.approx(0.01, rel=0.05)
    assert 0.7 < structure < 1.1
    shape = torch.sin(torch.arange(30) / 3).double()
    varied = clean + noise + 0.03 * torch.outer(noise[:, 0] / 0.01, shape)
    assert white_noise(varied, 4)[1] > 3


def test_projection_keeps_the_type_and_refuses_too_many_dimensions():
    assert project_on_signal(torch.rand(9, 5), 1).dtype == torch.float32
    with pytest.raises(UnmixError, match=r"`n_dimensions` must be from 1 to 5 for 9 pixels of 5"):
        project_on_signal(torch.rand(9, 5), 6)
