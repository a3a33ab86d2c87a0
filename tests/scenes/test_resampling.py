"""Spectra on the bands of a sensor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import SceneError, SceneWarning, SpectralLibrary
from scenes.resampling import resample

FINE = np.arange(400.0, 2501.0, 1.0)
BANDS = np.arange(420.0, 2480.0, 7.4)
WIDTHS = np.full(BANDS.size, 9.0)


def absorption(x, centre=2200.0, width=20.0):
    return 0.5 - 0.3 * np.exp(-0.5 * ((x - centre) / width) ** 2)


def test_a_gaussian_band_comes_out_as_much_wider_as_the_response_makes_it():
    """Widths add in squares, which is exact for Gaussians."""
    sigma = 20.0
    response = 30.0 / np.sqrt(8 * np.log(2))
    found = resample(absorption(FINE), FINE, BANDS, np.full(BANDS.size, 30.0))[0]
    both = np.hypot(sigma, response)
    expected = 0.5 - 0.3 * sigma / both * np.exp(-0.5 * ((BANDS - 2200) / both) ** 2)
    assert np.nanmax(np.abs(found - expected)) < 1e-3


def test_what_was_measured_in_wide_bands_is_not_made_wider():
    first = resample(absorption(FINE), FINE, BANDS, WIDTHS)
    again = resample(first, BANDS, BANDS, WIDTHS, WIDTHS)
    assert again == pytest.approx(first, rel=1e-12)


@given(st.floats(-2, 2), st.floats(-1e-3, 1e-3))
def test_straight_lines_stay_straight(offset, slope):
    line = offset + slope * FINE
    found = resample(line, FINE, BANDS, WIDTHS)[0]
    assert found == pytest.approx(offset + slope * BANDS, abs=1e-9)


def test_the_order_of_samples_and_bands_does_not_matter():
    rng = np.random.default_rng(0)
    samples, bands = rng.permutation(FINE.size), rng.permutation(BANDS.size)
    found = resample(absorption(FINE)[samples], FINE[samples], BANDS[bands], WIDTHS)
    expected = resample(absorption(FINE), FINE, BANDS, WIDTHS)
    assert found == pytest.approx(expected[:, bands], rel=1e-12)


def test_nothing_is_made_up_beyond_the_ends():
    found = resample(np.ones(FINE.size), FINE, [390, 398, 400, 404, 2495, 2501], np.full(6, 5.0))
    assert np.isnan(found[0]).tolist() == [True, True, True, False, False, True]


@pytest.mark.parametrize(("first", "last", "is_gap"), [(1340, 1440, True), (1400, 1402, False)])
def test_gaps_stay_gaps_unless_they_are_narrower_than_a_band(first, last, is_gap):
    spectrum = absorption(FINE)
    spectrum[(first <= FINE) & (last >= FINE)] = np.nan
    found = resample(spectrum, FINE, [(first + last) / 2, 1200], [9.0, 9.0])[0]
    assert np.isnan(found).tolist() == [is_gap, False]


def test_a_spectrum_measured_coarsely_throughout_has_no_gaps():
    coarse = np.arange(400.0, 2501.0, 20.0)
    found = resample(absorption(coarse), coarse, BANDS, WIDTHS)
    assert np.isfinite(found).all()


def test_each_spectrum_keeps_its_own_gaps():
    spectra = np.tile(absorption(FINE), (3, 1))
    spectra[1, FINE < 1000] = np.nan
    spectra[2] = np.nan
    found = resample(spectra, FINE, [500.0, 2000.0], [9.0, 9.0])
    assert np.isnan(found).tolist() == [[False, False], [True, False], [True, True]]


def test_without_widths_lines_are_read_at_the_centres_with_a_warning():
    with pytest.warns(SceneWarning, match=r"no width \(FWHM\) is known of 2 bands"):
        found = resample(absorption(FINE), FINE, [500.5, 2200.0])
    assert found[0] == pytest.approx([0.5, 0.2], abs=1e-12)


def test_single_precision_stays_single():
    assert resample(np.ones((1, 3), np.float32), [1, 2, 3], [2.0], [1.0]).dtype == np.float32


def test_ranges_that_do_not_meet_are_refused_with_both():
    with pytest.raises(SceneError, match="known at 400-2500 nm and the bands lie at 8000-9000 nm"):
        resample(absorption(FINE), FINE, [8000.0, 9000.0], [50.0, 50.0])


def test_a_library_takes_the_bands_with_the_spectra():
    library = SpectralLibrary(("a",), absorption(FINE)[None], FINE)
    found = library.resampled(BANDS, WIDTHS)
    assert np.array_equal(found.wavelengths_nm, BANDS)
    assert np.array_equal(found.fwhm_nm, WIDTHS)
    assert found.names == library.names
    with pytest.raises(SceneError, match="has no wavelengths"):
        SpectralLibrary(("a",), np.ones((1, 3))).resampled(BANDS, WIDTHS)
