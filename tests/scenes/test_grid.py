import math
import pickle

import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError
from scenes.grid import Grid

UTM = CRS.from_epsg(32611)


def test_grid_keeps_the_whole_affine_and_survives_a_pickle():
    turned = Affine.translation(5e5, 4e6) @ Affine.rotation(34) @ Affine.scale(17, -9)
    grid = Grid(UTM, turned, 51, 56)
    again = pickle.loads(pickle.dumps(grid))
    assert again == grid
    assert again.transform == turned
    assert grid.shape == (51, 56)


def test_grid_pixel_size_ignores_the_rotation():
    turned = Affine.rotation(34) @ Affine.scale(17, -9)
    assert Grid(UTM, turned, 2, 2).pixel_size == pytest.approx((17, 9))


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        (None, Affine.identity(), False),
        (UTM, Affine.identity(), True),
        (None, Affine(30, 0, 0, 0, -30, 0), True),
    ],
)
def test_grid_is_georeferenced_by_a_crs_or_a_transform(crs, transform, expected):
    assert Grid(crs, transform, 1, 1).is_georeferenced is expected


@pytest.mark.parametrize(("height", "width"), [(0, 3), (3, 0), (-1, 3)])
def test_grid_without_pixels_is_refused_with_its_numbers(height, width):
    with pytest.raises(SceneError, match=f"height {height} and width {width}"):
        Grid(None, Affine.identity(), height, width)


@pytest.mark.parametrize("size", [0.0, math.nan, math.inf])
def test_grid_with_an_impossible_pixel_size_is_refused(size):
    with pytest.raises(SceneError, match="pixel sizes must be finite"):
        Grid(None, Affine(size, 0, 0, 0, -30, 0), 2, 2)


def test_grid_repr_names_size_crs_and_rotation():
    assert repr(Grid(None, Affine.identity(), 2, 3)) == "Grid(2 x 3 px, no CRS)"
    turned = Affine.rotation(10) @ Affine.scale(4, -4)
    assert repr(Grid(UTM, turned, 2, 3)) == "Grid(2 x 3 px of 4 x 4, rotated, EPSG:32611)"


def test_grid_names_a_crs_without_a_code_by_its_own_name():
    crs = CRS.from_wkt(UTM.to_wkt().replace("zone 11N", "of my own").replace("-117", "-116.5"))
    name = Grid(crs, Affine.identity(), 1, 1).crs_name
    assert "of my own" in name
