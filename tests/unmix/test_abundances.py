"""The exact solvers against the conditions of optimality and against slow, plain second ways."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unmix.products
import unmix.quadratic
from unmix.abundances import fcls, nnls, read_abundances, ucls
from unmix.errors import UnmixError

pytestmark = pytest.mark.usefixtures("each_way")

LAWS = settings(max_examples=20, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SOLVERS = {"nnls": nnls, "fcls": fcls}
WELL_POSED = ("random", "similar")
DEGENERATE = ("duplicate", "black", "collinear", "more endmembers than bands", "all the same")


def objective(spectra, endmembers, abundances):
    return (spectra - abundances @ endmembers).square().sum(dim=1)


def slow_nnls(spectra, endmembers):
    rows = [scipy.optimize.nnls(endmembers.numpy().T, pixel.numpy())[0] for pixel in spectra]
    return torch.from_numpy(np.array(rows))


def slow_fcls(spectra, endmembers):
    """The best of all supports, each solved with its sum fixed to one by elimination."""
    n = len(endmembers)
    best, found = torch.full((len(spectra),), torch.inf).double(), torch.zeros(len(spectra), n)
    found = found.double()
    supports = itertools.chain.from_iterable(
        itertools.combinations(range(n), size) for size in range(1, n + 1)
    )
    for support in supports:
        first, rest = endmembers[support[0]], endmembers[list(support[1:])]
        free = torch.zeros(len(spectra), 0).double()
        if len(rest):
            free = torch.linalg.lstsq((rest - first).T, (spectra - first).T).solution.T
        x = torch.zeros_like(found)
        x[:, list(support)] = torch.cat([1 - free.sum(dim=1, keepdim=True), free], dim=1)
        value = objective(spectra, endmembers, x)
        better = (x >= -1e-12).all(dim=1) & (value < best)
        best, found = (
            torch.where(better, value, best),
            torch.where(better[:, None], x.clamp(min=0), found),
        )
    return found


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("kind", WELL_POSED)
@LAWS
@given(n=st.integers(2, 20), n_extra=st.integers(0, 60), seed=SEEDS)
def test_abundances_are_optimal(name, kind, n, n_extra, seed, problem, assert_optimal):
    spectra, endmembers = problem(kind, n, n + n_extra, seed)
    assert_optimal(spectra, endmembers, SOLVERS[name](spectra, endmembers), name == "fcls", 1e-9)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("kind", DEGENERATE)
@LAWS
@given(n=st.integers(2, 12), n_extra=st.integers(0, 30), seed=SEEDS)
def test_abundances_are_optimal_for_endmembers_that_are_not_independent(
    name, kind, n, n_extra, seed, problem, assert_optimal
):
    spectra, endmembers = problem(kind, n, n + n_extra, seed)
    assert_optimal(spectra, endmembers, SOLVERS[name](spectra, endmembers), name == "fcls", 1e-7)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7, 1e-9, 1e-12])
def test_abundances_are_optimal_however_alike_the_endmembers_are(name, noise, assert_optimal):
    generator = torch.Generator().manual_seed(1)
    shape = torch.rand(40, generator=generator, dtype=torch.float64) + 0.2
    endmembers = shape + noise * torch.randn(8, 40, generator=generator, dtype=torch.float64)
    spectra = torch.rand(30, 40, generator=generator, dtype=torch.float64)
    assert_optimal(spectra, endmembers, SOLVERS[name](spectra, endmembers), name == "fcls", 1e-7)


@LAWS
@given(n=st.integers(1, 20), n_extra=st.integers(0, 60), seed=SEEDS)
def test_nnls_agrees_with_scipy(n, n_extra, seed, problem):
    spectra, endmembers = problem("random", max(n, 2), max(n, 2) + n_extra, seed)
    endmembers = endmembers[:n]
    expected = slow_nnls(spectra, endmembers)
    size = 1 + expected.amax(dim=1, keepdim=True)
    assert ((nnls(spectra, endmembers) - expected).abs() / size).max() < 1e-6


@LAWS
@given(n=st.integers(1, 7), n_extra=st.integers(0, 30), seed=SEEDS)
def test_fcls_agrees_with_trying_every_support(n, n_extra, seed, problem):
    spectra, endmembers = problem("random", max(n, 2), max(n, 2) + n_extra, seed)
    endmembers = endmembers[:n]
    # An unregularised slow way: the pixel a thousand times too bright costs it three digits.
    torch.testing.assert_close(
        fcls(spectra, endmembers), slow_fcls(spectra, endmembers), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("kind", [*WELL_POSED, *DEGENERATE])
def test_solvers_explain_as_well_as_the_slow_ways(kind, problem):
    spectra, endmembers = problem(kind, 5, 12, seed=3)
    for fast, slow in ((nnls, slow_nnls), (fcls, slow_fcls)):
        ours, theirs = (
            objective(spectra, endmembers, way(spectra, endmembers)) for way in (fast, slow)
        )
        assert (ours <= theirs + 1e-10 * (1 + spectra.square().sum(dim=1))).all()


@LAWS
@given(n=st.integers(1, 12), n_extra=st.integers(0, 60), seed=SEEDS)
def test_an_exact_mixture_gives_the_truth(n, n_extra, seed):
    rng = np.random.default_rng(seed)
    endmembers = torch.from_numpy(rng.random((n, n + n_extra)) + 2 * np.eye(n, n + n_extra))
    fractions = torch.from_numpy(rng.dirichlet([0.4] * n, 20))
    brightness = torch.from_numpy(rng.uniform(0.1, 10, (20, 1)))
    spectra = fractions @ endmembers
    for solver in (ucls, nnls, fcls):
        torch.testing.assert_close(solver(spectra, endmembers), fractions, atol=1e-9, rtol=0)
    torch.testing.assert_close(nnls(brightness * spectra, endmembers), brightness * fractions)
    torch.testing.assert_close(ucls(-spectra, endmembers), -fractions, atol=1e-9, rtol=0)
    read = read_abundances(brightness * spectra, endmembers)
    torch.testing.assert_close(read.fractions, fractions, atol=1e-9, rtol=0)
    torch.testing.assert_close(read.brightness, brightness[:, 0])


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 1e-4])
def test_ucls_is_least_squares_also_of_similar_endmembers(spread):
    rng = np.random.default_rng(0)
    endmembers = 0.5 + spread * rng.standard_normal((5, 50))
    spectra = rng.dirichlet([1] * 5, 20) @ endmembers
    expected = np.linalg.lstsq(endmembers.T, spectra.T, rcond=None)[0].T
    found = ucls(torch.from_numpy(spectra), torch.from_numpy(endmembers))
    np.testing.assert_allclose(found, expected, atol=1e-15 / spread**2 * 100)


@pytest.mark.parametrize("name", SOLVERS)
@LAWS
@given(n=st.integers(2, 15), seed=SEEDS)
def test_permuting_endmembers_permutes_abundances(name, n, seed, problem):
    spectra, endmembers = problem("random", n, 40, seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(n))
    expected = SOLVERS[name](spectra, endmembers)[:, order]
    found = SOLVERS[name](spectra, endmembers[order])
    size = 1 + expected.amax(dim=1, keepdim=True)
    assert ((found - expected).abs() / size).max() < 1e-9


@LAWS
@given(n=st.integers(2, 12), scale=st.floats(1e-4, 1e4), seed=SEEDS)
def test_abundances_follow_the_scale_of_spectra_and_endmembers(n, scale, seed, problem):
    spectra, endmembers = problem("random", n, 40, seed)
    plain = nnls(spectra, endmembers)
    size = 1e-9 * (1 + plain.amax(dim=1, keepdim=True))
    assert ((nnls(scale * spectra, endmembers) / scale - plain).abs() <= size).all()
    assert ((nnls(spectra, scale * endmembers) * scale - plain).abs() <= size).all()
    together = fcls(scale * spectra, scale * endmembers)
    torch.testing.assert_close(together, fcls(spectra, endmembers), atol=1e-9, rtol=0)


def test_fcls_is_exact_in_fractions():
    """A case small enough to be solved by hand: the nearest point of a segment."""
    first, second = (Fraction(1, 4), Fraction(3, 4)), (Fraction(1, 2), Fraction(1, 8))
    pixel = (Fraction(3, 8), Fraction(1, 2))
    edge = [b - a for a, b in zip(first, second, strict=True)]
    along = sum((p - a) * e for p, a, e in zip(pixel, first, edge, strict=True))
    share = along / sum(e * e for e in edge)
    assert 0 < share < 1
    rows = [[float(v) for v in row] for row in (pixel, first, second)]
    found = fcls(torch.tensor(rows[:1]).double(), torch.tensor(rows[1:]).double())
    assert found[0].tolist() == pytest.approx([float(1 - share), float(share)], abs=1e-14)


@pytest.mark.parametrize("name", [*SOLVERS, "ucls"])
@pytest.mark.parametrize("chunk", [1, 7, 40, 1000])
def test_chunk_by_chunk_is_the_same_as_the_whole(monkeypatch, name, chunk, problem):
    solver = {**SOLVERS, "ucls": ucls}[name]
    spectra, endmembers = problem("random", 4, 30, seed=2)
    whole = solver(spectra, endmembers)
    blocks = torch.cat([solver(part, endmembers) for part in spectra.split(chunk)])
    torch.testing.assert_close(blocks, whole, atol=1e-12, rtol=1e-12)
    for module in (unmix.products, unmix.quadratic):
        monkeypatch.setattr(module, "CHUNK_ELEMENTS", chunk * 16)
    torch.testing.assert_close(solver(spectra, endmembers), whole, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int16, torch.float16])
@pytest.mark.parametrize("name", [*SOLVERS, "ucls"])
def test_any_number_type_is_solved_in_float64(name, dtype):
    solver = {**SOLVERS, "ucls": ucls}[name]
    endmembers = torch.tensor([[1, 2, 3], [4, 2, 0]], dtype=dtype)
    spectra = torch.tensor([[5, 4, 3], [1, 2, 3], [0, 0, 1]], dtype=dtype)
    found = solver(spectra, endmembers)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, solver(spectra.double(), endmembers.double()))


def test_float32_spectra_of_nearly_equal_materials_are_solved_to_rounding():
    rng = np.random.default_rng(4)
    endmembers = torch.from_numpy(0.5 + 1e-3 * rng.standard_normal((3, 200))).float()
    fractions = torch.from_numpy(rng.dirichlet([1, 1, 1], 50))
    spectra = (fractions @ endmembers.double()).float()
    assert (nnls(spectra, endmembers) - fractions).abs().max() < 1e-4


@pytest.mark.parametrize("solver", [ucls, nnls, fcls])
def test_no_pixels_give_no_abundances(solver):
    found = solver(torch.zeros(0, 7), torch.ones(3, 7))
    assert found.shape == (0, 3)
    assert found.dtype == torch.float64


@pytest.mark.parametrize("solver", [ucls, nnls, fcls])
@pytest.mark.parametrize(
    ("spectra", "endmembers"),
    [((5, 4), (3, 5)), ((5,), (3, 5)), ((5, 4), (4,)), ((2, 5, 4), (3, 4))],
)
def test_wrong_shapes_are_named(solver, spectra, endmembers):
    message = rf"`spectra` has shape .* and `endmembers` .*{len(endmembers)}?.*same bands"
    with pytest.raises(UnmixError, match=message) as caught:
        solver(torch.ones(spectra), torch.ones(endmembers))
    assert str(spectra) in str(caught.value)
    assert str(endmembers) in str(caught.value)


@pytest.mark.parametrize("solver", [ucls, nnls, fcls])
def test_at_least_one_endmember_is_needed(solver):
    with pytest.raises(UnmixError, match="endmember"):
        solver(torch.ones(3, 4), torch.ones(0, 4))


@pytest.mark.parametrize("solver", [ucls, nnls, fcls])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["spectra", "endmembers"])
def test_values_that_are_not_finite_are_refused(solver, bad, where):
    values = {"spectra": torch.rand(4, 6), "endmembers": torch.rand(2, 6)}
    values[where][1, 3] = bad
    with pytest.raises(UnmixError, match=r"contain NaN or infinite values\. Leave invalid"):
        solver(**values)


@pytest.mark.parametrize("n", [1, 3])
def test_nothing_but_black_endmembers_leave_abundances_finite(n):
    spectra, endmembers = torch.rand(2, 5), torch.zeros(n, 5)
    assert torch.equal(ucls(spectra, endmembers), torch.zeros(2, n).double())
    assert torch.equal(nnls(spectra, endmembers), torch.zeros(2, n).double())
    torch.testing.assert_close(fcls(spectra, endmembers).sum(dim=1), torch.ones(2).double())
