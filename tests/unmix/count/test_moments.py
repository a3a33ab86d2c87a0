import pytest
import torch

from unmix import UnmixError
from unmix.count.moments import CHUNK_ROWS, Moments


def test_moments_are_those_of_the_whole_in_parts(planted):
    spectra = planted(3, n_pixels=CHUNK_ROWS + 100, n_bands=5)
    moments = Moments.of(spectra)
    wide = spectra.double()
    torch.testing.assert_close(moments.mean, wide.mean(dim=0))
    torch.testing.assert_close(moments.covariance, torch.cov(wide.T, correction=0))


def test_divided_moments_are_those_of_divided_spectra(planted):
    spectra, scale = planted(3), torch.linspace(0.5, 2, 40)
    divided, direct = Moments.of(spectra).divided_by(scale.double()), Moments.of(spectra / scale)
    torch.testing.assert_close(divided.correlation, direct.correlation, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(divided.mean, direct.mean, rtol=1e-5, atol=1e-8)


def test_moments_refuse_too_few_bands():
    with pytest.raises(UnmixError, match=r"at least 4 bands. Got shape \(9, 3\)"):
        Moments.of(torch.rand(9, 3))


def test_moments_refuse_no_more_pixels_than_bands():
    with pytest.raises(UnmixError, match="Got 20 valid pixels of 20 bands"):
        Moments.of(torch.rand(20, 20))


def test_moments_refuse_invalid_pixels(planted):
    spectra = planted(2)
    spectra[7, 3] = torch.nan
    with pytest.raises(UnmixError, match="NaN"):
        Moments.of(spectra)


def test_moments_refuse_bands_without_light(planted):
    spectra = planted(2)
    spectra[:, [4, 5]] = 0
    with pytest.raises(UnmixError, match="Zero in every pixel: 2 of 40 bands"):
        Moments.of(spectra)
