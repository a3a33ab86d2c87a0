"""The brightness of endmembers in even light."""

import dataclasses

import pytest
import torch

from unmix.autoencoder.coreset import project
from unmix.autoencoder.light import even_light

WRONG = torch.tensor([0.8, 1.0, 1.3, 0.9])[:, None]


def seeded():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("seed", range(3))
def test_even_light_puts_brightness_right(mixture_of, seed):
    mixture = mixture_of(seed, n_pixels=2000, snr_db=35)
    pixels = project(mixture.spectra, 4, 2)
    found = even_light(pixels, WRONG * mixture.endmembers, seeded())
    ratio = found.norm(dim=1) / mixture.endmembers.norm(dim=1)
    torch.testing.assert_close(ratio, torch.ones(4), atol=0.06, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_in_varying_light_nothing_is_changed(mixture_of, seed):
    mixture = mixture_of(seed, n_pixels=2000, snr_db=35, shade=0.4)
    pixels = project(mixture.spectra, 4, 2)
    given = WRONG * mixture.endmembers
    assert even_light(pixels, given, seeded()) is given


def test_right_brightness_stays_right(mixture_of):
    mixture = mixture_of(0, n_pixels=2000, snr_db=35)
    pixels = project(mixture.spectra, 4, 2)
    found = even_light(pixels, mixture.endmembers, seeded())
    torch.testing.assert_close(found, mixture.endmembers, atol=0, rtol=0.02)


def test_shapes_never_change(mixture_of):
    mixture = mixture_of(1, n_pixels=2000, snr_db=35)
    pixels = project(mixture.spectra, 4, 2)
    given = WRONG * mixture.endmembers
    found = even_light(pixels, given, seeded())
    factors = found / given
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors))
    assert not torch.equal(found, given)


def test_units_do_not_matter(mixture_of):
    mixture = mixture_of(2, n_pixels=2000, snr_db=35)
    pixels = project(mixture.spectra, 4, 2)
    counts = dataclasses.replace(pixels, length=10_000 * pixels.length)
    given = WRONG * mixture.endmembers
    torch.testing.assert_close(
        even_light(counts, 10_000 * given, seeded()),
        10_000 * even_light(pixels, given, seeded()),
    )


def test_two_endmembers_alike_keep_their_brightness(mixture_of):
    mixture = mixture_of(0, n_pixels=500, snr_db=35)
    pixels = project(mixture.spectra, 4, 2)
    twins = torch.cat([mixture.endmembers, mixture.endmembers[:1]])
    found = even_light(pixels, twins, seeded())
    assert found.isfinite().all()
    assert (found >= 0).all()
