import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform
from rasterio.windows import Window

from scenes import Bands, Grid, Lookup, Scene
from scenes.array_pixels import ArrayPixels
from scenes.places import Places

UTM = CRS.from_epsg(32611)
SHAPE = (6, 8)
TURNED = Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20)
GRID = Grid(UTM, TURNED, *SHAPE)
ROWS, COLUMNS = np.array([0, 5, 2]), np.array([7, 0, 3])


def scene_on(grid, lookup=None):
    cube = np.ones((1, *grid.shape), np.float32)
    bands = Bands(None, None, np.ones(1, np.bool_))
    return Scene(reader=ArrayPixels(cube), grid=grid, bands=bands, name="a", lookup=lookup)


def test_places_are_the_centres_of_pixels_also_of_a_rotated_grid():
    places = Places.of_pixels(scene_on(GRID), ROWS, COLUMNS)
    for k in range(3):
        assert (places.x[k], places.y[k]) == pytest.approx(
            TURNED @ (COLUMNS[k] + 0.5, ROWS[k] + 0.5)
        )
    degrees = transform(UTM, "EPSG:4326", places.x.tolist(), places.y.tolist())
    np.testing.assert_allclose([places.longitude, places.latitude], degrees)
    assert -118 < places.longitude[0] < -116 and 36 < places.latitude[0] < 37


def test_a_scene_without_crs_has_no_degrees():
    places = Places.of_pixels(scene_on(Grid(None, TURNED, *SHAPE)), ROWS, COLUMNS)
    assert np.isfinite(places.x).all() and np.isnan(places.longitude).all()


def test_degrees_stay_as_they_are():
    grid = Grid(CRS.from_epsg(4326), Affine(0.1, 0, 10, 0, -0.1, 50), *SHAPE)
    places = Places.of_pixels(scene_on(grid), ROWS, COLUMNS)
    np.testing.assert_allclose(places.longitude, 10 + 0.1 * (COLUMNS + 0.5))
    np.testing.assert_allclose(places.latitude, 50 - 0.1 * (ROWS + 0.5))


@pytest.mark.parametrize("piece", [(512, 2048), (2, 3)])
def test_pixels_in_sensor_geometry_lie_where_the_table_shows_them(piece, monkeypatch):
    """Pixel (0, 7) is shown twice, (5, 0) not at all, (2, 3) once."""
    monkeypatch.setattr("scenes.places._MAP_SHAPE", piece)
    table = np.zeros((2, *SHAPE), np.int32)
    table[:, 1, 2] = table[:, 1, 4] = (8, 1)  # sample and line, counted from 1
    table[:, 4, 6] = (-4, 3)
    scene = scene_on(Grid(None, Affine.identity(), *SHAPE), Lookup(ArrayPixels(table), GRID, SHAPE))
    places = Places.of_pixels(scene, ROWS, COLUMNS)
    assert (places.x[0], places.y[0]) == pytest.approx(TURNED @ (3.5, 1.5))
    assert np.isnan([places.x[1], places.y[1], places.longitude[1], places.latitude[1]]).all()
    assert (places.x[2], places.y[2]) == pytest.approx(TURNED @ (6.5, 4.5))
    assert places.crs == UTM and np.isfinite(places.latitude[[0, 2]]).all()


def test_a_part_of_a_scene_lies_where_the_whole_does():
    whole, window = scene_on(GRID), Window(2, 1, 4, 3)
    part = scene_on(GRID.part(window))
    there = Places.of_pixels(whole, np.array([2]), np.array([5]))
    here = Places.of_pixels(part, np.array([1]), np.array([3]))
    np.testing.assert_allclose([here.x, here.y], [there.x, there.y])
