import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform
from rasterio.windows import Window

from scenes.bands import Bands
from scenes.errors import SceneError
from scenes.grid import Grid
from scenes.subset import chosen_bands, columns_of, inside_bounds, window_of_bounds

AXIS = Bands(np.array([450.0, 550, 650, 1400]), None, np.ones(4, bool), None)
UTM = CRS.from_epsg(32611)
TURNED = Grid(
    UTM, Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20), 40, 50
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550:650", [0, 1, 1, 0]),
        ("1", [1, 0, 0, 0]),
        ("2-3, 1400:1400", [0, 1, 1, 1]),
        ("1000:1200", [0, 0, 0, 0]),
    ],
)
def test_chosen_bands_are_ranges_or_numbers_from_one(text, expected):
    assert chosen_bands(AXIS, text).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "run from 1 to 4"),
        ("3-2", "run from 1 to 4"),
        ("5", "run from 1 to 4"),
        ("red", "'red' names no bands"),
        ("", "names no bands"),
        ("700:600", "ends before it begins"),
        ("0.4:2.5", "Wavelengths are in nanometres"),
    ],
)
def test_chosen_bands_refuses_what_names_none(text, message):
    with pytest.raises(SceneError, match=message):
        chosen_bands(AXIS, text)


def test_chosen_bands_by_wavelength_needs_wavelengths():
    with pytest.raises(SceneError, match="Give their numbers instead"):
        chosen_bands(Bands(None, None, np.ones(3, bool), None), "400:500")


@given(st.permutations(range(9)))
def test_columns_of_takes_any_order_back(order):
    spectra = np.random.default_rng(0).random((4, 9))
    back = columns_of(np.arange(9), np.array(order))
    assert np.array_equal(spectra[:, order][:, back], spectra)


def test_columns_of_refuses_bands_that_are_not_there():
    with pytest.raises(SceneError, match=r"\[2\].*not in use"):
        columns_of(np.array([1, 2]), np.array([1, 3]))


@given(st.integers(0, 49), st.integers(0, 39), st.integers(1, 50), st.integers(1, 40))
def test_window_of_bounds_of_a_part_is_the_part(column, row, width, height):
    grid = Grid(UTM, Affine(30, 0, 5e5, 0, -20, 4e6), 40, 50)
    window = Window(column, row, min(width, 50 - column), min(height, 40 - row))
    part = grid.part(window).transform
    right, bottom = part.c + 30 * window.width, part.f - 20 * window.height
    assert window_of_bounds(grid, (part.c, bottom, right, part.f)) == window


def test_window_of_bounds_in_degrees_is_that_in_metres():
    x, y = transform(UTM, "EPSG:4326", [5e5 + 300, 5e5 + 900], [4e6 - 400, 4e6 - 100])
    grid = Grid(UTM, Affine(30, 0, 5e5, 0, -20, 4e6), 40, 50)
    window = window_of_bounds(grid, (x[0], y[0], x[1], y[1]), "EPSG:4326")
    found = np.array([window.col_off, window.row_off, window.width, window.height])
    assert (np.abs(found - [10, 5, 20, 15]) <= [1, 1, 2, 2]).all()


def test_window_of_bounds_on_a_rotated_grid_holds_every_pixel_inside():
    """Against the centres of all pixels, one by one."""
    left, bottom, right, top = bounds = (5e5 + 400, 4e6 + 100, 5e5 + 900, 4e6 + 500)
    window = window_of_bounds(TURNED, bounds)
    rows, columns = np.indices(TURNED.shape)
    t = TURNED.transform
    x = t.a * (columns + 0.5) + t.b * (rows + 0.5) + t.c
    y = t.d * (columns + 0.5) + t.e * (rows + 0.5) + t.f
    inside = (x > left) & (x < right) & (y > bottom) & (y < top)
    assert inside.any()
    outside = np.ones(TURNED.shape, bool)
    outside[window.toslices()] = False
    assert not (inside & outside).any()
    assert window.width * window.height < 4 * inside.sum()


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((1, 0, 0, 1), "left, bottom, right, top"),
        ((0, 0, np.nan, 1), "left, bottom, right, top"),
        ((0, 0, 1, 1), "do not touch the scene"),
    ],
)
def test_window_of_bounds_refuses_bounds_that_hold_nothing(bounds, message):
    with pytest.raises(SceneError, match=message):
        window_of_bounds(TURNED, bounds)


def test_window_of_bounds_needs_a_place():
    bare = Grid(None, Affine.identity(), 4, 5)
    with pytest.raises(SceneError, match="no place on a map"):
        window_of_bounds(bare, (0, 0, 2, 2))
    local = Grid(None, Affine(2, 0, 0, 0, -2, 0), 4, 5)
    with pytest.raises(SceneError, match="no place on a map"):
        window_of_bounds(local, (0, -4, 4, 0), "EPSG:4326")
    assert window_of_bounds(local, (0, -4, 4, 0)) == Window(0, 0, 2, 2)


def test_inside_bounds_is_a_part_of_the_whole(ground, open_ground):
    scene = open_ground(ground)
    part = inside_bounds(scene, (500090, 4099700, 500300, 4099940))
    assert np.array_equal(part.read(), scene.read()[:, 2:10, 3:10])
    assert part.grid.transform.c == 500090
