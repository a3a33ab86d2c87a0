"""No raster of a bundle leaves the scene's grid, CRS or mask: made-up scenes and real ones.

Scenes in the geometry of their sensor are in `tests/unmix/test_sensor_geometry.py`.
"""

import json
import warnings

import pytest
import rasterio

from scenes import open_scene
from scenes.errors import SceneWarning
from scenes.preparation import Preparation
from unmix import FitSettings, Unmixer, unmix_scene
from unmix.errors import UnmixWarning
from unmix.save_options import SaveOptions

CUBES = {"residuals": True, "reconstruction": True}
BEYOND_ENVI = ("sheared", "upwards")
N_RASTERS = 8
"""Abundances, uncertainty, quality, dominant, composite, quicklook, residuals, reconstruction."""
REAL = {
    "samson/samson_1.img": "EPSG:32610",
    "jasper_ridge/jasper_ridge.bil": None,
    "salton_sea_rotated/salton_sea_rot34_bil_be_int16.bil": "EPSG:32611",
    "berlin/EnMAP02_Berlin_Urban_Gradient_2009.bsq": "EPSG:32633",
    "emit_crop/emit20250324t221005_jpl_unmix_ex": None,
    "enmap_potsdam/enmap_potsdam_tile_128_128.tif": "EPSG:32633",
}
"""Real scenes and the systems that their files name; two have no place on the ground."""
pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.usefixtures("no_figures"),
]


def assert_in_place(out, crs, transform, valid, n_endmembers, envi):
    """Every raster of a folder lies where the scene does, pixel by pixel and mask by mask.

    A valid pixel that no mixture of the endmembers comes near, such as a dark one of negative
    numbers, has no abundances; the record counts them.
    """
    scores = json.loads((out / "run.json").read_text())["scores"]
    n_unread = scores["valid_pixels"] - scores["mapped_pixels"]
    assert scores["valid_pixels"] == valid.sum()
    rasters = [path for path in out.rglob("*") if path.suffix in (".tif", ".img")]
    assert len(rasters) == N_RASTERS + n_endmembers + envi * (N_RASTERS - 2)  # but the pictures
    for path in rasters:
        place = path.relative_to(out)
        with rasterio.open(path) as dataset:
            assert dataset.shape == valid.shape, place
            if path.suffix == ".tif":
                assert (dataset.crs, dataset.transform) == (crs, transform), place
            elif path.stem != "dominant":  # which is no scene to open
                grid = open_scene(path).grid  # of ENVI headers GDAL makes systems of its own
                assert grid.crs == crs, place
                assert grid.transform.almost_equals(transform, 1e-9 * grid.pixel_size[0]), place
            for band in dataset.indexes:
                found = dataset.read_masks(band) > 0
                assert not (found & ~valid).any(), f"{place}, {band}"
                assert (valid & ~found).sum() in (0, n_unread), f"{place}, {band}"


def test_no_raster_leaves_the_grid_or_the_mask(unmixing_on, grids, tmp_path, any_grid):
    run, grid = unmixing_on(any_grid), grids[any_grid]
    envi = any_grid not in BEYOND_ENVI
    options = SaveOptions(split=True, map_format="envi" if envi else "cog", **CUBES)
    out = run.save(tmp_path / "out", options=options)
    with rasterio.open(run.scene.path) as dataset:
        valid = (dataset.read() != -9999).all(axis=0)  # as the file itself says
    assert 0 < valid.sum() < valid.size
    assert_in_place(out, grid.crs, grid.transform, valid, 3, envi)


@pytest.mark.parametrize("name", REAL)
def test_no_raster_of_a_real_scene_leaves_its_grid_or_its_mask(shared_data, tmp_path, name):
    path = shared_data / "scenes" / name
    with warnings.catch_warnings():
        for category in (SceneWarning, UnmixWarning):
            warnings.simplefilter("ignore", category)
        scene = Preparation().apply(open_scene(path))
        quick = FitSettings(n_points=100, n_starts=2, n_steps=30)
        result = unmix_scene(scene, Unmixer(2, settings=quick, n_refits=0))
        out = result.save(tmp_path / "out", options=SaveOptions(split=True, **CUBES))
    with rasterio.open(path) as dataset:  # a second reader of the place
        transform = dataset.transform
    crs = None if REAL[name] is None else rasterio.crs.CRS.from_string(REAL[name])
    assert_in_place(out, crs, transform, scene.valid_mask(), 2, False)
