"""The solver: pivoting, its fallback and the weight of the sum."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unmix.quadratic
import unmix.support_table
import unmix.supports
from unmix.quadratic import free_on_supports, solve_quadratic
from unmix.support_table import SupportTable, bits
from unmix.supports import Systems, groups

pytestmark = pytest.mark.usefixtures("each_way")

LAWS = settings(max_examples=30, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SLACKS = {"nnls": math.inf, "fcls": 0.0}
WELL_POSED = ("random", "similar")
DEGENERATE = ("duplicate", "black", "collinear", "more endmembers than bands", "all the same")


def solve(spectra, endmembers, slack):
    return solve_quadratic(endmembers @ endmembers.T, spectra @ endmembers.T, slack)


@pytest.mark.parametrize("n", [33, 62, 63, 64, 65, 70, 130])
@pytest.mark.parametrize("name", SLACKS)
def test_a_library_of_any_size_can_be_used(name, n):
    endmembers = torch.eye(n, dtype=torch.float64)
    spectra = torch.cat([endmembers, (endmembers + endmembers.roll(1, dims=0)) / 2])
    torch.testing.assert_close(solve(spectra, endmembers, SLACKS[name]), spectra)


@pytest.mark.parametrize("name", SLACKS)
@pytest.mark.parametrize("kind", [*WELL_POSED, *DEGENERATE])
def test_the_fallback_finds_what_pivoting_finds(monkeypatch, name, kind, problem, assert_optimal):
    spectra, endmembers = problem(kind, 6, 25, seed=5)
    pivoting = solve(spectra, endmembers, SLACKS[name])
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 0)
    monkeypatch.setattr(unmix.quadratic, "MAX_EXCHANGES", 0)
    fallback = solve(spectra, endmembers, SLACKS[name])
    assert_optimal(spectra, endmembers, fallback, name == "fcls", 1e-7)
    if kind in WELL_POSED:
        size = 1 + pivoting.amax(dim=1, keepdim=True)
        assert ((fallback - pivoting).abs() / size).max() < 1e-6


@pytest.mark.parametrize("slack", [1e-3, 1.0, 1e3])
def test_the_fallback_weighs_the_sum_as_pivoting_does(monkeypatch, slack, problem):
    spectra, endmembers = problem("random", 6, 25, seed=5)
    pivoting = solve(spectra, endmembers, slack)
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 0)
    monkeypatch.setattr(unmix.quadratic, "MAX_EXCHANGES", 0)
    size = 1 + pivoting.amax(dim=1, keepdim=True)
    assert ((solve(spectra, endmembers, slack) - pivoting).abs() / size).max() < 1e-6


def test_the_fallback_is_hardly_ever_needed(monkeypatch, problem):
    monkeypatch.setattr(unmix.quadratic, "_one_by_one", lambda *args: pytest.fail("needed"))
    for kind in WELL_POSED:
        for n in (3, 8, 20):
            spectra, endmembers = problem(kind, n, 60, seed=n)
            for slack in SLACKS.values():
                solve(spectra, endmembers, slack)


@LAWS
@given(n=st.integers(1, 10), power=st.floats(-4, 4), seed=SEEDS)
def test_slack_is_the_weight_of_the_sum(n, power, seed, problem):
    """With any slack, the sum is one more band, measured with the precision 1 / slack."""
    slack = 10.0**power
    spectra, endmembers = problem("random", max(n, 2), 30, seed)
    spectra, endmembers = spectra[:20], endmembers[:n]
    weight = slack**-0.5
    found = solve(spectra, endmembers, slack)
    one = torch.ones(max(len(spectra), n), 1).double() * weight
    wider = torch.cat([endmembers, one[:n]], dim=1).T.numpy()
    rows = torch.cat([spectra, one[:20]], dim=1).numpy()
    expected = torch.from_numpy(np.array([scipy.optimize.nnls(wider, row)[0] for row in rows]))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_slack_leads_from_sum_to_one_to_a_free_sum(problem):
    spectra, endmembers = problem("random", 5, 30, seed=1)
    slacks = (0, 0.01, 1, 100, math.inf)
    bright = 2 * spectra[:16]
    sums = torch.stack([solve(bright, endmembers, slack).sum(1) for slack in slacks])
    away = (sums - 1).abs()
    torch.testing.assert_close(sums[0], torch.ones(16).double())
    assert (away.diff(dim=0) >= -1e-9).all()
    assert (away[-1] > 0.9).all()


@LAWS
@given(n=st.integers(1, 10), power=st.floats(-4, 4), seed=SEEDS)
def test_a_guess_of_the_support_changes_nothing_but_time(n, power, seed, problem):
    spectra, endmembers = problem("random", n, 30, seed)
    guesses = torch.rand(len(spectra), n, generator=torch.Generator().manual_seed(seed)) < 0.5
    gram, cross = endmembers @ endmembers.T, spectra @ endmembers.T
    for slack in (0.0, 10.0**power, math.inf):
        cold = solve_quadratic(gram, cross, slack)
        torch.testing.assert_close(
            solve_quadratic(gram, cross, slack, guesses), cold, atol=1e-8, rtol=1e-8
        )


@pytest.mark.parametrize("chunk", [1, 100, 2**21])
def test_free_on_supports_is_least_squares_with_these_endmembers_alone(monkeypatch, chunk, problem):
    monkeypatch.setattr(unmix.quadratic, "CHUNK_ELEMENTS", chunk)
    spectra, endmembers = problem("random", 5, 30, seed=3)
    support = torch.rand(len(spectra), 5, generator=torch.Generator().manual_seed(0)) < 0.5
    x, variance = free_on_supports(endmembers @ endmembers.T, spectra @ endmembers.T, support)
    assert (x[~support] == 0).all()
    for pixel, present, found, of_sum in zip(spectra, support, x, variance, strict=True):
        inverse = torch.linalg.pinv(endmembers[present])  # (n_bands, n_present)
        torch.testing.assert_close(found[present], pixel @ inverse, atol=1e-9, rtol=1e-9)
        expected = inverse.sum(dim=1).square().sum()  # white noise of variance one, propagated
        torch.testing.assert_close(of_sum, expected, atol=1e-12, rtol=1e-6)


@pytest.mark.parametrize("slack", [0.0, 0.3, math.inf])
@pytest.mark.parametrize("n", [2, 5, 8])
def test_table_systems_of_the_present_and_of_the_absent_are_the_same(monkeypatch, slack, n):
    generator = torch.Generator().manual_seed(n)
    endmembers = torch.rand(n, 30, generator=generator, dtype=torch.float64)
    gram = endmembers @ endmembers.T / 10
    cross = torch.randn(200, n, generator=generator, dtype=torch.float64)
    support = torch.rand(200, n, generator=generator) < 0.5
    support[:, 0] |= slack == 0  # a sum of one needs one
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 8)
    tabulated = Systems.of(gram, slack)
    assert tabulated.table is not None
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 0)
    monkeypatch.setattr(unmix.supports, "BATCH", 64)
    small = Systems.of(gram, slack)
    assert small.table is None
    monkeypatch.setattr(unmix.supports, "SOUND", 1.0)
    ridged = Systems.of(gram, slack)
    assert small.sound and not ridged.sound
    expected = tabulated.values(cross, support)
    for systems in (small, ridged):
        found = systems.values(cross, support)
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("slack", [0.0, 0.3, math.inf])
def test_the_best_of_all_supports_is_the_one_that_exchanges_end_on(monkeypatch, slack, problem):
    spectra, endmembers = problem("random", 6, 25, seed=3)
    noisy = spectra[8:20]  # where nothing is zero by chance
    gram, cross = endmembers @ endmembers.T, noisy @ endmembers.T
    best = SupportTable.of(gram, slack).best(cross)
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 0)
    assert torch.equal(best, bits(solve_quadratic(gram, cross, slack) > 0))


def test_many_pixels_are_exchanged_until_few_are_left(monkeypatch, problem):
    tried = []
    whole = SupportTable.best

    def best(table, cross):
        tried.append(len(cross))
        return whole(table, cross)

    monkeypatch.setattr(SupportTable, "best", best)
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 8)
    spectra, endmembers = problem("random", 6, 25, seed=3)
    monkeypatch.setattr(unmix.support_table, "TRIED_PIXELS", 4)
    monkeypatch.setattr(unmix.support_table, "EXCHANGES", 100)
    exchanged = solve(spectra, endmembers, 0.0)
    assert sum(tried) <= 4
    monkeypatch.setattr(unmix.support_table, "EXCHANGES", 0)
    tried.clear()
    at_once = solve(spectra, endmembers, 0.0)
    assert len(tried) > 1 and set(tried[:-1]) == {4}
    torch.testing.assert_close(exchanged, at_once, atol=1e-12, rtol=1e-12)


def test_pixels_that_no_support_suits_are_solved_one_by_one(monkeypatch, problem):
    monkeypatch.setattr(unmix.supports, "TABLE_SIZE", 8)
    spectra, endmembers = problem("random", 6, 25, seed=3)
    expected = solve(spectra, endmembers, 0.0)
    monkeypatch.setattr(SupportTable, "best", lambda table, cross: torch.ones(len(cross)).long())
    size = 1 + expected.amax(dim=1, keepdim=True)
    assert ((solve(spectra, endmembers, 0.0) - expected).abs() / size).max() < 1e-6


@pytest.mark.parametrize("name", SLACKS)
def test_supports_of_more_endmembers_are_tabulated_for_many_pixels(monkeypatch, name, problem):
    spectra, endmembers = problem("random", 10, 25, seed=3)
    slack, n_pixels = SLACKS[name], len(spectra)
    expected = solve(spectra, endmembers, slack)
    gram = endmembers @ endmembers.T
    gram /= gram.diagonal().mean()
    monkeypatch.setattr(unmix.supports, "TABLE_SHARE", n_pixels / 2**10)
    assert Systems.of(gram, slack).tabulated_for(n_pixels - 1).table is None
    assert Systems.of(gram, slack).tabulated_for(n_pixels).table is not None
    monkeypatch.setattr(unmix.supports, "TABLE_SHARE", 0)
    found = solve(spectra, endmembers, slack)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 5, 12, 13, 70])
def test_groups_are_the_pixels_of_one_support(n):
    generator = torch.Generator().manual_seed(n)
    support = torch.rand(300, n, generator=generator) < 0.5
    support[150:] = support[:150]
    first, group = groups(support)
    assert torch.equal(support[first][group], support)
    assert len(first) == len(support.unique(dim=0))


def test_bits_tell_supports_apart():
    support = torch.tensor([[False, False], [True, False], [False, True], [True, True]])
    assert bits(support).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", SLACKS)
@pytest.mark.parametrize("n", [6, 20])
def test_what_pixels_may_have_limits_a_guess_too(name, n, problem):
    spectra, endmembers = problem("random", n, 40, seed=n)
    gram, cross = endmembers @ endmembers.T, spectra @ endmembers.T
    allowed = torch.ones_like(cross, dtype=torch.bool)
    allowed[:, -2:] = False
    expected = torch.zeros_like(cross)
    fewer = slice(0, n - 2)
    expected[:, fewer] = solve_quadratic(gram[fewer, fewer], cross[:, fewer], SLACKS[name])
    for guess in (None, torch.ones_like(allowed)):
        found = solve_quadratic(gram, cross, SLACKS[name], guess, allowed)
        torch.testing.assert_close(found, expected, atol=1e-8, rtol=1e-8)
