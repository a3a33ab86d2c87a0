import torch

from unmix.abundances import nonnegative, read_codes
from unmix.brightness import ANY_BRIGHTNESS
from unmix.metrics import spectral_angle
from unmix.products import products
from unmix.quality import QUALITY_BANDS, QUALITY_UNITS, pixel_quality
from unmix.readings import READINGS

ENDMEMBERS = torch.tensor([[0.1, 0.2, 0.6, 0.5], [0.4, 0.3, 0.1, 0.2]])


def quality_of(spectra, endmembers=ENDMEMBERS, brightness=None):
    found = products(spectra, endmembers)
    codes = nonnegative(found)
    return pixel_quality(found, codes, codes.sum(dim=1) if brightness is None else brightness)


def test_quality_of_a_mixture_is_perfect():
    spectra = torch.tensor([[0.3, 0.7], [0.5, 1.0]]) @ ENDMEMBERS
    brightness = torch.tensor([1.0, 1.5])
    quality = quality_of(spectra, brightness=brightness)
    assert quality.shape == (2, len(QUALITY_BANDS)) == (2, len(QUALITY_UNITS))
    assert quality[:, :2].abs().max() < 1e-6
    assert torch.equal(quality[:, 2], brightness)
    assert quality[:, 3].abs().max() == 0


def test_quality_counts_fractions_outside_the_unit_interval():
    spectra = torch.tensor([[1.5, -0.5], [0.4, 0.6]]) @ ENDMEMBERS
    quality = quality_of(spectra)
    assert quality[:, 3].tolist() == [1.0, 0.0]
    assert quality[0, 0] > 0


def test_quality_is_unknown_exactly_where_nothing_is_explained():
    spectra = torch.stack([ENDMEMBERS[0], 0 * ENDMEMBERS[0], -ENDMEMBERS[1]])
    found = products(spectra, ENDMEMBERS)
    codes = nonnegative(found)
    for reading in READINGS:
        read = read_codes(found, codes, reading, ANY_BRIGHTNESS)
        quality = pixel_quality(found, codes, read.brightness)
        assert torch.equal(quality.isnan(), read.fractions[:, :1].isnan().expand(3, 4))
        assert quality[1:].isnan().all() == (reading != "fcls")


def test_quality_measures_what_the_best_mixture_leaves():
    odd = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    quality = quality_of(odd, ENDMEMBERS[:1])[0]
    amount = ENDMEMBERS[0, 3] / ENDMEMBERS[0].square().sum()
    rest = odd[0] - amount * ENDMEMBERS[0]
    assert torch.isclose(quality[0], rest.square().mean().sqrt(), atol=1e-6)
    assert torch.isclose(quality[1], spectral_angle(odd[0], ENDMEMBERS[0]), atol=1e-6)


def test_quality_is_what_the_reconstruction_says():
    generator = torch.Generator().manual_seed(0)
    endmembers = torch.rand(4, 30, generator=generator)
    spectra = torch.rand(50, 30, generator=generator)
    modelled = nonnegative(products(spectra, endmembers)).float() @ endmembers
    quality = quality_of(spectra, endmembers)
    assert torch.allclose(
        quality[:, 0], (spectra - modelled).square().mean(dim=1).sqrt(), atol=1e-5
    )
    assert torch.allclose(quality[:, 1], spectral_angle(spectra, modelled), atol=1e-5)
