"""Sparse coding against the exact solution of its problem."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.abundances import nnls, solve_quadratic
from unmix.autoencoder import SparseCodingEncoder

LAWS = settings(max_examples=12, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31)


def problem(seed, n=4, n_bands=20, n_spectra=30, n_models=None):
    generator = torch.Generator().manual_seed(seed)
    shape = (n, n_bands) if n_models is None else (n_models, n, n_bands)
    endmembers = torch.rand(shape, generator=generator, dtype=torch.float64)
    spectra = torch.rand(n_spectra, n_bands, generator=generator, dtype=torch.float64)
    return spectra, endmembers


@LAWS
@given(n=st.integers(1, 8), n_extra=st.integers(5, 40), seed=SEEDS)
def test_codes_without_sparsity_converge_to_nnls(n, n_extra, seed):
    spectra, endmembers = problem(seed, n, n + n_extra)
    exact = nnls(spectra, endmembers)
    errors = [
        (SparseCodingEncoder(n_steps)(spectra, endmembers) - exact).abs().max()
        for n_steps in (5, 3000)
    ]
    assert errors[1] < 1e-6
    assert errors[1] <= errors[0] + 1e-12


@LAWS
@given(sparsity=st.floats(0, 5), seed=SEEDS)
def test_codes_minimise_the_sparse_objective(sparsity, seed):
    spectra, endmembers = problem(seed)
    found = SparseCodingEncoder(3000, sparsity)(spectra, endmembers)
    cross = spectra @ endmembers.T - sparsity
    exact = solve_quadratic(endmembers @ endmembers.T, cross, math.inf)
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=0)


def test_sparsity_makes_codes_sparser():
    spectra, endmembers = problem(0, n=8)
    codes = [SparseCodingEncoder(2000, s)(spectra, endmembers) for s in (0, 0.1, 0.5, 2, 100)]
    n_used = [int((c > 1e-9).sum()) for c in codes]
    total = [float(c.sum()) for c in codes]
    assert n_used == sorted(n_used, reverse=True)
    assert n_used[0] > n_used[2] > n_used[3] > n_used[4] == 0
    assert all(a > b for a, b in pairwise(total))


@LAWS
@given(n_steps=st.integers(1, 50), sparsity=st.floats(0, 1), seed=SEEDS)
def test_codes_are_never_negative_after_any_number_of_steps(n_steps, sparsity, seed):
    spectra, endmembers = problem(seed)
    warm = torch.randn(30, 4, generator=torch.Generator().manual_seed(seed)).double()
    encoder = SparseCodingEncoder(n_steps, sparsity)
    assert (encoder(spectra - 0.5, endmembers) >= 0).all()
    assert (encoder(spectra - 0.5, endmembers - 0.2, warm) >= 0).all()


def test_a_batch_of_models_is_coded_as_each_alone():
    spectra, endmembers = problem(1, n_models=5)
    warm = torch.rand(5, 30, 4, generator=torch.Generator().manual_seed(2)).double()
    encoder = SparseCodingEncoder(8, 0.05)
    together = encoder(spectra, endmembers, warm)
    assert together.shape == (5, 30, 4)
    for k in range(5):
        torch.testing.assert_close(together[k], encoder(spectra, endmembers[k], warm[k]))


def test_codes_that_are_right_stay_where_they_are():
    spectra, endmembers = problem(3)
    exact = nnls(spectra, endmembers)
    torch.testing.assert_close(SparseCodingEncoder(3)(spectra, endmembers, exact), exact)


def test_a_warm_start_saves_steps():
    spectra, endmembers = problem(4)
    exact = nnls(spectra, endmembers)
    near = SparseCodingEncoder(100)(spectra, endmembers)
    encoder = SparseCodingEncoder(5)
    cold, warm = encoder(spectra, endmembers), encoder(spectra, endmembers, near)
    assert (warm - exact).norm() < 0.01 * (cold - exact).norm()


def test_momentum_is_faster_than_plain_steps():
    """Accelerated: about the square root of the steps that plain projected gradient needs."""
    spectra, endmembers = problem(5, n=6)
    exact = nnls(spectra, endmembers)
    gram, cross = endmembers @ endmembers.T, spectra @ endmembers.T
    step = 1 / torch.linalg.eigvalsh(gram)[-1]
    plain = torch.zeros_like(cross)
    for _ in range(60):
        plain = (plain - step * (plain @ gram - cross)).clamp(min=0)
    ours = SparseCodingEncoder(60)(spectra, endmembers)
    assert (ours - exact).norm() < 0.5 * (plain - exact).norm()


def test_the_encoder_has_nothing_to_learn_of_its_own():
    assert list(SparseCodingEncoder().parameters()) == []


@pytest.mark.parametrize("n", [1, 3])
def test_black_endmembers_leave_codes_finite(n):
    codes = SparseCodingEncoder(10)(torch.rand(5, 6), torch.zeros(n, 6))
    assert torch.equal(codes, torch.zeros(5, n))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_gpu_code_alike():
    spectra, endmembers = (x.float() for x in problem(6, n_models=3))
    encoder = SparseCodingEncoder(200, 0.01)
    found = encoder(spectra.cuda(), endmembers.cuda()).cpu()
    torch.testing.assert_close(found, encoder(spectra, endmembers), atol=1e-4, rtol=0)
