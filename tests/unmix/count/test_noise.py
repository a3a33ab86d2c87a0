import numpy as np
import torch

from unmix.count.moments import Moments
from unmix.count.noise import regression_noise


def test_noise_is_the_residual_of_regressing_each_band_on_the_others(planted):
    """The slow second way: one least-squares problem for every band."""
    spectra = planted(3, sigma=0.02, n_pixels=300, n_bands=8).double().numpy()
    found = regression_noise(Moments.of(torch.from_numpy(spectra)))
    signal = np.empty_like(spectra)
    for band in range(8):
        others = np.delete(spectra, band, axis=1)
        weights = np.linalg.lstsq(others, spectra[:, band], rcond=None)[0]
        signal[:, band] = others @ weights
    variance = ((spectra - signal) ** 2).sum(axis=0) / (300 - 7)
    np.testing.assert_allclose(found.variance.numpy(), variance, rtol=1e-6)
    np.testing.assert_allclose(found.signal.numpy(), signal.T @ signal / 300, rtol=1e-6)


def test_noise_of_every_band_is_found_or_overstated(planted):
    """Regression on bands that are noisy themselves leaves a little signal in the residual."""
    sigma = torch.linspace(0.01, 0.05, 40)
    generator = torch.Generator().manual_seed(1)
    clean = planted(3, sigma=0, n_pixels=4000)
    spectra = clean + sigma * torch.randn(clean.shape, generator=generator)
    found = regression_noise(Moments.of(spectra)).variance.sqrt()
    assert (found / sigma > 0.95).all()
    assert (found / sigma).median() < 1.1
