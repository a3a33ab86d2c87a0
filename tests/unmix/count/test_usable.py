import numpy as np
import pytest
import torch

from unmix import UnmixError
from unmix.count.usable import MOST_NAMED, usable_spectra
from unmix.errors import UnmixWarning


def sound(spectra):
    """What is given back of spectra that are all usable."""
    return spectra * 2.0 ** (1 - np.frexp(spectra.double().norm(dim=1).median().item())[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_usable_spectra_of_a_sound_scene_are_all_in_a_unit_near_their_length(planted, dtype, unit):
    spectra = (unit * planted(2).double()).to(dtype)
    usable = usable_spectra(spectra)
    assert usable.dtype == dtype
    assert 1 <= usable.norm(dim=1).median() < 2
    assert torch.equal(usable, sound(spectra.double()).to(dtype))


@pytest.mark.parametrize("value", [0.0, 0.3, -0.01])
def test_bands_without_variance_are_left_out_and_named(planted, value):
    spectra = planted(2)
    spectra[:, [4, 39]] = value
    wavelengths_nm = np.linspace(400, 790, 40) + 1 / 3
    message = r"2 of 40, number 5 \(440\.333 nm\), 40 \(790\.333 nm\)\."
    with pytest.warns(UnmixWarning, match=message):
        usable = usable_spectra(spectra, wavelengths_nm)
    assert torch.equal(usable, sound(planted(2)[:, [b for b in range(40) if b not in (4, 39)]]))


def test_a_band_that_varies_in_one_pixel_stays(planted):
    spectra = planted(2)
    spectra[:, 4], spectra[7, 4] = 0.3, 0.3001
    assert usable_spectra(spectra).shape == spectra.shape


def test_a_band_is_dead_if_it_is_the_same_in_all_pixels_that_count(planted):
    spectra = planted(2)
    spectra[:, 4] = 0.3
    spectra[0], spectra[1] = torch.nan, 0
    with pytest.warns(UnmixWarning, match=r"1 of 40, number 5\. "):
        assert usable_spectra(spectra).shape == (len(spectra) - 2, 39)


def test_no_more_bands_are_named_than_one_can_read(planted):
    spectra = planted(2)
    spectra[:, : MOST_NAMED + 3] = 0
    with pytest.warns(UnmixWarning, match=rf"15 of 40, number 1, 2, .*, {MOST_NAMED} and 3 more\."):
        usable_spectra(spectra)


@pytest.mark.parametrize("value", [1e30, 1e18, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_glaring_pixels_are_left_out_and_counted(planted, value, dtype):
    spectra = planted(2).to(dtype)
    spectra[3, 7], spectra[9] = value, value
    others = [k for k in range(len(spectra)) if k not in (3, 9)]
    with pytest.warns(UnmixWarning, match=r"over 1000 times .*: 2 of 1500\. Check the nodata"):
        assert torch.equal(usable_spectra(spectra), sound(spectra[others]))


def test_pixels_a_hundred_times_as_bright_stay(planted):
    spectra = planted(2)
    spectra[9] *= 100 * spectra.norm(dim=1).median() / spectra[9].norm()
    assert torch.equal(usable_spectra(spectra), sound(spectra))


@pytest.mark.parametrize("n_bands", [3, 20])
@pytest.mark.parametrize("value", [0.0, torch.nan, torch.inf])
def test_no_light_is_told_before_anything_else(value, n_bands):
    with pytest.raises(UnmixError, match="all 500 pixels are black, or contain NaN or infinite"):
        usable_spectra(torch.full((500, n_bands), value))


@pytest.mark.parametrize("n_pixels", [2, 500])
def test_a_constant_scene_is_refused_in_one_sentence(n_pixels):
    message = f"nothing to count: all {n_pixels} valid pixels have the same spectrum"
    with pytest.raises(UnmixError, match=message):
        usable_spectra(torch.linspace(0.1, 0.5, 20).expand(n_pixels, -1))


@pytest.mark.parametrize("shape", [(500,), (5, 6, 7)])
def test_what_are_no_rows_is_refused(shape):
    with pytest.raises(UnmixError, match=r"\(n_pixels, n_bands\)\. Got shape \("):
        usable_spectra(torch.rand(shape))
