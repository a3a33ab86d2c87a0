"""Reconstruction losses: least where the spectra are alike, and their values by hand."""

import pytest
import torch

from unmix.metrics import spectral_angle
from unmix.networks.reconstruction import RECONSTRUCTIONS, Scale

GENERATOR = torch.Generator().manual_seed(0)
BASIS = torch.linalg.qr(torch.rand(9, 4, generator=GENERATOR)).Q
SCALE = Scale(BASIS, size=1.5, noise=0.1)
TARGET = (0.1 + 0.5 * torch.rand(6, 9, generator=GENERATOR)) @ BASIS / 1.5


@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_losses_grow_away_from_the_target_and_have_gradients_at_it(name):
    loss = RECONSTRUCTIONS[name]
    found = TARGET.clone().requires_grad_()
    at = loss(found, TARGET, SCALE)
    assert at.shape == (6,)
    assert torch.allclose(at, torch.zeros(6), atol=1e-3)
    assert torch.autograd.grad(at.sum(), found)[0].isfinite().all()
    turned = TARGET.roll(1, dims=1)
    assert (loss(turned, TARGET, SCALE) > at + 1e-4).all()


def test_losses_are_what_their_names_say():
    found = TARGET + 0.3
    rest = (found - TARGET).norm(dim=1)
    values = {name: loss(found, TARGET, SCALE) for name, loss in RECONSTRUCTIONS.items()}
    assert torch.allclose(values["squared"], rest**2)
    assert torch.allclose(values["likelihood"], rest**2 / 0.02)
    assert torch.allclose(values["robust"], rest, atol=1e-6)
    assert torch.allclose(values["angular"], spectral_angle(found, TARGET), atol=1e-3)


def test_cross_entropy_is_the_divergence_of_reflectances():
    y_hat, y = ((z @ (1.5 * BASIS.T)).clamp(1e-4, 1 - 1e-4) for z in (0.9 * TARGET, TARGET))
    coins = (torch.distributions.Bernoulli(p) for p in (y, y_hat))
    expected = torch.distributions.kl_divergence(*coins).mean(dim=1)
    found = RECONSTRUCTIONS["cross_entropy"](0.9 * TARGET, TARGET, SCALE)
    assert torch.allclose(found, expected, atol=1e-6)
