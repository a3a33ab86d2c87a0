"""Continuum removal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.spatial import ConvexHull

from unmix.naming.continuum import band_depths, stretches, upper_hull

AXIS = np.arange(2000.0, 2450.0, 10.0)
SPECTRA = npst.arrays(np.float64, AXIS.size, elements=st.floats(0.01, 1))


@given(SPECTRA)
def test_the_hull_is_above_concave_and_touches(spectrum):
    hull = upper_hull(AXIS, spectrum)
    assert (hull >= spectrum - 1e-12).all()
    assert (np.diff(hull, 2) <= 1e-12).all()
    assert hull[[0, -1]] == pytest.approx(spectrum[[0, -1]])


def test_the_hull_is_that_of_qhull():
    spectrum = np.random.default_rng(0).random(AXIS.size)
    corners = ConvexHull(np.column_stack([AXIS, spectrum])).vertices
    hull = upper_hull(AXIS, spectrum)
    upper = [i for i in corners if hull[i] == pytest.approx(spectrum[i], abs=1e-12)]
    upper = sorted({*upper, 0, AXIS.size - 1})
    assert hull == pytest.approx(np.interp(AXIS, AXIS[upper], spectrum[upper]), abs=1e-12)


@given(SPECTRA, st.floats(0.1, 10))
def test_depths_do_not_see_brightness(spectrum, brightness):
    depths = band_depths(np.stack([spectrum, brightness * spectrum]), AXIS)
    assert depths[0] == pytest.approx(depths[1], abs=1e-9)
    assert (depths >= -1e-12).all()
    assert (depths <= 1).all()


def test_a_band_on_a_slope_has_its_depth():
    slope = 0.3 + 0.0002 * (AXIS - 2000)
    band = 1 - 0.4 * np.exp(-0.5 * ((AXIS - 2200) / 15) ** 2)
    depths = band_depths((slope * band)[None], AXIS)[0]
    assert depths.max() == pytest.approx(0.4, abs=5e-3)
    assert AXIS[depths.argmax()] == 2200


def test_the_hull_does_not_span_a_gap():
    axis = np.concatenate([np.arange(1000.0, 1300, 10), np.arange(1500.0, 1800, 10)])
    spectrum = np.where(axis < 1400, 0.2, 0.8) * (1 - 0.001 * (axis % 100))
    both = band_depths(spectrum[None], axis)[0]
    parts = [band_depths(spectrum[None, p], axis[p])[0] for p in stretches(axis)]
    assert len(parts) == 2
    assert both == pytest.approx(np.concatenate(parts))


def test_a_black_spectrum_has_no_bands():
    assert not band_depths(np.zeros((1, 5)), AXIS[:5]).any()
