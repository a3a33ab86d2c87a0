"""All constraints against slow second ways, on made and on real pixels."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unmix.box
import unmix.least_squares
import unmix.quadratic
import unmix.supports
from scenes import open_scene
from unmix.errors import UnmixError
from unmix.least_squares import least_squares

LAWS = settings(max_examples=15, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
CONSTRAINTS = ("ucls", "scls", "nnls", "fcls", "partial", "box")
DEGENERATE = ("duplicate", "black", "collinear", "more endmembers than bands", "all the same")


def slow_fcls(spectra, endmembers):
    """NNLS on what the endmembers are off the pixel, and a one: its direction is the solution."""
    rows = []
    for pixel in spectra.double().numpy():
        wide = np.column_stack([endmembers.double().numpy() - pixel, np.ones(len(endmembers))])
        x = scipy.optimize.nnls(wide.T, np.append(np.zeros(len(pixel)), 1.0))[0]
        rows.append(x / x.sum())
    return torch.from_numpy(np.array(rows))


def slow_nnls(spectra, endmembers):
    design = endmembers.double().numpy().T
    rows = [scipy.optimize.nnls(design, pixel)[0] for pixel in spectra.double().numpy()]
    return torch.from_numpy(np.array(rows))


def slow_scls(spectra, endmembers):
    rest = (endmembers[1:] - endmembers[0]).T
    x = torch.linalg.lstsq(rest, (spectra - endmembers[0]).T).solution.T
    return torch.cat([1 - x.sum(dim=1, keepdim=True), x], dim=1)


def slow_box(spectra, endmembers):
    design = endmembers.numpy().T
    rows = [scipy.optimize.lsq_linear(design, y, (0, 1), "bvls", 1e-15).x for y in spectra.numpy()]
    return torch.from_numpy(np.array(rows))


def slow_partial(spectra, endmembers):
    """Shade is an endmember that is black, and the sum with it is one."""
    black = torch.cat([endmembers, torch.zeros(1, endmembers.shape[1]).double()])
    return slow_fcls(spectra, black)[:, :-1]


SLOW = {
    "scls": slow_scls,
    "nnls": slow_nnls,
    "fcls": slow_fcls,
    "partial": slow_partial,
    "box": slow_box,
}


def objective(spectra, endmembers, x):
    return (spectra - x @ endmembers).square().sum(dim=1)


def assert_feasible(x, constraint):
    sums = x.sum(dim=1)
    if constraint in ("scls", "fcls"):
        torch.testing.assert_close(sums, torch.ones_like(sums), atol=1e-8, rtol=0)
    if constraint in ("nnls", "fcls", "partial", "box"):
        assert (x >= 0).all()
    if constraint == "partial":
        assert (sums <= 1 + 1e-8).all()
    if constraint == "box":
        assert (x <= 1).all()


@pytest.mark.parametrize("constraint", SLOW)
@LAWS
@given(n=st.integers(2, 20), n_extra=st.integers(0, 40), seed=SEEDS)
def test_least_squares_agree_with_a_slow_way(constraint, n, n_extra, seed, problem):
    spectra, endmembers = problem("random", n, n + n_extra + 2, seed)
    spectra = spectra[spectra.abs().amax(dim=1) < 50]
    found = least_squares(spectra, endmembers, constraint)
    assert_feasible(found, constraint)
    expected = SLOW[constraint](spectra, endmembers)
    size = 1 + expected.abs().amax(dim=1, keepdim=True)
    assert ((found - expected).abs() / size).max() < 1e-6


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("kind", DEGENERATE)
def test_dependent_endmembers_are_fitted_as_well_as_by_the_slow_way(constraint, kind, problem):
    for n in (2, 5, 11):
        spectra, endmembers = problem(kind, n, 30, seed=n)
        found = least_squares(spectra, endmembers, constraint)
        assert_feasible(found, constraint)
        ours = objective(spectra, endmembers, found)
        best = torch.linalg.lstsq(endmembers.T, spectra.T, driver="gelsd").solution.T
        if constraint in SLOW and constraint != "scls":
            best = SLOW[constraint](spectra, endmembers)
        bound = objective(spectra, endmembers, best) + 1e-9 * (1 + spectra.square().sum(dim=1))
        assert (ours <= bound).all() or constraint == "scls"


@pytest.mark.filterwarnings("ignore::scenes.SceneWarning")
@pytest.mark.parametrize("name", ["samson", "jasper_ridge"])
@pytest.mark.parametrize("constraint", ["nnls", "fcls"])
def test_abundances_of_real_pixels_agree_with_a_slow_way(shared_data, name, constraint):
    folder = shared_data / "scenes" / name
    path = folder / ("samson_1.img" if name == "samson" else "jasper_ridge.bil")
    block = next(iter(open_scene(path).blocks()))
    spectra = block.spectra[:: max(1, len(block.spectra) // 300)]
    spectra = spectra / spectra.max()
    with np.load(folder / "truth.npz") as truth:
        endmembers = torch.from_numpy(truth["endmembers"]).float()
    picked = spectra[torch.linspace(0, len(spectra) - 1, 16).long()]  # alike, as pixels are
    for many in (endmembers, torch.cat([endmembers, picked])):
        found = least_squares(spectra, many, constraint)
        assert (found - SLOW[constraint](spectra, many)).abs().max() < 1e-5


@pytest.mark.parametrize("constraint", ["nnls", "fcls"])
@pytest.mark.parametrize("n", [3, 6, 8])
def test_products_in_float32_move_abundances_by_rounding_alone(constraint, n):
    rng = np.random.default_rng(n)
    for spread in (0.5, 0.1, 0.01):
        endmembers = torch.from_numpy(0.5 + spread * rng.uniform(-1, 1, (n, 200))).float()
        fractions = torch.from_numpy(rng.dirichlet([0.5] * n, 300)).float()
        spectra = fractions @ endmembers + 0.05 * spread * torch.randn(300, 200)
        double = least_squares(spectra.double(), endmembers.double(), constraint)
        found = least_squares(spectra, endmembers, constraint)
        assert (found - double).abs().max() < 5e-6


def test_products_are_in_float32_only_where_endmembers_are_distinct(monkeypatch):
    rng = np.random.default_rng(0)
    used = []
    found = unmix.least_squares.InnerProducts
    for spread, n in ((0.5, 6), (0.001, 6), (0.5, 9)):
        endmembers = torch.from_numpy(0.5 + spread * rng.uniform(-1, 1, (n, 200)))
        used.append(found.of(torch.ones(1, 200), endmembers, None).basis is not None)
    assert used == [True, False, False]


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_noise_counts_as_whitened_spectra_do(constraint, problem):
    spectra, endmembers = problem("random", 5, 30, seed=1)
    spectra = spectra[:12]
    rng = np.random.default_rng(0)
    deviations = torch.from_numpy(rng.uniform(0.1, 3, 30))
    factor = torch.from_numpy(np.tril(rng.standard_normal((30, 30))) + 6 * np.eye(30))
    for noise, white in (
        (deviations, lambda rows: rows / deviations),
        (factor @ factor.T, lambda rows: torch.linalg.solve(factor, rows.T).T),
    ):
        expected = least_squares(white(spectra), white(endmembers), constraint)
        found = least_squares(spectra, endmembers, constraint, noise=noise)
        torch.testing.assert_close(found, expected, atol=1e-8, rtol=1e-8)
        single = least_squares(spectra.float(), endmembers.float(), constraint, noise=noise)
        torch.testing.assert_close(single, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("n", [4, 10])
def test_endmembers_that_are_not_present_are_as_if_they_were_not_given(constraint, n, problem):
    spectra, endmembers = problem("random", n, 30, seed=2)
    present = torch.rand(len(spectra), n, generator=torch.Generator().manual_seed(0)) < 0.6
    present[:3], present[3] = True, False
    found = least_squares(spectra, endmembers, constraint, present=present)
    assert (found[~present] == 0).all()
    for pixel, here, x in zip(spectra, present, found, strict=True):
        if here.any():
            alone = least_squares(pixel[None], endmembers[here], constraint)[0]
            torch.testing.assert_close(x[here], alone, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("n", [3, 8, 9, 20])
def test_pieces_and_repetition_change_nothing(monkeypatch, constraint, n):
    rng = np.random.default_rng(n)
    endmembers = torch.from_numpy(rng.random((n, 40))).float()
    spectra = torch.from_numpy(rng.dirichlet([0.3] * n, 300) @ endmembers.numpy()).float()
    spectra += 0.05 * torch.from_numpy(rng.standard_normal(spectra.shape)).float()
    whole = least_squares(spectra, endmembers, constraint)
    assert torch.equal(whole, least_squares(spectra, endmembers, constraint))
    monkeypatch.setattr(unmix.least_squares, "PIECE", 70)
    monkeypatch.setattr(unmix.least_squares, "DOUBLED", 30)
    monkeypatch.setattr(unmix.supports, "BATCH", 13)
    for module in (unmix.quadratic, unmix.box):
        monkeypatch.setattr(module, "CHUNK_ELEMENTS", 50 * 8 * n)
    pieces = least_squares(spectra, endmembers, constraint)
    torch.testing.assert_close(pieces, whole, atol=3e-6, rtol=0)


@pytest.mark.parametrize("kind", ["random", "similar", "duplicate", "black"])
def test_the_fallback_of_the_box_finds_what_pivoting_finds(monkeypatch, kind, problem):
    spectra, endmembers = problem(kind, 6, 25, seed=5)
    pivoting = least_squares(spectra, endmembers, "box")
    monkeypatch.setattr(unmix.box, "MAX_EXCHANGES", 0)
    fallback = least_squares(spectra, endmembers, "box")
    ours, theirs = (objective(spectra, endmembers, x) for x in (pivoting, fallback))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    if kind == "random":
        torch.testing.assert_close(pivoting, fallback, atol=1e-7, rtol=0)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_no_pixels_have_no_abundances(constraint):
    assert least_squares(torch.zeros(0, 7), torch.rand(3, 7), constraint).shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"constraint": "sum"}, r"must be one of ucls, .*box\. Got 'sum'"),
        ({"noise": torch.ones(4)}, r"`noise` of shape \(4,\) is neither 5 positive"),
        ({"noise": torch.tensor([1.0, 1, 0, 1, 1])}, "neither 5 positive standard deviations"),
        ({"noise": torch.tensor([1.0, 1, math.inf, 1, 1])}, "neither 5 positive"),
        ({"noise": -torch.eye(5)}, "nor a symmetric positive definite covariance"),
        ({"noise": torch.eye(5) + torch.eye(5).roll(1, 0) / 9}, "nor a symmetric"),
        ({"present": torch.ones(2, 3)}, r"float32. It must be bool of shape .* = \(2, 3\)"),
        ({"present": torch.ones(3, 2) > 0}, r"`present` has shape \(3, 2\)"),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    with pytest.raises(UnmixError, match=message):
        least_squares(torch.ones(2, 5), torch.ones(3, 5), **{"constraint": "nnls", **arguments})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("n", [6, 12])
def test_gpu_finds_what_the_cpu_finds(constraint, n, problem):
    spectra, endmembers = problem("random", n, 30, seed=3)
    expected = least_squares(spectra, endmembers, constraint)
    found = least_squares(spectra.cuda(), endmembers.cuda(), constraint)
    assert found.is_cuda
    torch.testing.assert_close(found.cpu(), expected, atol=1e-8, rtol=1e-8)
