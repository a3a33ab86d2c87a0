"""What writers share: values of a file's type, coverage, and files that appear whole."""

import re
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scenes import Grid, SceneError, SceneFileError
from scenes.export.coverage import Coverage, Rectangle
from scenes.export.envi_names import claim_header, header_path
from scenes.export.staging import Staging
from scenes.export.tiff_tiles import bit_sum
from scenes.export.values import check_block, file_values, fitting_nodata

FLOATS = npst.arrays(np.float64, 20, elements=st.floats(-1e6, 1e6))


@given(npst.arrays(np.int64, 20, elements=st.integers(-(2**15), 2**15 - 1)))
def test_file_values_keep_whole_numbers(values):
    assert np.array_equal(file_values(values, np.dtype("int16"), None), values)
    assert np.array_equal(file_values(values.astype(float), np.dtype(">i2"), None), values)


@given(FLOATS)
def test_file_values_are_rounded_to_the_nearest_whole_number(values):
    assert np.abs(file_values(values, np.dtype("int32"), None) - values).max() <= 0.5


@given(FLOATS, st.sampled_from(["uint8", "int16", "uint16", "int8"]))
def test_file_values_never_wrap(values, dtype):
    limits = np.iinfo(dtype)
    rounded = np.rint(values)
    if rounded.min() < limits.min or rounded.max() > limits.max:
        with pytest.raises(SceneError, match=re.escape(f"{limits.min} to {limits.max}")):
            file_values(values, np.dtype(dtype), None)
    else:
        assert np.array_equal(file_values(values, np.dtype(dtype), None), rounded)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32"])
def test_file_values_refuse_the_first_float_beyond_the_range(dtype):
    beyond = float(np.iinfo(dtype).max) + 1
    with pytest.raises(SceneError, match=dtype):
        file_values([beyond], np.dtype(dtype), None)


def test_file_values_refuse_a_float_that_would_become_infinite():
    with pytest.raises(SceneError, match=r"1e\+300"):
        file_values([0.0, 1e300], np.dtype("float32"), -9999.0)


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", -9999.0), ("uint8", 255)])
def test_file_values_turn_what_is_not_finite_into_nodata(dtype, nodata):
    values = file_values([1.0, np.nan, np.inf, -np.inf], np.dtype(dtype), nodata)
    assert values.tolist() == [1, nodata, nodata, nodata]


def test_file_values_without_nodata_keep_nan_in_floats_and_refuse_it_in_whole_numbers():
    assert np.isnan(file_values([np.nan], np.dtype("float32"), None)).all()
    with pytest.raises(SceneError, match="not finite: 1 of 2 values"):
        file_values([np.nan, 0.0], np.dtype("int16"), None)


def test_file_values_refuse_complex_numbers():
    with pytest.raises(SceneError, match="complex128"):
        file_values([1j], np.dtype("float32"), None)


@pytest.mark.parametrize(
    ("nodata", "dtype"),
    [(-9999, "uint8"), (0.5, "int16"), (np.nan, "int16"), (np.inf, "int32"), (1e300, "float32")],
)
def test_nodata_must_be_a_number_of_the_file(nodata, dtype):
    with pytest.raises(SceneError, match="nodata"):
        fitting_nodata(nodata, np.dtype(dtype))


def test_nodata_is_the_number_that_the_file_will_hold():
    assert fitting_nodata(-1.1, np.dtype("float32")) == float(np.float32(-1.1))
    assert np.isnan(fitting_nodata(np.nan, np.dtype("float32")))


@pytest.mark.parametrize(
    ("row", "column", "shape"),
    [(-1, 0, (2, 1, 1)), (0, 4, (2, 1, 2)), (3, 0, (2, 1, 1)), (0, 0, (3, 1, 1)), (0, 0, (2, 1))],
)
def test_block_must_have_all_bands_and_lie_on_the_grid(row, column, shape):
    grid = Grid(None, Affine.identity(), height=3, width=5)
    with pytest.raises(SceneError, match=r"block of"):
        check_block(grid, 2, row, column, np.zeros(shape))


@st.composite
def blocks(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    chosen = []
    for _ in range(draw(st.integers(0, 8))):
        row, column = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        size = (draw(st.integers(1, height - row)), draw(st.integers(1, width - column)))
        chosen.append(Rectangle(row, column, *size))
    return height, width, chosen


@given(blocks())
def test_coverage_finds_every_gap_once(given_blocks):
    height, width, chosen = given_blocks
    coverage = Coverage(height, width)
    times = np.zeros((height, width), int)
    for row, column, n_rows, n_columns in chosen:
        coverage.add(Rectangle(row, column, n_rows, n_columns))
        times[row : row + n_rows, column : column + n_columns] += 1
    gaps = np.zeros((height, width), int)
    for row, column, n_rows, n_columns in coverage.gaps():
        gaps[row : row + n_rows, column : column + n_columns] += 1
    assert np.array_equal(gaps, times == 0)
    assert coverage.overlaps == bool((times > 1).any())


def test_coverage_of_a_scene_written_downwards_stays_small():
    coverage = Coverage(1000, 7)
    for row in range(1000):
        coverage.add(Rectangle(row, 0, 1, 7))
    assert len(coverage._written) == 1
    coverage.require_whole(Path("cube.img"))


@given(npst.arrays(np.float32, (3, 4), elements=st.floats(width=32)), st.randoms())
def test_bit_sum_ignores_order_and_nodata_and_nothing_else(values, random):
    nodata = -9999.0
    shuffled = values.ravel().tolist()
    random.shuffle(shuffled)
    filled = np.array([*shuffled, nodata, nodata], np.float32)
    assert bit_sum(filled, nodata) == bit_sum(values, nodata)
    changed = values.copy()
    changed[0, 0] = 1.0 if values[0, 0] != 1.0 else 2.0
    assert bit_sum(changed, nodata) != bit_sum(values, nodata)


def test_bit_sum_knows_nan_as_nodata():
    assert bit_sum(np.array([np.nan, 1.0], np.float32), np.nan) == np.float32(1.0).view(np.uint32)


def test_staging_leaves_nothing_that_was_not_moved(tmp_path):
    target = tmp_path / "map.tif"
    with pytest.raises(KeyboardInterrupt), Staging(target) as staging:
        staging.file(target).write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_staging_moves_all_files_or_none(tmp_path):
    first, second = tmp_path / "a.img", tmp_path / "a.hdr"
    with Staging(first) as staging:
        staging.file(first).write_text("data")
        with pytest.raises(SceneFileError, match=r"a\.img could not be written: No such file"):
            staging.move_into_place([first, second])
    assert list(tmp_path.iterdir()) == []


def test_staging_replaces_the_sidecar_of_the_file_it_replaces(tmp_path):
    target, sidecar = tmp_path / "map.tif", tmp_path / "map.tif.aux.xml"
    sidecar.write_text("of the old file")
    with Staging(target) as staging:
        staging.file(target).write_text("new")
        staging.file(sidecar).write_text("of the new file")
        staging.move_into_place([target])
    assert sidecar.read_text() == "of the new file"
    with Staging(target) as staging:
        staging.file(target).write_text("newer")
        staging.move_into_place([target])
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]


def test_staging_needs_a_folder_that_exists(tmp_path):
    target = tmp_path / "missing" / "map.tif"
    with pytest.raises(SceneFileError, match="does not exist"), Staging(target):
        pass


def test_staging_refuses_the_name_of_a_folder(tmp_path):
    with pytest.raises(SceneFileError, match="is a folder"), Staging(tmp_path):
        pass


def test_staging_says_how_much_room_is_needed_and_free(tmp_path):
    too_much = 10**18
    with Staging(tmp_path / "map.tif", too_much) as staging:
        message = r"enough room on the disk \([\d.]+ \w+ free in .*, up to 1000000000.0 GB needed\)"
        with pytest.raises(SceneFileError, match=message):
            staging.require_space()


@pytest.mark.parametrize(
    ("data", "header"),
    [("a.img", "a.hdr"), ("a", "a.hdr"), ("a.SLI", "a.hdr"), ("line.2", "line.2.hdr")],
)
def test_header_path_replaces_only_what_is_an_extension(data, header):
    assert header_path(Path(data)) == Path(header)


def test_header_path_refuses_a_header():
    with pytest.raises(SceneError, match="Give the data file"):
        header_path(Path("a.hdr"))


def test_claim_header_spares_the_header_of_another_file(tmp_path):
    (tmp_path / "a.hdr").write_text("ENVI\n")
    (tmp_path / "a.bil").write_bytes(b"data")
    with pytest.raises(SceneFileError, match=r"needs the header a\.hdr, which belongs to another"):
        claim_header(tmp_path / "a.img")
    assert claim_header(tmp_path / "a.bil") == tmp_path / "a.hdr"
