import numpy as np
import pytest

from scenes.array_pixels import ArrayPixels
from scenes.bands import Bands
from scenes.formats.sampled_bands import without_empty_bands


def good_bands(cube, nodata=-1, good=None):
    n_bands = len(cube)
    good = np.ones(n_bands, bool) if good is None else np.array(good)
    return without_empty_bands(Bands(None, None, good), ArrayPixels(cube), nodata).good.tolist()


@pytest.fixture
def cube():
    return np.random.default_rng(0).random((4, 40, 30)) + 1


def test_bands_with_data_are_all_used(cube):
    cube[:, 10:20] = -1  # a gap in all bands says nothing of one of them
    assert good_bands(cube) == [True] * 4


@pytest.mark.parametrize("empty", [-1, np.nan, np.inf, 7])
def test_band_without_data_or_of_one_number_is_not_used(cube, empty):
    cube[2] = empty
    cube[:, :5] = -1
    assert good_bands(cube) == [True, True, False, True]


def test_band_is_used_where_it_has_data_in_most_pixels(cube):
    cube[1, :, :10] = -1
    cube[2, :, :20] = -1
    assert good_bands(cube) == [True, True, False, True]


def test_bad_bands_stay_bad(cube):
    assert good_bands(cube, good=[True, False, True, True]) == [True, False, True, True]


def test_scene_without_data_keeps_its_bands(cube):
    assert good_bands(np.full_like(cube, -1)) == [True] * 4
    assert good_bands(np.full_like(cube, 5)) == [True] * 4


def test_scene_of_few_pixels_keeps_its_bands():
    cube = np.random.default_rng(0).random((3, 3, 5))
    cube[1] = -1
    assert good_bands(cube) == [True] * 3


def test_only_a_few_lines_are_read(cube):
    class Counting(ArrayPixels):
        rows = 0

        def read(self, row, column, height, width, bands):
            type(self).rows += height
            return super().read(row, column, height, width, bands)

    reader = Counting(cube)
    without_empty_bands(Bands(None, None, np.ones(4, bool)), reader, None)
    assert Counting.rows == 8
