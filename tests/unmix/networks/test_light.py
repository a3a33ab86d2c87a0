"""Brightness: between that of least squares and one."""

import math

import torch

from unmix.networks.light import brightness

GENERATOR = torch.Generator().manual_seed(0)
MIXTURE = torch.rand(7, 5, generator=GENERATOR)
TARGET = torch.rand(7, 5, generator=GENERATOR)


def test_brightness_without_slack_leaves_a_residual_at_right_angles():
    rest = TARGET - brightness(TARGET, MIXTURE, 0.0) * MIXTURE
    assert torch.allclose((rest * MIXTURE).sum(dim=1), torch.zeros(7), atol=1e-5)


def test_brightness_is_one_where_it_must_be_and_near_it_where_it_should():
    assert torch.equal(brightness(TARGET, MIXTURE, math.inf), torch.ones(7, 1))
    free, held = (brightness(TARGET, MIXTURE, slack) - 1 for slack in (0.0, 3.0))
    assert (held.abs() < free.abs()).all()


def test_brightness_maximises_what_it_says():
    """Against all brightnesses on a grid."""
    tried = torch.linspace(0, 3, 3001)
    misfit = (TARGET[:, None] - tried[None, :, None] * MIXTURE[:, None]).square().sum(dim=-1)
    best = tried[(misfit + 0.7 * (tried - 1).square()).argmin(dim=1)]
    assert torch.allclose(brightness(TARGET, MIXTURE, 0.7)[:, 0], best, atol=1e-3)
