"""Collaborative sparse regression."""

import math

import pytest
import torch

from unmix.products import products
from unmix.sparse_regression import (
    collaborate,
    duality_gap,
    solve_active_set,
    solve_with_ridge,
)


@pytest.fixture(scope="module")
def found(planted):
    """Of twelve members, the true ones among them."""
    others = [k for k in range(30) if k not in planted.members][:8]
    return products(planted.spectra, planted.library[planted.members + others])


@pytest.mark.parametrize("slack", [0.5, math.inf])
def test_a_solution_is_certified(found, slack):
    codes = collaborate(found, 0.02, slack).codes
    assert codes.min() >= 0
    assert abs(duality_gap(found, codes, 0.02, slack, "members")) < 1e-6


def test_a_larger_penalty_leaves_fewer_members_and_they_are_gone_from_all_pixels(found):
    learned = [collaborate(found, penalty) for penalty in (0.002, 0.2)]
    used = [one.ridge.isfinite() for one in learned]
    assert used[1].sum() < used[0].sum()
    for one, kept in zip(learned, used, strict=True):
        assert one.codes[:, ~kept].count_nonzero() == 0
        assert (one.codes[:, kept].norm(dim=0) > 0).all()


def test_the_ridge_of_a_sample_gives_its_solution_pixel_by_pixel(found):
    learned = collaborate(found, 0.02)
    again = solve_with_ridge(found, learned.ridge)
    assert (again - learned.codes).abs().max() < 1e-4


def test_without_a_penalty_it_is_nonnegative_least_squares(found):
    codes = collaborate(found, 0.0).codes
    plain = solve_active_set(found.gram, found.cross, math.inf)
    assert torch.allclose(codes, plain, atol=1e-12)


def test_a_large_penalty_leaves_no_member(found):
    learned = collaborate(found, 1e3)
    assert learned.codes.count_nonzero() == 0
    assert solve_with_ridge(found, learned.ridge).count_nonzero() == 0
