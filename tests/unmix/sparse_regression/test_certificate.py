"""The duality gap."""

import math

import pytest
import torch

from unmix.errors import UnmixError
from unmix.products import products
from unmix.sparse_regression import collaborate, duality_gap, solve_active_set


def objective(planted, codes, penalty, slack, over):
    """Straight from the definition, relative to the energy of the pixels."""
    value = (planted.spectra - codes @ planted.library).square().sum() / 2
    if over == "members":
        value = value + penalty * math.sqrt(len(codes)) * codes.norm(dim=0).sum()
    else:
        value = value + penalty * codes.sum()
    if not math.isinf(slack):
        value = value + (codes.sum(dim=1) - 1).square().sum() / (2 * slack)
    band = 0.0 if math.isinf(slack) else len(codes) / slack
    return float(value / (planted.spectra.square().sum() + band))


@pytest.mark.parametrize("slack", [0.5, math.inf])
def test_the_gap_of_a_solution_vanishes(planted, slack):
    found = products(planted.spectra, planted.library)
    codes = solve_active_set(found.gram, found.cross, slack, 0.05)
    assert abs(duality_gap(found, codes, 0.05, slack, "entries")) < 1e-9


@pytest.mark.parametrize("over", ["entries", "members"])
@pytest.mark.parametrize("slack", [0.5, math.inf])
def test_the_gap_bounds_how_far_codes_are_from_the_optimum(planted, over, slack):
    found = products(planted.spectra, planted.library)
    if over == "entries":
        best = solve_active_set(found.gram, found.cross, slack, 0.05)
    else:
        best = collaborate(found, 0.05, slack).codes
    least = objective(planted, best, 0.05, slack, over)
    generator = torch.Generator().manual_seed(0)
    for size in (1e-3, 1e-2, 1e-1):
        noise = size * torch.rand(best.shape, generator=generator, dtype=best.dtype)
        gap = duality_gap(found, best + noise, 0.05, slack, over)
        assert gap >= objective(planted, best + noise, 0.05, slack, over) - least - 1e-9


def test_a_gap_without_a_penalty_is_refused(planted):
    found = products(planted.spectra, planted.library)
    with pytest.raises(UnmixError, match="positive"):
        duality_gap(found, planted.abundances, 0.0, math.inf, "entries")
