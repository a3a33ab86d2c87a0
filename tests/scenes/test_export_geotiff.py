"""GeoTiffWriter: spectral cubes whose wavelengths, scale and nodata every reader finds."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from scenes import Bands, Grid, SceneError, SceneFileError, open_scene
from scenes.export import GeoTiffWriter
from scenes.export.tiff_tiles import require_tiles

ROTATED = Grid(CRS.from_epsg(32611), Affine(26, 15, 500000, 15, -26, 4100000), 150, 140)
BANDS = Bands(
    np.array([381.0056, 450.3712, 1400.0, 2480.123456]),
    np.array([8.415, 5.59, 1 / 3, 10.0]),
    np.array([True, True, False, True]),
)
NAMES = ["blue", "green", "water vapour", "clay"]


def cube(dtype="int16"):
    return np.random.default_rng(0).integers(0, 10000, (4, *ROTATED.shape)).astype(dtype)


@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_geotiff_writer_file_has_the_numbers(tmp_path, interleave, dtype):
    path = tmp_path / "cube.tif"
    numbers = cube() % 200
    with GeoTiffWriter(path, ROTATED, NAMES, dtype=dtype, interleave=interleave) as writer:
        for row in range(0, 150, 50):
            writer.write(row, 0, numbers[:, row : row + 50])
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), numbers)
        assert dataset.dtypes == (dtype,) * 4
        assert dataset.block_shapes[0] == GeoTiffWriter.tile_shape
        assert dataset.interleaving.value == interleave.upper()
        assert (dataset.crs, dataset.transform) == (ROTATED.crs, ROTATED.transform)
        assert dataset.descriptions == tuple(NAMES)
        assert set(dataset.units) == {"reflectance"}
        assert set(dataset.colorinterp) <= {ColorInterp.gray, ColorInterp.undefined}
    assert [file.name for file in tmp_path.iterdir()] == ["cube.tif"]


def test_geotiff_writer_scene_opens_with_grid_bands_scale_and_nodata(tmp_path):
    path = tmp_path / "cube.tif"
    reflectance = cube() / 10000
    reflectance[:, 3, 4] = np.nan
    options = {"dtype": "int16", "nodata": -9999, "scale": 10000, "wavelengths": BANDS}
    with GeoTiffWriter(path, ROTATED, NAMES, **options) as writer:
        writer.write(0, 0, reflectance * 10000)
    scene = open_scene(path)
    assert scene.grid == ROTATED
    assert np.array_equal(scene.bands.wavelengths_nm, BANDS.wavelengths_nm)
    assert np.array_equal(scene.bands.fwhm_nm, BANDS.fwhm_nm)
    assert np.array_equal(scene.bands.good, BANDS.good)
    assert np.array_equal(scene.valid_mask(), ~np.isnan(reflectance[0]))
    found = scene.read(Window(0, 0, 140, 150))
    assert np.allclose(found, reflectance[BANDS.good], atol=1e-7, equal_nan=True)


def test_geotiff_writer_wavelengths_and_tags_stand_where_readers_look(tmp_path):
    path = tmp_path / "cube.tif"
    options = {"wavelengths": BANDS, "tags": {"seed": 1}, "namespace": "SIMULATION"}
    with GeoTiffWriter(path, ROTATED, NAMES, scale=2.5, software="unmix 9", **options) as writer:
        writer.write(0, 0, cube())
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns="SIMULATION") == {"seed": "1"}
        assert dataset.tags()["TIFFTAG_SOFTWARE"] == "unmix 9"
        assert dataset.scales == (0.4,) * 4
        own, imagery = dataset.tags(3), dataset.tags(3, ns="IMAGERY")
    assert own == {
        "wavelength": "1400.0",
        "wavelength_units": "Nanometers",
        "fwhm": repr(1 / 3),
        "bbl": "0",
    }
    assert float(imagery["CENTRAL_WAVELENGTH_UM"]) == 1.4
    assert float(imagery["FWHM_UM"]) * 3000 == pytest.approx(1, rel=1e-14)


@settings(max_examples=10, deadline=None)
@given(st.integers(20, 150), st.integers(20, 140), st.randoms())
def test_geotiff_writer_blocks_in_any_order_make_the_same_pixels(
    tmp_path_factory, n_rows, n_columns, random
):
    path = tmp_path_factory.mktemp("blocks") / "cube.tif"
    corners = [(r, c) for r in range(0, 150, n_rows) for c in range(0, 140, n_columns)]
    random.shuffle(corners)
    with GeoTiffWriter(path, ROTATED, NAMES, dtype="int16") as writer:
        for row, column in corners:
            writer.write(row, column, cube()[:, row : row + n_rows, column : column + n_columns])
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), cube())


@pytest.mark.parametrize("nodata", [-9999, np.nan])
def test_geotiff_writer_pixels_never_written_are_nodata(tmp_path, nodata):
    path = tmp_path / "cube.tif"
    with GeoTiffWriter(path, ROTATED, NAMES, nodata=nodata) as writer:
        writer.write(10, 20, cube()[:, 10:20, 20:30])
    expected = np.full((4, *ROTATED.shape), nodata)
    expected[:, 10:20, 20:30] = cube()[:, 10:20, 20:30]
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), expected, equal_nan=True)


def test_geotiff_writer_without_nodata_wants_every_pixel(tmp_path):
    with pytest.raises(SceneError, match="150 x 1 px from row 0, column 139 on were never given"):
        with GeoTiffWriter(tmp_path / "cube.tif", ROTATED, NAMES) as writer:
            writer.write(0, 0, cube()[:, :, :139])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_geotiff_writer_broken_off_leaves_nothing(tmp_path, error):
    with pytest.raises(error), GeoTiffWriter(tmp_path / "a.tif", ROTATED, NAMES) as writer:
        writer.write(0, 0, cube())
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [({"interleave": "bil"}, "pixel or band"), ({"scale": -1}, "`scale` must be positive")],
)
def test_geotiff_writer_refuses_contradictions_before_writing(tmp_path, change, message):
    with pytest.raises(SceneError, match=message):
        GeoTiffWriter(tmp_path / "a.tif", ROTATED, NAMES, **change)
    assert list(tmp_path.iterdir()) == []


def test_require_tiles_misses_a_tile_that_was_never_written(tmp_path):
    path = tmp_path / "sparse.tif"
    options = {"crs": ROTATED.crs, "transform": ROTATED.transform, "sparse_ok": True}
    size = {"height": 64, "width": 64, "count": 1, "dtype": "uint8"}
    tiles = {"tiled": True, "blockxsize": 32, "blockysize": 32}
    with rasterio.open(path, "w", driver="GTiff", **size, **tiles, **options) as dataset:
        dataset.write(np.ones((1, 32, 64), np.uint8), window=Window(0, 0, 64, 32))
    with pytest.raises(OSError, match="tile 0, 1 of band 1 is not in the file"):
        require_tiles(path)


def test_geotiff_writer_notices_a_tile_that_was_cut_short(tmp_path, monkeypatch):
    writer = GeoTiffWriter(tmp_path / "a.tif", ROTATED, NAMES)

    def spoil(path):
        require_tiles(path)
        content = bytearray(path.read_bytes())
        content[-3000:] = bytes(3000)
        path.write_bytes(content)

    monkeypatch.setattr("scenes.export.tiff_writer.require_tiles", spoil)
    with pytest.raises(SceneFileError, match="GDAL stopped, most often because the disk is full"):
        with writer:
            writer.write(0, 0, cube())
    assert list(tmp_path.iterdir()) == []
