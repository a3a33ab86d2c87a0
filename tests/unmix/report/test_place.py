import math

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes import Grid
from unmix.report.place import degrees_text, lonlat, north_of_up, outline_drawing

LONLAT = CRS.from_epsg(4326)


@pytest.mark.parametrize("turn", [-170.0, -90.0, -20.0, 0.0, 35.0, 90.0, 135.0])
def test_north_is_where_the_transform_turns_it(turn):
    """A grid turned counter-clockwise on the map has north turned clockwise in its picture."""
    transform = (
        Affine.translation(500_000, 4_000_000) @ Affine.rotation(turn) @ Affine.scale(30, -30)
    )
    grid = Grid(CRS.from_epsg(32611), transform, 100, 120)
    assert north_of_up(grid) == pytest.approx(turn, abs=0.1)


def test_place_is_the_inverse_of_the_transform():
    grid = Grid(LONLAT, Affine(0.1, 0.02, 10, 0.01, -0.1, 50), 20, 30)
    columns, rows = np.array([0.0, 3.5, 30.0]), np.array([0.0, 7.25, 20.0])
    east, north = lonlat(grid, columns, rows)
    for k in range(3):
        assert (east[k], north[k]) == pytest.approx(grid.transform @ (columns[k], rows[k]))


def test_outline_keeps_the_shape_that_it_has_on_the_ground():
    grid = Grid(LONLAT, Affine(0.01, 0, 10, 0, -0.01, 60), 100, 100)
    drawing = outline_drawing(grid)
    x, y = np.array([point.split(",") for point in drawing.points.split()], dtype=float).T
    assert np.ptp(x) / np.ptp(y) == pytest.approx(math.cos(math.radians(59.5)), rel=0.01)
    assert drawing.summary == "59.0000° N to 60.0000° N, 10.0000° E to 11.0000° E"
    assert all(0 < at < drawing.width for at, _ in drawing.meridians)
    assert all(0 < at < drawing.height for at, _ in drawing.parallels)
    assert len(drawing.meridians) >= 2


def test_outline_across_the_antimeridian_is_one_piece():
    grid = Grid(LONLAT, Affine(0.01, 0, 179.5, 0, -0.01, 10), 100, 100)
    drawing = outline_drawing(grid)
    assert drawing.summary.endswith("179.5000° E to 179.5000° W")
    assert drawing.width < 400


def test_no_place_is_known_without_a_crs():
    grid = Grid(None, Affine.identity(), 10, 10)
    assert outline_drawing(grid) is None
    assert north_of_up(grid) is None


@pytest.mark.parametrize(("value", "text"), [(181.0, "179.0° W"), (-180.5, "179.5° E")])
def test_degrees_stay_within_half_a_turn(value, text):
    assert degrees_text(value, "EW", 1) == text
