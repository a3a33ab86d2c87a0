"""Laws that HySime, HFC, NWHFC, ELM and the signal subspace share."""

import math

import numpy as np
import pytest
import scipy.stats
import torch

from unmix import UnmixError
from unmix.count.hfc import hfc, nwhfc
from unmix.count.hysime import hysime
from unmix.count.likelihood import eigenvalue_likelihood
from unmix.count.moments import Moments
from unmix.count.subspace import signal_subspace

COUNTS = {
    "hysime": hysime,
    "hfc": lambda moments: hfc(moments, 1e-3),
    "nwhfc": lambda moments: nwhfc(moments, 1e-3),
    "elm": eigenvalue_likelihood,
    "subspace": lambda moments: signal_subspace(moments).n_dimensions,
}


@pytest.fixture(params=COUNTS)
def count(request):
    return COUNTS[request.param]


@pytest.mark.parametrize("n_signals", [1, 2, 4, 7])
@pytest.mark.parametrize("name", ["hysime", "subspace"])
def test_subspaces_have_the_dimensions_planted(name, planted, n_signals):
    assert COUNTS[name](Moments.of(planted(n_signals, sigma=1e-3))) == n_signals


@pytest.mark.parametrize("n_signals", [1, 2, 4, 7])
def test_counts_find_some_of_the_signals_and_no_more(count, planted, n_signals):
    """Tests of the mean see one direction for sure; weaker ones take more pixels."""
    assert 1 <= count(Moments.of(planted(n_signals, sigma=1e-3))) <= n_signals


def test_counts_find_nothing_in_noise(count):
    noise = torch.randn(2000, 30, generator=torch.Generator().manual_seed(0))
    assert count(Moments.of(noise)) == 0


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_counts_do_not_depend_on_the_unit(count, planted, scale):
    spectra = planted(4, sigma=0.05)
    assert count(Moments.of(scale * spectra)) == count(Moments.of(spectra))


def test_counts_do_not_depend_on_the_order_of_pixels_or_bands(count, planted):
    spectra = planted(4, sigma=0.05)
    generator = torch.Generator().manual_seed(3)
    rows, columns = (torch.randperm(n, generator=generator) for n in spectra.shape)
    assert count(Moments.of(spectra[rows][:, columns])) == count(Moments.of(spectra))


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3, 1.0])
def test_hysime_is_where_the_squared_error_is_least(planted, sigma):
    """The slow second way: noise from regressions, then the error of every subspace."""
    y = planted(7, sigma=sigma, n_pixels=400, n_bands=20).double().numpy()
    noise = np.empty_like(y)
    for band in range(20):
        others = np.delete(y, band, axis=1)
        noise[:, band] = y[:, band] - others @ np.linalg.lstsq(others, y[:, band], rcond=None)[0]
    directions = np.linalg.svd(y - noise)[2]
    noise_power = (noise**2).sum(axis=0) / (400 - 19) @ directions.T**2
    power = ((y @ directions.T) ** 2).mean(axis=0)
    gain = np.sort(power - 2 * noise_power)[::-1]  # what keeping a direction saves
    errors = power.sum() - np.concatenate([[0], gain.cumsum()])
    assert hysime(Moments.of(torch.from_numpy(y))) == errors.argmin()


@pytest.mark.parametrize("seed", range(2))
def test_hfc_is_the_test_of_each_pair_of_eigenvalues(planted, seed):
    """The slow second way: eigenvalues of the spectra themselves, and the test in words."""
    spectra = planted(6, sigma=0.1, n_pixels=400, seed=seed).double().numpy()
    of_all, of_centred = (
        np.linalg.svd(each, compute_uv=False) ** 2 / 400
        for each in (spectra, spectra - spectra.mean(axis=0))
    )
    deviation = np.sqrt(2 * (of_all**2 + of_centred**2) / 400)
    chances = scipy.stats.norm.sf((of_all - of_centred) / deviation)
    moments = Moments.of(torch.from_numpy(spectra))
    for asked in np.logspace(-20, -0.4, 60):
        assert hfc(moments, asked) == (chances < asked).sum()


def test_nwhfc_does_not_depend_on_the_unit_of_each_band_as_hfc_does():
    """A weak mean is seen in all bands together; units can hide all of them but one."""
    noise = torch.randn(1500, 40, generator=torch.Generator().manual_seed(0))
    moments = Moments.of(0.2 + noise)
    scaled = moments.divided_by(torch.logspace(-3, 3, 40).double())
    assert (hfc(moments, 1e-3), hfc(scaled, 1e-3)) == (1, 0)
    assert (nwhfc(moments, 1e-3), nwhfc(scaled, 1e-3)) == (1, 1)


def test_hfc_counts_fewer_at_lower_false_alarm(planted):
    moments = Moments.of(planted(6, sigma=0.1, n_pixels=400))
    counts = [hfc(moments, chance) for chance in (0.45, 0.1, 1e-3, 1e-5, 1e-30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_hfc_false_alarms_are_as_rare_as_asked():
    generator = torch.Generator().manual_seed(0)
    noise = (torch.randn(600, 10, generator=generator) for _ in range(100))
    counts = [hfc(Moments.of(part), 1e-5) for part in noise]
    assert sum(counts) == 0


def test_elm_is_where_the_likelihood_of_the_rest_peaks(planted):
    """The slow second way: the likelihood of every split, written out."""
    spectra = planted(4, sigma=0.05).double()
    spectra = spectra / spectra.square().mean().sqrt()
    values = [
        torch.linalg.svdvals(each).square() / len(spectra)
        for each in (spectra, spectra - spectra.mean(dim=0))
    ]
    likelihoods = []
    for n in range(40):
        rest = 0.0
        for of_all, of_centred in zip(*(v[n:].tolist() for v in values), strict=True):
            variance = 2 * (of_all**2 + of_centred**2) / len(spectra)
            rest -= (of_all - of_centred) ** 2 / (2 * variance) + 0.5 * math.log(variance)
        likelihoods.append(rest)
    assert eigenvalue_likelihood(Moments.of(spectra)) == likelihoods.index(max(likelihoods))


@pytest.mark.parametrize("chance", [0, 1, -0.1])
def test_hfc_refuses_what_is_no_probability(planted, chance):
    with pytest.raises(UnmixError, match="`false_alarm` must be between 0 and 1"):
        hfc(Moments.of(planted(2)), chance)


def test_nwhfc_is_hfc_where_all_bands_are_equally_noisy(planted):
    moments = Moments.of(planted(3, sigma=0.01, n_pixels=5000))
    assert nwhfc(moments, 1e-3) == hfc(moments, 1e-3)
