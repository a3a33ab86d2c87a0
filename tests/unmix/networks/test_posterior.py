"""Distributions on the simplex: divergence and moments against sampling and formulas."""

import torch

from unmix.networks.calibration import quiet_noise
from unmix.networks.posterior import GaussianPrior, draw, moments, split


def test_divergence_is_that_of_two_gaussians():
    prior = GaussianPrior(3)
    with torch.no_grad():
        prior.mean.copy_(torch.tensor([0.5, -1.0, 0.0]))
    mean, log_deviation = split(torch.randn(5, 6, generator=torch.Generator().manual_seed(0)))
    ours = torch.distributions.Normal(mean, log_deviation.exp())
    theirs = torch.distributions.Normal(prior.mean, prior.log_deviation.exp())
    expected = torch.distributions.kl_divergence(ours, theirs).sum(dim=1)
    assert torch.allclose(prior.divergence(mean, log_deviation), expected, atol=1e-5)


def test_moments_are_those_of_many_draws():
    mean = torch.tensor([[1.0, 0.0, -1.0], [0.0, 4.0, 0.0]])
    log_deviation = torch.full((2, 3), -0.5)
    many = torch.randn(20_000, 2, 3, generator=torch.Generator().manual_seed(1))
    drawn = draw(mean, log_deviation, many).softmax(dim=-1)
    found, deviation = moments(mean, log_deviation, quiet_noise(3))
    assert torch.allclose(found, drawn.mean(dim=0), atol=0.02)
    assert torch.allclose(deviation, drawn.std(dim=0), atol=0.03)
    assert torch.allclose(found.sum(dim=1), torch.ones(2))


def test_moments_of_a_pixel_do_not_depend_on_the_others():
    mean = torch.randn(9, 4, generator=torch.Generator().manual_seed(2))
    both = moments(mean, mean * 0 - 1, quiet_noise(4))
    alone = moments(mean[3:4], mean[3:4] * 0 - 1, quiet_noise(4))
    assert torch.allclose(both[1][3:4], alone[1], atol=1e-6)
