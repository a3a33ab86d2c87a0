import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from scenes.array_pixels import ArrayPixels
from scenes.errors import SceneError, SceneFileError
from scenes.export.cog import CogWriter
from scenes.export.geotiff import GeoTiffWriter
from scenes.export.orthorectify import OrthoWriter, orthorectify, orthorectify_file
from scenes.grid import Grid
from scenes.lookup import Lookup

TURNED = Affine.translation(5e5, 4e6) @ Affine.rotation(20) @ Affine.scale(30, -30)
NAMES = ["sand", "water"]


def turned_table(scene_shape, shape, degrees=30, seed=0):
    """A line of flight turned on its map, with filled gaps and an empty rim."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape) - np.array(shape)[:, None, None] / 2
    angle = np.deg2rad(degrees)
    lines = np.rint(np.cos(angle) * rows + np.sin(angle) * columns + scene_shape[0] / 2)
    samples = np.rint(np.cos(angle) * columns - np.sin(angle) * rows + scene_shape[1] / 2)
    outside = (lines < 1) | (lines > scene_shape[0]) | (samples < 1) | (samples > scene_shape[1])
    sign = np.where(rng.random(shape) < 0.2, -1, 1)
    return np.where(outside, 0, np.array([samples, lines]) * sign).astype(np.int32)


def lookup_of(table, scene_shape):
    grid = Grid(CRS.from_epsg(32611), TURNED, *table.shape[1:])
    return Lookup(ArrayPixels(table), grid, scene_shape)


def slow_way(maps, table, nodata=-9999.0):
    """Pixel by pixel, as the definition of a GLT says."""
    result = np.full((len(maps), *table.shape[1:]), nodata)
    for row, column in np.ndindex(table.shape[1:]):
        sample, line = abs(table[:, row, column])
        if sample and line:
            result[:, row, column] = maps[:, line - 1, sample - 1]
    return np.where(np.isfinite(result), result, nodata)


def written(path, maps, lookup, **options):
    with CogWriter(path, lookup.grid, NAMES) as writer:
        orthorectify(maps, lookup, writer, **options)
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.mark.parametrize("max_numbers", [1, 7, 200, 10**6])
def test_orthorectify_is_the_slow_way_in_any_memory(tmp_path, max_numbers):
    table = turned_table((20, 15), (30, 33))
    maps = np.random.default_rng(1).random((2, 20, 15)).astype(np.float32)
    maps[0, 3, 4] = np.nan
    found = written(tmp_path / "m.tif", maps, lookup_of(table, (20, 15)), max_numbers=max_numbers)
    assert np.array_equal(found, slow_way(maps, table).astype(np.float32))


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_orthorectify_of_a_scattered_table_is_the_slow_way(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    shape, scene_shape = tuple(rng.integers(1, 12, 2)), tuple(rng.integers(1, 9, 2))
    table = np.array([rng.integers(-size, size + 1, shape) for size in scene_shape[::-1]])
    maps = rng.random((2, *scene_shape)).astype(np.float32)
    path = tmp_path_factory.mktemp("maps") / "m.tif"
    found = written(path, maps, lookup_of(table, scene_shape), max_numbers=int(rng.integers(1, 60)))
    assert np.array_equal(found, slow_way(maps, table).astype(np.float32))


def test_orthorectify_of_more_than_one_piece_is_the_fancy_index(tmp_path):
    table = turned_table((300, 280), (300, 600))
    maps = np.random.default_rng(1).random((2, 300, 280)).astype(np.float32)
    found = written(tmp_path / "m.tif", maps, lookup_of(table, (300, 280)), max_numbers=50_000)
    samples, lines = np.abs(table)
    expected = np.where(lines > 0, maps[:, lines - 1, samples - 1], np.float32(-9999))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("max_numbers", [2, 50, 400])
def test_orthorectify_never_holds_more_numbers_than_allowed(tmp_path, monkeypatch, max_numbers):
    sizes = []
    plain = ArrayPixels.read

    def counting(self, row, column, height, width, bands):
        found = plain(self, row, column, height, width, bands)
        if found.dtype == np.float32:  # the maps, not the table
            sizes.append(found.size)
        return found

    monkeypatch.setattr(ArrayPixels, "read", counting)
    table = turned_table((20, 15), (30, 33))
    maps = np.zeros((2, 20, 15), np.float32)
    written(tmp_path / "m.tif", maps, lookup_of(table, (20, 15)), max_numbers=max_numbers)
    assert 0 < max(sizes) <= max_numbers


def sensor_file(path, maps, **fields):
    grid = Grid(None, Affine.identity(), *maps.shape[1:])
    with GeoTiffWriter(path, grid, NAMES[: len(maps)], **fields) as writer:
        writer.write(0, 0, maps)
    return path


def test_orthorectify_reads_a_file_as_it_reads_the_array(tmp_path):
    table = turned_table((20, 15), (30, 33))
    lookup = lookup_of(table, (20, 15))
    maps = np.random.default_rng(1).random((2, 20, 15)).astype(np.float32)
    maps[1, :5] = np.nan
    source = sensor_file(tmp_path / "s.tif", maps, nodata=-1.0)
    found = written(tmp_path / "m.tif", source, lookup)
    assert np.array_equal(found, slow_way(maps, table).astype(np.float32))


def test_orthorectified_file_keeps_every_label_and_has_the_map(tmp_path):
    table = turned_table((20, 15), (30, 33))
    lookup = lookup_of(table, (20, 15))
    maps = np.random.default_rng(1).random((2, 20, 15)).astype(np.float32)
    source = sensor_file(
        tmp_path / "s.tif", maps, units=["fraction", "m"], nodata=-9999.0,
        tags={"run": json.dumps({"seed": 3})}, software="unmix 1",
    )  # fmt: skip
    orthorectify_file(source, tmp_path / "m.tif", lookup)
    with rasterio.open(tmp_path / "m.tif") as dataset:
        assert dataset.descriptions == ("sand", "water")
        assert dataset.units == ("fraction", "m")
        assert dataset.nodata == -9999.0
        assert json.loads(dataset.tags(ns="UNMIX")["run"]) == {"seed": 3}
        assert dataset.tags()["TIFFTAG_SOFTWARE"] == "unmix 1"
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.crs == lookup.grid.crs
        assert dataset.transform.almost_equals(TURNED)
        assert np.array_equal(dataset.read(), slow_way(maps, table).astype(np.float32))


def test_orthorectified_classes_keep_their_type_and_colours(tmp_path):
    table = turned_table((20, 15), (30, 33))
    classes = np.random.default_rng(1).integers(0, 3, (1, 20, 15)).astype(np.uint8)
    colours = {0: (255, 0, 0, 255), 1: (0, 255, 0, 255), 2: (0, 0, 255, 255)}
    source = tmp_path / "s.tif"
    grid = Grid(None, Affine.identity(), 20, 15)
    with CogWriter(
        source, grid, ["class"], units="", dtype="uint8", nodata=255, overviews="mode",
        colormap=colours,
    ) as writer:  # fmt: skip
        writer.write(0, 0, classes)
    orthorectify_file(source, tmp_path / "m.tif", lookup_of(table, (20, 15)))
    with rasterio.open(tmp_path / "m.tif") as dataset:
        assert dataset.dtypes == ("uint8",)
        assert dataset.colorinterp == (ColorInterp.palette,)
        assert {key: dataset.colormap(1)[key] for key in colours} == colours
        assert np.array_equal(dataset.read(), slow_way(classes, table, 255))


def test_ortho_writer_takes_blocks_like_any_writer(tmp_path):
    table = turned_table((20, 15), (30, 33))
    lookup = lookup_of(table, (20, 15))
    maps = np.random.default_rng(1).random((2, 20, 15)).astype(np.float32)
    with OrthoWriter(CogWriter(tmp_path / "m.tif", lookup.grid, NAMES), lookup) as writer:
        for row in range(0, 15, 5):  # the last five rows stay nodata
            writer.write(row, 0, maps[:, row : row + 5])
    maps[:, 15:] = np.nan
    assert [path.name for path in tmp_path.iterdir()] == ["m.tif"]
    with rasterio.open(tmp_path / "m.tif") as dataset:
        assert dataset.descriptions == ("sand", "water")
        assert np.array_equal(dataset.read(), slow_way(maps, table).astype(np.float32))


def test_ortho_writer_that_fails_leaves_nothing(tmp_path):
    lookup = lookup_of(turned_table((20, 15), (30, 33)), (20, 15))
    with (
        pytest.raises(KeyError),
        OrthoWriter(CogWriter(tmp_path / "m.tif", lookup.grid, NAMES), lookup) as writer,
    ):
        writer.write(0, 0, np.zeros((2, 5, 15)))
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_orthorectify_with_a_foreign_table_leaves_nothing(tmp_path):
    lookup = lookup_of(turned_table((20, 15), (30, 33)), (9, 9))
    with pytest.raises(SceneError, match="belongs to another scene"):
        written(tmp_path / "m.tif", np.zeros((2, 9, 9)), lookup)
    assert list(tmp_path.iterdir()) == []


def test_orthorectify_refuses_what_does_not_fit(tmp_path):
    lookup = lookup_of(turned_table((20, 15), (30, 33)), (20, 15))
    with pytest.raises(SceneError, match=r"maps are \(2, 15, 20\).*\(2, 20, 15\) were expected"):
        written(tmp_path / "m.tif", np.zeros((2, 15, 20)), lookup)
    other = Grid(lookup.grid.crs, Affine.identity(), *lookup.grid.shape)
    with CogWriter(tmp_path / "x.tif", other, NAMES) as writer:
        with pytest.raises(SceneError, match=r"Open it on `lookup\.grid`"):
            orthorectify(np.zeros((2, 20, 15)), lookup, writer)
    with pytest.raises(SceneFileError, match=r"absent\.tif cannot be opened"):
        written(tmp_path / "m.tif", tmp_path / "absent.tif", lookup)
