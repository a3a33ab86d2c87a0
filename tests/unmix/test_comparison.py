import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unmix.comparison import (
    HISTOGRAM_RANGE,
    N_BINS,
    MapSums,
    Pair,
    PairHistograms,
    match_spectra,
    shared_bands,
)
from unmix.errors import UnmixError
from unmix.metrics import rmse, spectral_angle


@given(n_first=st.integers(1, 5), n_second=st.integers(1, 5), seed=st.integers(0, 1000))
def test_map_sums_agree_with_the_plain_formulas_whatever_the_blocks(n_first, n_second, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.random((n_first, 9, 11)), rng.random((n_second, 9, 11))
    first[:, rng.random((9, 11)) < 0.2] = np.nan
    second[0, rng.random((9, 11)) < 0.2] = np.nan
    sums = MapSums()
    for row in range(0, 9, 4):
        sums.add(first[:, row : row + 4], second[:, row : row + 4])
    common = np.isfinite(first[0]) & np.isfinite(second[0])
    assert sums.n_pixels == common.sum()
    for i in range(n_first):
        for j in range(n_second):
            a, b = first[i][common], second[j][common]
            found = sums.agreement(Pair(i, j))
            assert found.rmse == pytest.approx(float(rmse(torch.tensor(a), torch.tensor(b))))
            assert found.bias == pytest.approx((a - b).mean(), abs=1e-12)
            assert found.correlation == pytest.approx(np.corrcoef(a, b)[0, 1])
            r2 = 1 - ((a - b) ** 2).sum() / ((b - b.mean()) ** 2).sum()
            assert found.r2 == pytest.approx(r2)


def test_even_maps_have_no_correlation():
    sums = MapSums()
    sums.add(np.full((1, 50), 0.1), np.linspace(0, 1, 50)[None])
    sums.add(np.full((1, 50), 0.1), np.full((1, 50), 0.3))
    assert math.isnan(sums.agreement(Pair(0, 0)).correlation)
    turned = MapSums()
    turned.add(np.linspace(0, 1, 50)[None], np.full((1, 50), 0.3))
    assert math.isnan(turned.agreement(Pair(0, 0)).r2)


@given(seed=st.integers(0, 1000), n=st.integers(2, 6))
def test_matching_undoes_any_permutation(seed, n):
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    maps, spectra = rng.random((n, 200)), torch.as_tensor(rng.random((n, 12)))
    sums = MapSums()
    sums.add(maps[order], 0.5 * maps + 0.2)
    expected = [Pair(k, int(order[k])) for k in range(n)]
    assert sums.match() == expected
    assert match_spectra(spectra[order], 3 * spectra)[0] == expected


def test_the_more_numerous_side_keeps_some_over():
    spectra = torch.rand(5, 9, generator=torch.Generator().manual_seed(0))
    pairs, angles = match_spectra(spectra, spectra[[3, 1]])
    assert pairs == [Pair(1, 1), Pair(3, 0)]
    assert angles[3, 0] == pytest.approx(0, abs=1e-6)
    assert angles[0, 1] == pytest.approx(float(spectral_angle(spectra[0], spectra[1])), abs=1e-6)


@given(seed=st.integers(0, 1000))
def test_shared_bands_are_found_in_any_order(seed):
    rng = np.random.default_rng(seed)
    all_nm = np.arange(400.0, 900, 10)
    kept = [np.sort(rng.permutation(50)[: rng.integers(30, 50)]) for _ in "ab"]
    shuffled = rng.permutation(len(kept[1]))
    first_nm, second_nm = all_nm[kept[0]], all_nm[kept[1]][shuffled] + rng.uniform(-2, 2)
    first, second = shared_bands(first_nm, second_nm, (len(first_nm), len(second_nm)))
    assert np.abs(first_nm[first] - second_nm[second]).max() <= 2
    assert len(first) == len(np.intersect1d(*kept))
    assert len(set(second)) == len(second)


def test_bands_of_other_places_are_not_shared():
    with pytest.raises(UnmixError, match=r"share 0 bands .400-500 nm and 1000-1100 nm"):
        shared_bands(np.linspace(400, 500, 5), np.linspace(1000, 1100, 5), (5, 5))


def test_bands_without_wavelengths_must_agree_in_number():
    first, second = shared_bands(None, np.linspace(400, 500, 4), (4, 4))
    np.testing.assert_array_equal(first, second)
    with pytest.raises(UnmixError, match="4 and 5 bands, and without wavelengths"):
        shared_bands(None, None, (4, 5))


def test_a_single_band_has_no_step_and_is_too_few():
    with pytest.raises(UnmixError, match=r"share 1 band \("):
        shared_bands(np.array([500.0]), np.array([510.0]), (1, 1))


@given(seed=st.integers(0, 1000))
def test_histograms_are_those_of_numpy_whatever_the_blocks(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(-0.09, 1.09, (2, 9, 11)), rng.uniform(-0.09, 1.09, (3, 9, 11))
    first[:, rng.random((9, 11)) < 0.2] = np.nan
    histograms = PairHistograms([Pair(0, 2), Pair(1, 0)])
    for row in range(0, 9, 4):
        histograms.add(first[:, row : row + 4], second[:, row : row + 4])
    known = np.isfinite(first[0])
    for counts, (i, j) in zip(histograms.counts, [(0, 2), (1, 0)], strict=True):
        expected = np.histogram2d(
            second[j][known], first[i][known], bins=N_BINS, range=[HISTOGRAM_RANGE] * 2
        )[0]
        np.testing.assert_array_equal(counts, expected)


def test_what_lies_beyond_a_histogram_counts_at_its_edge():
    histograms = PairHistograms([Pair(0, 0)])
    histograms.add(np.array([[-9.0, 9.0, 9.0]]), np.array([[9.0, -9.0, np.nan]]))
    assert histograms.counts[0, -1, 0] == histograms.counts[0, 0, -1] == 1
    assert histograms.counts.sum() == 2
