import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from unmix.errors import UnmixError
from unmix.uses.tails import fit_tail, gaussian_surprise


@pytest.mark.parametrize("n_dimensions", [5, 20, 100])
def test_surprise_of_gaussian_noise_is_that_of_its_length(n_dimensions):
    chance = np.array([0.5, 1e-2, 1e-4, 1e-6])
    found = gaussian_surprise(chi2.isf(chance, n_dimensions), n_dimensions)
    assert np.allclose(found, -np.log(chance), rtol=0.06, atol=0.01)


@pytest.mark.parametrize(("shape", "factor"), [(1.0, 1.5), (1.2, 2.5), (0.75, 2.0)])
def test_rates_are_those_of_the_distribution(shape, factor):
    rng = np.random.default_rng(1)
    tail = fit_tail(rng.weibull(shape, 30_000))
    fresh = tail.exceedance(rng.weibull(shape, 300_000))
    for score in (1, 2, 3):
        assert 1 / factor < (fresh >= score).mean() * 10**score < factor


def test_outliers_do_not_move_the_rates():
    usual = np.random.default_rng(2).exponential(size=20_000)
    clean = fit_tail(usual)
    with_outliers = fit_tail(np.append(usual, np.full(80, 1e6)))
    at = np.array([1.0, 4.0, 7.0])
    assert np.allclose(with_outliers.exceedance(at), clean.exceedance(at), atol=0.15)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1e6))
def test_exceedance_grows_with_the_value_whatever_its_unit(seed, unit):
    values = np.random.default_rng(seed).exponential(size=500)
    at = np.linspace(0, 30, 200)
    found = fit_tail(unit * values).exceedance(unit * at)
    assert (np.diff(found) >= 0).all() and found[0] >= 0
    assert np.allclose(found, fit_tail(values).exceedance(at), atol=0.02)


def test_nan_stays_nan():
    tail = fit_tail(np.random.default_rng(0).exponential(size=500))
    assert np.isnan(tail.exceedance([np.nan, 1.0])).tolist() == [True, False]


def test_too_few_and_equal_values_are_refused():
    with pytest.raises(UnmixError, match="199 pixels; 200 are needed"):
        fit_tail(np.arange(199.0))
    with pytest.raises(UnmixError, match="scores of 1000 of 1000 pixels are the same"):
        fit_tail(np.ones(1000))
