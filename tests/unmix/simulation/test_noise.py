"""Randomness that belongs to a place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.simulation.noise import SmoothNoise, row_generator

ROWS = np.arange(200, dtype=np.int64)
COLUMNS = np.arange(300, dtype=np.int64)


def test_rows_and_streams_and_seeds_have_their_own_numbers():
    keys = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2**63 - 1, 5000, 10**6)]
    first = [row_generator(*key).random() for key in keys]
    assert len(set(first)) == len(keys)
    assert row_generator(1, 2, 3).random() == row_generator(1, 2, 3).random()


@settings(max_examples=25, deadline=None)
@given(
    top=st.integers(0, 150),
    left=st.integers(0, 250),
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    cell=st.floats(2, 90),
)
def test_a_window_of_a_field_is_the_same_as_the_field_itself(top, left, height, width, cell):
    noise = SmoothNoise(seed=3, stream=20, cell_px=cell)
    rows, columns = ROWS[top : top + height], COLUMNS[left : left + width]
    window = np.s_[top : top + height, left : left + width]
    np.testing.assert_array_equal(noise.values(rows, columns), noise.values(ROWS, COLUMNS)[window])
    for part, whole in zip(noise.slopes(rows, columns), noise.slopes(ROWS, COLUMNS), strict=True):
        np.testing.assert_array_equal(part, whole[window])


def test_a_field_has_mean_0_and_variance_1_over_many_seeds():
    values = np.stack(
        [SmoothNoise(seed, 16, 12.0).values(ROWS[:64], COLUMNS[:64]) for seed in range(60)]
    )
    assert abs(values.mean()) < 0.05
    assert values.std() == pytest.approx(1.0, abs=0.05)


def test_a_field_is_smooth_and_forgets_beyond_a_patch():
    field = SmoothNoise(5, 16, 10.0).values(np.arange(600), np.arange(600))

    def correlation(lag: int) -> float:
        return float(np.mean(field[:, lag:] * field[:, : field.shape[1] - lag]))

    assert correlation(1) > 0.9 * correlation(0)
    assert abs(correlation(40)) < 0.1


def test_slopes_are_the_derivatives_of_the_field():
    noise = SmoothNoise(7, 1, 40.0, persistence=0.3)
    rows, columns = np.arange(80), np.arange(90)
    field = noise.values(rows, columns).astype(float)
    down, across = noise.slopes(rows, columns)
    for slope, axis in ((down, 0), (across, 1)):
        differences = np.gradient(field, axis=axis)
        correlation = np.corrcoef(slope[2:-2, 2:-2].ravel(), differences[2:-2, 2:-2].ravel())
        assert correlation[0, 1] > 0.97
    ratio = np.gradient(field, axis=0).std() / down.std()
    other = np.gradient(field, axis=1).std() / across.std()
    assert ratio == pytest.approx(other, rel=0.05)  # one scale for both directions
