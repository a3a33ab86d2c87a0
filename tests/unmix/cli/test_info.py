import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes import Bands, Grid, Lookup, Scene
from scenes.array_pixels import ArrayPixels
from unmix.cli.info import describe


def scene_of(**options):
    cube = np.arange(24.0).reshape(3, 2, 4)
    bands = Bands(np.array([450.0, 550, 650]), None, np.ones(3, bool))
    grid = Grid(None, Affine.identity(), 2, 4)
    return Scene(reader=ArrayPixels(cube), grid=grid, bands=bands, name="made", **options)


def strict(described):
    """JSON as the standard has it: no NaN, no infinity."""
    return json.loads(json.dumps(described, allow_nan=False))


def test_info_names_unit_scale_and_nodata():
    scene = scene_of(unit="radiance in W", gain=[0.1, 0.2, 0.3], offset=-1, nodata=-9999)
    said = strict(describe(scene))
    assert (said["unit"], said["nodata"]) == ("radiance in W", -9999)
    assert (said["gain"], said["offset"]) == ([0.1, 0.3], [-1, -1])
    assert said["lookup"] is None


@pytest.mark.parametrize("nodata", [np.nan, np.inf])
def test_info_is_json_whatever_nodata_is(nodata):
    assert strict(describe(scene_of(nodata=nodata)))["nodata"] == str(nodata)


def test_info_names_the_map_of_a_scene_in_sensor_geometry():
    table = ArrayPixels(np.zeros((2, 5, 6), dtype=int))
    grid = Grid(CRS.from_epsg(32633), Affine(30, 0, 7, 0, -30, 8), 5, 6)
    said = strict(describe(scene_of(lookup=Lookup(table, grid, (2, 4)))))
    assert said["crs"] is None
    assert said["lookup"] == {
        "height": 5, "width": 6, "crs": "EPSG:32633", "transform": [30, 0, 7, 0, -30, 8],
    }  # fmt: skip
