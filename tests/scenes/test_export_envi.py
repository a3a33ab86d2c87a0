"""EnviWriter: what is written block by block is what every reader finds."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import rasterio
import spectral.io.envi
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from scenes import Bands, Grid, SceneError, SceneFileError, open_scene
from scenes.envi_header import read_header
from scenes.export import EnviWriter

SHAPE = (4, 12, 9)  # bands, rows, columns
UTM = CRS.from_epsg(32611)
NORTH_UP = Grid(UTM, Affine(30, 0, 500000, 0, -20, 4100000), 12, 9)
ROTATED = Grid(UTM, Affine(26, 15, 500000, 15, -26, 4100000), 12, 9)
BANDS = Bands(
    np.array([381.0056, 450.3712, 1400.0, 2480.123456]),
    np.array([8.415, 5.59, 1 / 3, 10.0]),
    np.array([True, True, False, True]),
    ("blue", "green", "water vapour", "clay"),
)
ORDERS = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}


def cube(dtype="float32"):
    return np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(dtype)


def windows(row_edges, column_edges):
    for top, bottom in pairwise(row_edges):
        for left, right in pairwise(column_edges):
            yield slice(top, bottom), slice(left, right)


def numbers(path, interleave, dtype):
    """The second way: the file as plain numbers, turned into a cube."""
    order = ORDERS[interleave]
    flat = np.fromfile(path, np.dtype(dtype).newbyteorder("<"))
    return flat.reshape([SHAPE[axis] for axis in order]).transpose(np.argsort(order))


@pytest.mark.parametrize("interleave", ORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_envi_writer_file_has_the_numbers_in_each_interleave(tmp_path, interleave, dtype):
    path = tmp_path / "cube.img"
    given_cube = cube() % 200
    with EnviWriter(path, NORTH_UP, None, 4, dtype=dtype, interleave=interleave) as writer:
        writer.write(0, 0, given_cube)
    assert np.array_equal(numbers(path, interleave, dtype), given_cube)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), given_cube)
        assert dataset.dtypes[0] == dtype
    assert np.array_equal(
        spectral.io.envi.open(f"{tmp_path}/cube.hdr").asarray()[:], given_cube.transpose(1, 2, 0)
    )


@settings(max_examples=30)
@given(
    st.sets(st.integers(1, 11)),
    st.sets(st.integers(1, 8)),
    st.sampled_from(sorted(ORDERS)),
    st.randoms(),
)
def test_envi_writer_blocks_in_any_order_make_the_same_file(
    tmp_path_factory, row_cuts, column_cuts, interleave, random
):
    path = tmp_path_factory.mktemp("blocks") / "cube.img"
    blocks = list(windows([0, *sorted(row_cuts), 12], [0, *sorted(column_cuts), 9]))
    random.shuffle(blocks)
    with EnviWriter(path, NORTH_UP, None, 4, interleave=interleave) as writer:
        for rows, columns in blocks:
            writer.write(rows.start, columns.start, cube()[:, rows, columns])
    assert np.array_equal(numbers(path, interleave, "float32"), cube())


@pytest.mark.parametrize("grid", [NORTH_UP, ROTATED, Grid(None, Affine.identity(), 12, 9)])
def test_envi_writer_scene_opens_with_grid_bands_scale_and_nodata(tmp_path, grid):
    path = tmp_path / "scene.bil"
    reflectance = cube() / 1000
    reflectance[:, 3, 4] = np.nan
    with EnviWriter(
        path, grid, BANDS, 4, dtype="int16", nodata=-9999, scale=10000,
        metadata={"sensor type": "EMIT", "acquisition time": "2024-01-01T00:00:00Z"},
    ) as writer:  # fmt: skip
        writer.write(0, 0, reflectance * 10000)
    scene = open_scene(path)
    assert scene.grid.crs == grid.crs
    assert scene.grid.transform.almost_equals(grid.transform, precision=1e-9)
    assert scene.bands == BANDS
    assert scene.metadata["sensor type"] == "EMIT"
    assert np.array_equal(scene.valid_mask(), ~np.isnan(reflectance[0]))
    found = scene.read(rasterio.windows.Window(0, 0, 9, 12))
    assert np.allclose(found, reflectance[BANDS.good], atol=5e-5, equal_nan=True)


def test_envi_writer_header_always_says_the_byte_order(tmp_path):
    with EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4, nodata=np.nan) as writer:
        writer.write(0, 0, cube())
    fields = read_header(tmp_path / "a.hdr")
    assert fields["byte order"] == "0"
    assert fields["data ignore value"] == "NaN"
    assert "wavelength" not in fields and "bbl" not in fields


def test_envi_writer_header_has_short_lines_and_all_digits(tmp_path):
    grid = Grid(None, Affine.identity(), 1, 1)
    wavelengths_nm = np.linspace(380, 2500, 2000) + np.pi
    bands = Bands(wavelengths_nm, None, np.ones(2000, bool), None)
    with EnviWriter(tmp_path / "a.img", grid, bands, 2000) as writer:
        writer.write(0, 0, np.zeros((2000, 1, 1)))
    assert max(map(len, (tmp_path / "a.hdr").read_text().splitlines())) < 1000
    assert np.array_equal(open_scene(tmp_path / "a.hdr").bands.wavelengths_nm, wavelengths_nm)


def test_envi_writer_band_names_go_before_those_of_the_bands(tmp_path):
    with EnviWriter(tmp_path / "a.img", NORTH_UP, BANDS, 4, band_names=list("pqrs")) as writer:
        writer.write(0, 0, cube())
    assert read_header(tmp_path / "a.hdr")["band names"].split(", ") == list("pqrs")


@pytest.mark.parametrize("interleave", ORDERS)
def test_envi_writer_pixels_never_written_are_nodata(tmp_path, interleave):
    path = tmp_path / "a.img"
    with EnviWriter(path, NORTH_UP, None, 4, nodata=-9999, interleave=interleave) as writer:
        writer.write(2, 3, cube()[:, 2:5, 3:6])
        writer.write(11, 0, cube()[:, 11:, :])
    expected = np.full(SHAPE, -9999, np.float32)
    expected[:, 2:5, 3:6] = cube()[:, 2:5, 3:6]
    expected[:, 11:] = cube()[:, 11:]
    assert np.array_equal(numbers(path, interleave, "float32"), expected)


def test_envi_writer_without_nodata_wants_every_pixel(tmp_path):
    with pytest.raises(SceneError, match="1 x 9 px from row 11, column 0 on were never given"):
        with EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4) as writer:
            writer.write(0, 0, cube()[:, :11])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_envi_writer_broken_off_leaves_nothing_new_and_the_old_file(tmp_path, error):
    path = tmp_path / "a.img"
    with EnviWriter(path, NORTH_UP, None, 4) as writer:
        writer.write(0, 0, cube())
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(error), EnviWriter(path, NORTH_UP, None, 4) as writer:
        writer.write(0, 0, -cube())
        raise error
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    with EnviWriter(path, NORTH_UP, None, 4) as writer:
        writer.write(0, 0, -cube())
    assert np.array_equal(numbers(path, "bil", "float32"), -cube())


def test_envi_writer_replaces_a_header_that_would_hide_its_own(tmp_path):
    (tmp_path / "a.img").write_bytes(b"old")
    (tmp_path / "a.img.hdr").write_text("ENVI\nbands = 7\n")
    with EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4) as writer:
        writer.write(0, 0, cube())
    assert open_scene(tmp_path / "a.img").n_bands == 4


def test_envi_writer_values_beyond_the_type_leave_nothing(tmp_path):
    with pytest.raises(SceneError, match="run from 0 to 40000, but int16 holds only"):
        with EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4, dtype="int16") as writer:
            writer.write(0, 0, np.linspace(0, 40000, 4 * 12 * 9).reshape(SHAPE))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grid": Grid(UTM, Affine(30, 3, 0, 1, -20, 0), 12, 9)}, "shear"),
        ({"n_bands": 5}, "describes 4 bands, but `n_bands` is 5"),
        ({"n_bands": 0, "bands": None}, "at least 1"),
        ({"band_names": ["a"]}, "1 entry for 4 bands"),
        ({"dtype": "float16"}, "no data type"),
        ({"dtype": "uint8", "nodata": -9999}, "nodata"),
        ({"interleave": "tiled"}, "bsq, bil, bip"),
        ({"scale": 0}, "positive"),
        ({"metadata": {"Bands": 7}}, "may not set 'Bands'"),
    ],
)
def test_envi_writer_refuses_contradictions_before_writing(tmp_path, change, message):
    arguments = {"path": tmp_path / "a.img", "grid": NORTH_UP, "bands": BANDS, "n_bands": 4}
    with pytest.raises(SceneError, match=message):
        EnviWriter(**(arguments | change))
    assert list(tmp_path.iterdir()) == []


def test_envi_writer_writes_only_inside_its_with_statement(tmp_path):
    writer = EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4)
    with pytest.raises(SceneError, match="`with` statement"):
        writer.write(0, 0, cube())
    with writer:
        writer.write(0, 0, cube())
    with pytest.raises(SceneError, match="`with` statement"):
        writer.write(0, 0, cube())


def test_envi_writer_looks_for_room_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("scenes.export.staging._free_bytes", lambda folder: 1000)
    writer = EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4)
    with pytest.raises(SceneFileError, match=r"1\.0 kB free in .*, up to 1\.7 kB needed"), writer:
        pytest.fail("there is no room")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interleave", ORDERS)
def test_envi_writer_memory_does_not_grow_with_the_scene(tmp_path, interleave):
    grid = Grid(None, Affine.identity(), 2000, 100)
    block = np.ones((20, 20, 100), np.float32)
    with EnviWriter(tmp_path / "a.img", grid, None, 20, interleave=interleave) as writer:
        tracemalloc.start()
        for row in range(0, 2000, 20):
            writer.write(row, 0, block)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * block.nbytes < (tmp_path / "a.img").stat().st_size / 20


def test_envi_writer_grows_in_a_hidden_folder_beside_its_target(tmp_path):
    with EnviWriter(tmp_path / "a.img", NORTH_UP, None, 4) as writer:
        (hidden,) = tmp_path.iterdir()
        assert hidden.name.startswith(".a.img.")
        writer.write(0, 0, cube())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.hdr", "a.img"]
