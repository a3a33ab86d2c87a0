"""Targets: their area is exact, wherever they lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmix.errors import UnmixError
from unmix.simulation import Target
from unmix.simulation.targets import place

ROWS, COLUMNS = np.arange(40), np.arange(50)


@given(area=st.floats(0.01, 60), row=st.floats(4, 36), column=st.floats(4, 46))
def test_cover_sums_to_the_area_and_never_exceeds_a_pixel(area, row, column):
    cover = Target("blue tarp", area, row, column).cover(ROWS, COLUMNS)
    assert cover.min() >= 0
    assert cover.max() <= 1
    assert cover.sum(dtype=np.float64) == pytest.approx(area, rel=1e-6)


def test_cover_is_the_overlap_counted_on_a_fine_grid():
    target = Target("blue tarp", 7.3, 10.37, 20.81)
    n = 200  # sub-pixels along a side
    fine = (np.arange(40 * n) + 0.5) / n, (np.arange(50 * n) + 0.5) / n
    down = np.abs(fine[0] - 10.37) < np.sqrt(7.3) / 2
    across = np.abs(fine[1] - 20.81) < np.sqrt(7.3) / 2
    counted = np.outer(down.reshape(40, n).mean(axis=1), across.reshape(50, n).mean(axis=1))
    np.testing.assert_allclose(target.cover(ROWS, COLUMNS), counted, atol=0.011)


def test_an_aligned_target_covers_whole_pixels():
    cover = Target("blue tarp", 9, 10.5, 20.5).cover(ROWS, COLUMNS)
    assert (cover[9:12, 19:22] == 1).all()
    assert cover.sum() == 9


def test_random_places_are_inside_apart_and_repeatable():
    targets = [Target("blue tarp", area) for area in (0.1, 25, 1, 4, 0.5, 9)]
    placed = place(targets, 40, 50, seed=4, border_px=3)
    assert placed == place(targets, 40, 50, seed=4, border_px=3)
    assert placed != place(targets, 40, 50, seed=5, border_px=3)
    assert [t.area_px for t in placed] == [t.area_px for t in targets]
    total = sum(t.cover(ROWS, COLUMNS) for t in placed)
    assert total.max() <= 1
    assert total.sum() == pytest.approx(39.6, rel=1e-6)
    assert total[:, :3].sum() == total[:, -3:].sum() == 0
    touched = sum((t.cover(ROWS, COLUMNS) > 0).astype(int) for t in placed)
    assert touched.max() == 1  # no pixel is shared


def test_a_given_place_is_kept():
    placed = place([Target("snow", 1), Target("snow", 4, 7.25, 9.5)], 40, 50, 0, 0)
    assert placed[1].centre == (7.25, 9.5)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([Target("snow", 4, 0.5, 10)], "reaches out of the scene"),
        ([Target("snow", 4, 10, 2.5)], "2 border columns"),
        ([Target("snow", 4, 10, 10), Target("sand", 1, 11, 11)], "lies upon another one"),
        ([Target("snow", 2000)], r"no room for a target of 2000 px \(snow\)"),
        ([Target("snow", 100) for _ in range(20)], "no room for a target"),
    ],
)
def test_impossible_places_are_refused(targets, message):
    with pytest.raises(UnmixError, match=message):
        place(targets, 40, 50, 0, border_px=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"area_px": 0}, "positive number of pixels"),
        ({"area_px": np.nan}, "positive number of pixels"),
        ({"area_px": 1, "row": 3.0}, "Give both"),
        ({"area_px": 1, "material": "jelly"}, "no material 'jelly'"),
    ],
)
def test_an_impossible_target_is_refused(settings, message):
    with pytest.raises(UnmixError, match=message):
        Target(**{"material": "snow", **settings})
