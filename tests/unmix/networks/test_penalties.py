"""Penalties: zero where they should be, and what they say by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unmix.networks.penalties import rate_divergence, roughness, sparsity
from unmix.networks.settings import Penalties


@given(rate=st.floats(0.01, 0.99), other=st.floats(0.01, 0.99))
def test_rate_divergence_is_that_of_two_coins(rate, other):
    found = rate_divergence(torch.full((3, 2), other), rate)
    coin, mean = (torch.distributions.Bernoulli(torch.tensor(p)) for p in (rate, other))
    expected = 2 * torch.distributions.kl_divergence(coin, mean)
    assert found == pytest.approx(float(expected), abs=1e-5)


def test_penalties_are_the_norms_they_are_named_after():
    codes = torch.tensor([[0.25, 0.0], [1.0, 4.0]])
    assert sparsity(codes, Penalties(l1=2.0)) == pytest.approx(5.25)
    assert sparsity(codes, Penalties(l2=2.0)) == pytest.approx(17.0625)
    assert sparsity(codes, Penalties(l_half=2.0)) == pytest.approx(3.5, abs=1e-2)
    assert sparsity(codes, Penalties()) == 0


def test_roughness_is_zero_of_even_maps_and_does_not_see_invalid_pixels():
    maps = torch.rand(2, 5, 4, 3, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(2, 5, 4, dtype=torch.bool)
    assert roughness(torch.ones_like(maps), valid) == 0
    assert roughness(maps, valid) > 0.1
    spoiled, without = maps.clone(), valid.clone()
    spoiled[:, 2, 2], without[:, 2, 2] = 99.0, False
    assert torch.equal(roughness(spoiled, without), roughness(maps, without))
