"""Brightness taken off spectra."""

import numpy as np
import pytest
import torch

from unmix.cover import Normalization
from unmix.errors import UnmixError

AXIS = np.arange(400.0, 2500.0, 50.0)


@pytest.mark.parametrize("rule", ["brightness", "1500", "660"])
def test_spectra_of_one_shape_become_the_same(rule):
    shape = torch.rand(1, AXIS.size, generator=torch.Generator().manual_seed(0)).double() + 0.1
    spectra = shape * torch.tensor([[0.5], [1.0], [3.0]])
    normalised = spectra / Normalization(rule, AXIS).lengths(spectra)[:, None]
    torch.testing.assert_close(normalised, normalised[:1].expand(3, -1))


def test_none_leaves_spectra_as_they_are():
    assert Normalization("none", AXIS).lengths(torch.rand(4, AXIS.size)).tolist() == [1.0] * 4


def test_brightness_does_not_see_water_vapour():
    spectra = torch.rand(5, AXIS.size, generator=torch.Generator().manual_seed(0))
    rule = Normalization("brightness", AXIS)
    dry = ~(((AXIS >= 1300) & (AXIS <= 1500)) | ((AXIS >= 1800) & (AXIS <= 2000)))
    expected = np.sqrt((spectra.numpy()[:, dry] ** 2).mean(axis=1))
    np.testing.assert_allclose(rule.lengths(spectra), expected, rtol=1e-6)


def test_a_wavelength_is_the_value_of_the_nearest_band():
    spectra = torch.rand(5, AXIS.size)
    lengths = Normalization("1512.5", AXIS).lengths(spectra)
    assert torch.equal(lengths, spectra[:, AXIS.tolist().index(1500.0)])


@pytest.mark.parametrize(
    ("rule", "axis", "message"),
    [
        ("bright", AXIS, "must be none, brightness or a wavelength in nanometres. Got 'bright'"),
        ("nan", AXIS, "Got 'nan'"),
        ("3000", AXIS, "no band in use is near 3000 nm; the nearest lies at 2450 nm"),
        ("brightness", [1350.0, 1900.0], "all bands lie in the water vapour bands"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused(rule, axis, message):
    with pytest.raises(UnmixError, match=message):
        Normalization(rule, axis)
