"""How noisy the unit spectra of dark pixels are."""

import pytest
import torch

from unmix.autoencoder.darkness import expected_residual


def residuals(white, varied, n_pixels=20_000):
    """Lengths of residuals of unit spectra from white noise and from what materials vary by."""
    generator = torch.Generator().manual_seed(0)
    brightness = 0.1 + torch.rand(n_pixels, generator=generator)
    noise = torch.randn(n_pixels, 60, generator=generator)
    scale = (varied**2 + (white / brightness) ** 2).sqrt()
    return (scale[:, None] * noise).norm(dim=1) / 60**0.5, brightness


@pytest.mark.parametrize(("white", "varied"), [(0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_noise_and_variability_are_told_apart(white, varied):
    residual, brightness = residuals(white, varied)
    expected = expected_residual(residual, brightness)
    at = torch.tensor([0.2, 0.5, 1.0])
    wanted = (varied**2 + (white / at) ** 2).sqrt()
    torch.testing.assert_close(expected(at), wanted, rtol=0.05, atol=0)


def test_darker_is_never_expected_to_be_cleaner():
    """Even where the dark pixels happen to fit best."""
    brightness = torch.linspace(0.1, 1, 2000)
    at = torch.linspace(0.1, 1, 50)
    assert (expected_residual(brightness, brightness)(at).diff() <= 1e-6).all()


def test_a_few_pixels_that_nothing_explains_do_not_count():
    residual, brightness = residuals(0.01, 0.0)
    before = expected_residual(residual, brightness)(brightness[:10])
    residual[::20] = 1.0
    after = expected_residual(residual, brightness)(brightness[:10])
    torch.testing.assert_close(after, before, rtol=0.1, atol=0)


def test_no_residual_at_all_is_expected_to_stay_so():
    brightness = torch.linspace(0.1, 1, 200)
    assert (expected_residual(torch.zeros(200), brightness)(brightness) == 0).all()
