"""A scene in the geometry of its sensor goes in, maps on the ground come out."""

import json

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from rasterio.crs import CRS

from scenes import open_scene
from unmix import Unmixer, unmix_scene
from unmix.cli import main
from unmix.save_options import SaveOptions

SCENE, MAP = (40, 36), (60, 63)
GEOTRANSFORM = [-110.5, 0.00054, 0.0, 35.25, 0.0, -0.00054]


def turned_table():
    """Samples and lines of a strip that flew north-east; a tenth of them fill gaps."""
    rows, columns = np.indices(MAP) - np.array(MAP)[:, None, None] / 2
    lines = np.rint(0.87 * rows + 0.5 * columns + SCENE[0] / 2)
    samples = np.rint(0.87 * columns - 0.5 * rows + SCENE[1] / 2)
    outside = (lines < 1) | (lines > SCENE[0]) | (samples < 1) | (samples > SCENE[1])
    sign = np.where(np.random.default_rng(1).random(MAP) < 0.1, -1, 1)
    return np.where(outside, 0, np.array([samples, lines]) * sign).astype(np.int32)


@pytest.fixture(scope="module")
def emit(tmp_path_factory):
    """Three materials as an EMIT file, of which the first two lines are missing."""
    rng = np.random.default_rng(0)
    nm = np.linspace(400, 2400, 40)
    bumps = ((600, 200), (1200, 300), (2100, 250))
    materials = np.stack([0.2 + 0.3 * np.exp(-(((nm - at) / wide) ** 2)) for at, wide in bumps])
    fractions = rng.dirichlet(np.full(3, 0.4), SCENE)
    cube = (fractions @ materials + rng.normal(0, 0.002, (*SCENE, 40))).astype(np.float32)
    cube[:2] = -9999
    path = tmp_path_factory.mktemp("emit") / "EMIT_L2A_RFL_001.nc"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("reflectance", data=cube, chunks=(16, 16, 20))
        data.attrs["_FillValue"] = np.array([-9999], np.float32)
        file["sensor_band_parameters/wavelengths"] = nm
        file["sensor_band_parameters/fwhm"] = np.full(40, 50.0)
        file["sensor_band_parameters/good_wavelengths"] = np.ones(40, np.uint8)
        file["location/glt_x"], file["location/glt_y"] = turned_table()
        file.attrs["geotransform"] = GEOTRANSFORM
        file.attrs["spatial_ref"] = CRS.from_epsg(4326).to_wkt()
    return path


@pytest.fixture(scope="module")
def out(emit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("result") / "out"
    options = ["run", str(emit), "-o", str(folder), "-n", "3", "--seed", "0"]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.mark.parametrize("kind", ["abundances", "uncertainty", "quality"])
def test_run_in_sensor_geometry_gives_maps_on_the_ground(emit, out, kind):
    result = unmix_scene(open_scene(emit), Unmixer.load(out / "model"))
    maps = getattr(result, kind)()
    samples, lines = np.abs(turned_table())
    expected = np.where(lines > 0, maps[:, lines - 1, samples - 1], np.nan)
    with rasterio.open(out / f"{kind}.tif") as dataset:
        assert dataset.crs == CRS.from_epsg(4326)
        assert dataset.transform.almost_equals(Affine.from_gdal(*GEOTRANSFORM))
        assert dataset.shape == MAP
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert json.loads(dataset.tags(ns="UNMIX")["run"])["input"]["name"] == emit.stem
        found = dataset.read()
    assert np.array_equal(found, np.where(np.isfinite(expected), expected, np.float32(-9999)))


def test_run_in_sensor_geometry_names_its_bands_and_leaves_nothing_behind(out):
    with rasterio.open(out / "abundances.tif") as dataset:
        names = json.loads(dataset.tags(ns="UNMIX")["run"])["model"]["endmember_names"]
        assert list(dataset.descriptions) == names
        assert dataset.units == ("fraction",) * 3
    assert (out / "preview.png").stat().st_size > 10_000
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_everything_made_in_sensor_geometry_lies_on_the_same_ground(emit, out, tmp_path):
    options = SaveOptions(split=True, map_format="envi", residuals=True)
    result = unmix_scene(open_scene(emit), Unmixer.load(out / "model"))
    folder = result.save(tmp_path / "out", options=options)
    lines = np.abs(turned_table())[1]
    rasters = [*folder.rglob("*.tif"), *folder.rglob("*.img")]
    assert len(rasters) == 7 + 3 + 5
    for path in rasters:
        with rasterio.open(path) as dataset:
            assert dataset.crs.is_geographic
            assert dataset.transform.almost_equals(Affine.from_gdal(*GEOTRANSFORM), 1e-12)
            assert dataset.shape == MAP
            assert not (dataset.read_masks(1) > 0)[lines == 0].any(), path.name
    with (
        rasterio.open(folder / "residuals.tif") as cube,
        rasterio.open(folder / "quality.tif") as q,
    ):
        residuals, rmse = cube.read(masked=True), q.read(1, masked=True)
    found = np.sqrt(np.square(residuals.astype(float)).mean(axis=0))
    assert np.ma.allclose(found, rmse, atol=2e-6)
