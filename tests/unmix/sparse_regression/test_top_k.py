"""At most so many members in a pixel."""

import math
from itertools import combinations

import pytest
import torch

from unmix.products import products
from unmix.quadratic import solve_quadratic
from unmix.sparse_regression import solve_active_set, top_k


def best_of_all(found, k, slack):
    """The least objective of every pixel among all supports of k members."""
    least = torch.full((len(found.cross),), torch.inf, dtype=torch.float64)
    for chosen in combinations(range(len(found.gram)), k):
        allowed = torch.zeros(found.cross.shape, dtype=torch.bool)
        allowed[:, list(chosen)] = True
        codes = solve_quadratic(found.gram, found.cross, slack, allowed=allowed)
        least = torch.minimum(least, objective(found, codes, slack))
    return least


def objective(found, codes, slack):
    value = torch.linalg.vecdot(codes, codes @ found.gram / 2 - found.cross)
    pull = 0 if slack in (0, math.inf) else (codes.sum(dim=1) - 1).square() / (2 * slack)
    return value + pull


@pytest.fixture(scope="module")
def small(planted):
    return products(planted.spectra[:100], planted.library[::3])


@pytest.mark.parametrize("slack", [0.0, 0.5, math.inf])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_no_pixel_has_more_members_and_nearly_all_have_the_best(small, k, slack):
    codes = top_k(small, k, slack)
    assert (codes > 0).sum(dim=1).max() <= k
    off = objective(small, codes, slack) - best_of_all(small, k, slack)
    assert off.min() > -1e-9
    assert (off < 1e-9).double().mean() > (0.99 if k == 1 else 0.8)


def test_as_many_members_as_there_are_is_no_limit(small):
    plain = solve_active_set(small.gram, small.cross, math.inf)
    assert torch.allclose(top_k(small, 10), plain, atol=1e-9)
