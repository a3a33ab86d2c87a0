import pickle

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from scenes.array_pixels import ArrayPixels
from scenes.errors import SceneError
from scenes.formats.esri import read_esri
from scenes.grid import Grid
from scenes.lookup import Lookup

UTM = CRS.from_epsg(32611)


def lookup_of(samples, lines, shape, dtype="i4"):
    table = np.array([samples, lines]).astype(dtype)
    grid = Grid(UTM, Affine(30, 0, 5e5, 0, -30, 4e6), *table.shape[1:])
    return Lookup(ArrayPixels(table), grid, shape)


def random_table(seed, scene_shape=(5, 4), shape=(7, 6)):
    rng = np.random.default_rng(seed)
    samples = rng.integers(1, scene_shape[1] + 1, shape)
    lines = rng.integers(1, scene_shape[0] + 1, shape)
    empty = rng.random(shape) < 0.3
    filled = rng.random(shape) < 0.3
    samples, lines = (np.where(filled, -a, a) for a in (samples, lines))
    return np.where(empty, 0, samples), np.where(empty, 0, lines)


@pytest.mark.parametrize("dtype", ["i2", ">i2", "i4", "f4", "f8"])
def test_lookup_counts_from_zero_and_names_no_pixel_minus_one(dtype):
    lookup = lookup_of([[1, 4, 0]], [[5, 2, 0]], (5, 4), dtype)
    rows, columns = lookup.read()
    assert rows.tolist() == [[4, 1, -1]]
    assert columns.tolist() == [[0, 3, -1]]


def test_lookup_takes_negative_entries_for_filled_gaps():
    plain = lookup_of([[3, 4]], [[2, 5]], (5, 4)).read()
    filled = lookup_of([[-3, -4]], [[-2, -5]], (5, 4)).read()
    assert np.array_equal(plain, filled)


def test_lookup_is_empty_where_one_of_the_two_is_zero_or_nan():
    samples, lines = [[0, 2, np.nan, 2]], [[2, 0, 2, np.nan]]
    rows, columns = lookup_of(samples, lines, (5, 4), "f4").read()
    assert (rows == -1).all()
    assert (columns == -1).all()


@given(seed=st.integers(0, 10**6), data=st.data())
def test_lookup_in_windows_is_the_lookup_as_a_whole(seed, data):
    lookup = lookup_of(*random_table(seed), (5, 4))
    rows, columns = lookup.read()
    row, column = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 5))
    height, width = data.draw(st.integers(1, 7 - row)), data.draw(st.integers(1, 6 - column))
    part = lookup.read(Window(column, row, width, height))
    inside = np.s_[row : row + height, column : column + width]
    assert np.array_equal(part[0], rows[inside])
    assert np.array_equal(part[1], columns[inside])


@given(seed=st.integers(0, 10**6), data=st.data())
def test_lookup_of_a_part_counts_from_its_corner(seed, data):
    lookup = lookup_of(*random_table(seed), (5, 4))
    scene = np.arange(20).reshape(5, 4)
    row, column = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 3))
    window = Window(column, row, 4 - column, 5 - row)
    part = lookup.of_part(window)
    assert part.scene_shape == (5 - row, 4 - column)
    shown = {True: scene[window.toslices()], False: scene}
    whole_rows, whole_columns = lookup.read()
    rows, columns = part.read()
    inside = (whole_rows >= row) & (whole_columns >= column)
    assert np.array_equal(rows >= 0, inside)
    assert np.array_equal(
        shown[True][rows[inside], columns[inside]],
        shown[False][whole_rows[inside], whole_columns[inside]],
    )


def test_lookup_of_a_part_of_a_part_is_a_part():
    lookup = lookup_of(*random_table(3), (5, 4))
    nested = lookup.of_part(Window(1, 1, 3, 4)).of_part(Window(1, 2, 2, 1))
    direct = lookup.of_part(Window(2, 3, 2, 1))
    assert np.array_equal(nested.read(), direct.read())


def test_lookup_survives_a_pickle():
    lookup = lookup_of(*random_table(1), (5, 4))
    again = pickle.loads(pickle.dumps(lookup))
    assert again.grid == lookup.grid
    assert np.array_equal(again.read(), lookup.read())


@pytest.mark.parametrize(("sample", "line"), [(5, 1), (1, 6), (-5, 1), (1, -6)])
def test_lookup_of_another_scene_is_refused(sample, line):
    with pytest.raises(SceneError, match=r"of 4 samples and 5 lines\. It belongs to another scene"):
        lookup_of([[sample]], [[line]], (5, 4)).read()


def test_lookup_that_does_not_fit_its_grid_is_refused():
    grid = Grid(UTM, Affine.scale(30, -30), 3, 2)
    with pytest.raises(SceneError, match=r"\(2, 2, 2\).*does not fit its grid of 3 x 2"):
        Lookup(ArrayPixels(np.ones((2, 2, 2), int)), grid, (5, 4))
    with pytest.raises(SceneError, match=r"\(3, 3, 2\)"):
        Lookup(ArrayPixels(np.ones((3, 3, 2), int)), grid, (5, 4))


def test_lookup_of_a_part_outside_the_scene_is_refused():
    with pytest.raises(SceneError, match="is not inside"):
        lookup_of([[1]], [[1]], (5, 4)).of_part(Window(0, 0, 5, 5))


def test_real_table_with_filled_gaps_names_neighbours(shared_data):
    """A corner of an AVIRIS line: next to each other on the map, next to each other in the line."""
    header = shared_data / "scenes" / "aviris_tiny" / "ort_glt.hdr"
    contents = read_esri(header)
    samples, lines = contents.reader.read(0, 0, 7, 7, np.array([0, 1])).T.reshape(2, 7, 7)
    assert (samples < 0).any()
    shape = (int(np.abs(lines).max()), int(np.abs(samples).max()))
    rows, columns = Lookup(contents.reader, contents.grid, shape).read()
    assert np.array_equal(rows, np.abs(lines) - 1)
    assert np.array_equal(columns, np.abs(samples) - 1)
    for axis in (0, 1):
        assert np.abs(np.diff(rows, axis=axis)).max() <= 2
        assert np.abs(np.diff(columns, axis=axis)).max() <= 2
