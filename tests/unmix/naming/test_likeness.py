"""Distances between spectra."""

import numpy as np
import pytest
from scipy.special import rel_entr

from unmix.naming.likeness import References, distances, excess, information_divergence

AXIS = np.arange(2000.0, 2450.0, 7.0)
RNG = np.random.default_rng(0)


def bands(*centres):
    return np.stack([0.6 - 0.2 * np.exp(-0.5 * ((AXIS - c) / 20) ** 2) for c in centres])


def test_a_spectrum_is_no_distance_from_itself_at_any_brightness():
    references = References.of(bands(2100, 2200), AXIS)
    for brightness in (0.1, 1, 7):
        found = distances(brightness * references.spectra[1], references)
        assert found.score[1] < 1e-5 < 0.01 < found.score[0]
        assert abs(found.excess[1]) < 1e-20


def test_distances_grow_as_a_band_moves_away():
    references = References.of(bands(2200, 2210, 2230, 2290), AXIS)
    found = distances(references.spectra[0], references)
    for distance in (found.angle_rad, found.band_angle_rad, found.divergence, found.excess):
        assert (np.diff(distance) > 0).all()


def test_the_divergence_is_the_sum_of_two_relative_entropies():
    p, q = RNG.random((2, 30)) + 0.01
    p, q = p / p.sum(), q / q.sum()
    expected = rel_entr(p, q).sum() + rel_entr(q, p).sum()
    assert information_divergence(5 * p, q[None])[0] == pytest.approx(expected, rel=1e-9)


def test_the_depth_of_bands_does_not_change_the_band_angle():
    deep = 1 - bands(2200)
    shallow = 1 - 0.3 * (1 - bands(2200))
    found = distances(shallow[0], References.of(1 - 0.9 * deep, AXIS))
    assert found.band_angle_rad[0] < 0.1


def test_white_noise_leaves_no_excess_on_average():
    references = References.of(bands(2200, 2230), AXIS)
    noise = 0.02 * RNG.standard_normal((300, AXIS.size))
    found = np.array([excess(references.spectra[0] + n, references) for n in noise])
    own, other = found.mean(axis=0)
    assert abs(own) < 0.1 * other
    assert other == pytest.approx(excess(references.spectra[0], references)[1], rel=0.2)
