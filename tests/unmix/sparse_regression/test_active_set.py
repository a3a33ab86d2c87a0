"""The exact solver of wide libraries."""

import math

import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.products import products
from unmix.quadratic import solve_quadratic
from unmix.sparse_regression import solve_active_set


def random_products(seed, n_members=30, n_bands=12, n_pixels=20):
    """More members than bands, so that they depend on each other."""
    generator = torch.Generator().manual_seed(seed)
    library = torch.rand(n_members, n_bands, generator=generator, dtype=torch.float64)
    pixels = torch.rand(n_pixels, n_bands, generator=generator, dtype=torch.float64)
    return pixels, library, products(pixels, library)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3, math.inf]), st.sampled_from([0.0, 0.1]))
def test_a_solution_keeps_the_conditions_of_optimality(seed, slack, penalty):
    _, _, found = random_products(seed)
    x = solve_active_set(found.gram, found.cross, slack, penalty)
    gradient = x @ found.gram - found.cross + penalty
    if slack == 0:
        assert x.sum(dim=1).sub(1).abs().max() < 1e-9
        gradient = gradient - (gradient * x).sum(dim=1, keepdim=True)  # the sum's multiplier
    elif not math.isinf(slack):
        gradient = gradient + (x.sum(dim=1, keepdim=True) - 1) / slack
    assert x.min() >= 0
    assert gradient.min() > -1e-6
    assert (gradient * x).abs().max() < 1e-6


def test_without_a_penalty_the_residual_is_that_of_scipys_nnls():
    pixels, library, found = random_products(1)
    x = solve_active_set(found.gram, found.cross, math.inf)
    ours = (pixels - x @ library).norm(dim=1)
    theirs = [scipy.optimize.nnls(library.T.numpy(), pixel.numpy())[1] for pixel in pixels]
    assert torch.allclose(ours, torch.tensor(theirs, dtype=torch.float64), atol=1e-8)


@pytest.mark.parametrize("slack", [0.0, 0.5, math.inf])
def test_few_members_give_what_block_pivoting_gives(slack):
    _, _, found = random_products(2, n_members=8, n_bands=20)
    ours = solve_active_set(found.gram, found.cross, slack, 0.2)
    assert torch.allclose(ours, solve_quadratic(found.gram, found.cross - 0.2, slack), atol=1e-9)


def test_a_large_penalty_leaves_nothing():
    _, _, found = random_products(3)
    assert solve_active_set(found.gram, found.cross, math.inf, 1e3).count_nonzero() == 0
