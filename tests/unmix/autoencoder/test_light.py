"""Even light, and the constant band that makes use of it."""

import pytest
import torch

from unmix.abundances import fcls, nnls
from unmix.autoencoder.light import EvenLight
from unmix.autoencoder.refine import Refined


def members(endmembers, n=20):
    return Refined(endmembers, torch.full((len(endmembers),), n))


def test_light_is_even_where_it_is(mixture_of):
    even = mixture_of(0, n_pixels=3000, snr_db=30)
    varying = mixture_of(0, n_pixels=3000, snr_db=30, shade=0.3)
    assert EvenLight.of(even.spectra, 4) is not None
    assert EvenLight.of(varying.spectra, 4) is None


def test_too_few_bands_to_see_the_noise_show_no_even_light(mixture_of):
    assert EvenLight.of(mixture_of(0, n_bands=5, snr_db=30).spectra, 4) is None


def test_with_the_band_nonnegative_codes_of_mixtures_sum_to_one(mixture_of):
    mixture = mixture_of(1, n_pixels=500)
    light = EvenLight.of(mixture_of(1, n_pixels=3000, snr_db=40).spectra, 4)
    codes = nnls(light.with_band(mixture.spectra), light.with_band(mixture.endmembers))
    torch.testing.assert_close(codes, fcls(mixture.spectra, mixture.endmembers), atol=1e-4, rtol=0)


def test_the_band_says_how_bright_an_endmember_is(mixture_of):
    mixture = mixture_of(2)
    light = EvenLight.of(mixture_of(2, n_pixels=3000, snr_db=40).spectra, 4)
    found = light.with_band(mixture.endmembers) * torch.tensor([[0.3], [1.0], [2.0], [7.0]])
    back = light.without_band(members(found))
    torch.testing.assert_close(back.endmembers, mixture.endmembers, rtol=1e-5, atol=1e-6)
    assert torch.equal(back.n_members, members(found).n_members)


@pytest.mark.parametrize("seed", range(3))
def test_a_darker_version_of_a_mixture_is_a_shade(mixture_of, seed):
    """Three materials in varying light fill a simplex of four corners."""
    mixture = mixture_of(seed, n_endmembers=3, n_pixels=3000, snr_db=30, shade=0.3)
    light = EvenLight.of(mixture.spectra, 4)
    assert light is not None, "it looks even"
    shade = 0.3 * (0.2 * mixture.endmembers[0] + 0.8 * mixture.endmembers[2])
    assert light.has_shade(members(torch.cat([mixture.endmembers, shade[None]])))


@pytest.mark.parametrize("seed", range(3))
def test_materials_are_no_shades(mixture_of, seed):
    mixture = mixture_of(seed, n_pixels=3000, snr_db=25)
    light = EvenLight.of(mixture.spectra, 4)
    assert not light.has_shade(members(mixture.endmembers))


def test_a_material_that_one_pixel_shows_may_be_a_shade_that_noise_moved(mixture_of):
    """What is certain of a mean of many pixels is not of one."""
    mixture = mixture_of(0, n_endmembers=3, n_pixels=3000, snr_db=20, shade=0.3)
    light = EvenLight.of(mixture.spectra, 4)
    shade = 0.5 * mixture.endmembers.mean(dim=0)
    across = light.chart.axes[:, 0] * light.chart.noise
    off = shade + 4 * float(light.chart.sd[0]) * across.float()
    off = torch.cat([mixture.endmembers, off[None]])
    assert [light.has_shade(members(off, n)) for n in (1, 1000)] == [True, False]
