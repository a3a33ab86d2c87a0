"""Rasters made from a finished one."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes import Grid, SceneFileError
from scenes.export import CogWriter, EnviWriter
from scenes.export.derived import derive, statistics

GRID = Grid(CRS.from_epsg(32611), Affine(26, 15, 5e5, 15, -26, 4.1e6), 530, 515)


@pytest.fixture
def source(tmp_path):
    values = np.random.default_rng(0).random((2, *GRID.shape), np.float32)
    values[:, 3, 500:] = np.nan
    with CogWriter(tmp_path / "source.tif", GRID, ["a", "b"]) as writer:
        writer.write(0, 0, values)
    return tmp_path / "source.tif", values


def test_derive_gives_every_pixel_once_and_nan_where_there_is_no_value(source, tmp_path):
    path, values = source
    total = CogWriter(tmp_path / "sum.tif", GRID, ["a + b"])
    copy = EnviWriter(tmp_path / "copy.img", GRID, None, 2, nodata=-9999)
    with total, copy:
        derive(path, [(total, lambda block: block.sum(axis=0)[None]), (copy, np.asarray)])
    expected = np.where(np.isnan(values[0]), -9999, values.sum(axis=0))
    with rasterio.open(tmp_path / "sum.tif") as dataset:
        assert np.array_equal(dataset.read(1), expected)
        assert dataset.transform == GRID.transform
    with rasterio.open(tmp_path / "copy.img") as dataset:
        assert np.array_equal(dataset.read(), np.where(np.isnan(values), -9999, values))


def test_derive_from_no_raster_says_so(tmp_path):
    (tmp_path / "text.tif").write_text("no image")
    with pytest.raises(SceneFileError, match=r"text\.tif cannot be opened"):
        derive(tmp_path / "text.tif", [])


def test_statistics_are_those_of_the_values(source):
    path, values = source
    found = statistics(path, band=2)
    known = values[1][np.isfinite(values[1])].astype(float)
    assert found["mean"] == pytest.approx(known.mean())
    assert found["stddev"] == pytest.approx(known.std())
    assert (found["minimum"], found["maximum"]) == pytest.approx((known.min(), known.max()))
