import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from scenes.errors import SceneError, SceneFileError, SceneWarning
from scenes.formats import open_scene
from scenes.formats.envi_pixels import EnviPixels
from scenes.formats.planes import pixels_from_lines

DTYPES = ["u1", "i2", "i4", "f4", "f8", "u2", "u4", "i8", "u8"]
SCALE = {"reflectance scale factor": 1}


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip", "BSQ", "Bil"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_envi_of_every_type_order_and_interleave_reads_the_same(
    tmp_path, write_envi, small_cube, interleave, dtype, order
):
    """Pitfalls 13 and 15."""
    cube = small_cube % 200
    data = write_envi(tmp_path, cube, SCALE, dtype=order + dtype, interleave=interleave)
    assert np.array_equal(open_scene(data).read(), cube)


@given(
    st.sampled_from(DTYPES), st.sampled_from("<>"), st.sampled_from(["bsq", "bil", "bip"]),
    st.integers(0, 300), st.integers(2, 6), st.integers(1, 9), st.integers(1, 9), st.data(),
)  # fmt: skip
def test_envi_pixels_of_any_window_and_bands_are_those_of_the_cube(
    write_envi, tmp_path_factory, dtype, order, interleave, offset, n_bands, height, width, data
):
    folder = tmp_path_factory.mktemp("envi")
    kind = np.dtype(order + dtype)
    cube = np.random.default_rng(offset).integers(0, 200, (n_bands, height, width)).astype(kind)
    path = write_envi(folder, cube, dtype=kind.str, interleave=interleave, offset=offset)
    pixels = EnviPixels(path, kind, n_bands, height, width, interleave, offset)
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    h = data.draw(st.integers(1, height - row))
    w = data.draw(st.integers(1, width - column))
    bands = data.draw(st.lists(st.integers(0, n_bands - 1), min_size=1, max_size=8))
    raw = pixels.read(row, column, h, w, np.array(bands))
    expected = cube[bands, row : row + h, column : column + w].reshape(len(bands), -1).T
    assert raw.dtype == kind
    assert raw.flags.c_contiguous and raw.flags.writeable
    assert np.array_equal(raw, expected)


@pytest.mark.parametrize("width", [1024, 1000, 256])
def test_pixels_from_lines_of_any_width_is_a_plain_turn(width):
    lines = np.arange(9 * 5 * width, dtype=np.float32).reshape(9, 5, width)
    expected = lines.transpose(0, 2, 1).reshape(-1, 5)
    assert np.array_equal(pixels_from_lines(lines), expected)
    assert np.array_equal(pixels_from_lines(lines[:, 1:4]), expected[:, 1:4])


@pytest.mark.parametrize(
    ("data", "header"),
    [("x.img", "x.hdr"), ("x.img", "x.img.hdr"), ("x", "x.hdr"), ("x.img", "x.HDR"),
     ("X.IMG", "X.HDR"), ("X.DAT", "x.hdr"), ("x.bsq", "x.hdr"), ("x.raw", "x.hdr"),
     ("x.hyspex", "x.hdr"), ("f08.t01_ort.img", "f08.t01_ort.hdr"), ("x.bil", "x.bil.HDR")],
)  # fmt: skip
@pytest.mark.parametrize("given_header", [True, False])
def test_envi_finds_the_partner_of_a_header_or_data_file(
    tmp_path, write_envi, small_cube, data, header, given_header
):
    """Pitfall 8."""
    write_envi(tmp_path, small_cube, SCALE, data=data, header=header)
    scene = open_scene(tmp_path / (header if given_header else data))
    assert scene.path == tmp_path / data
    assert np.array_equal(scene.read(), small_cube)


def test_envi_header_prefers_the_file_that_is_large_enough(tmp_path, write_envi, small_cube):
    write_envi(tmp_path, small_cube, SCALE, data="scene.dat")
    (tmp_path / "scene.img").write_bytes(b"a preview")
    (tmp_path / "scene.xml").write_bytes(bytes(9999))
    assert open_scene(tmp_path / "scene.hdr").path.name == "scene.dat"


def test_envi_header_prefers_the_exact_letter_case(tmp_path, write_envi, small_cube):
    write_envi(tmp_path, small_cube, SCALE, data="a.img", header="a.hdr")
    write_envi(tmp_path, small_cube + 1, SCALE, data="A.img", header="A.hdr")
    for name, first in (("a.img", 1), ("A.img", 2), ("a.hdr", 1), ("A.hdr", 2)):
        assert open_scene(tmp_path / name).read()[0, 0, 0] == first


def test_envi_header_without_data_says_what_was_looked_for(tmp_path, write_envi, small_cube):
    write_envi(tmp_path, small_cube).unlink()
    with pytest.raises(SceneFileError, match=r"no data file beside it: looked for scene, scene\.b"):
        open_scene(tmp_path / "scene.hdr")


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"ENVI\n"])
def test_envi_is_never_recognised_by_its_first_bytes(tmp_path, write_envi, small_cube, start):
    """Pitfall 12."""
    data = write_envi(tmp_path, small_cube, SCALE, dtype="u1")
    data.write_bytes(start + data.read_bytes()[len(start) :])
    assert open_scene(data).read()[0, 0, 0] == start[0]


def test_envi_truncated_data_are_refused_with_both_numbers(tmp_path, write_envi, small_cube):
    """Pitfall 11: GDAL gives zeros for the missing end."""
    data = write_envi(tmp_path, small_cube, offset=10)
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(SceneFileError, match="has 249 bytes, but its header promises 250"):
        open_scene(data)


def test_envi_data_that_are_too_long_are_read_with_a_warning(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube)
    data.write_bytes(data.read_bytes() + b"end")
    with pytest.warns(SceneWarning, match="3 bytes more than its header says"):
        assert np.array_equal(open_scene(data).read(), small_cube)


def test_envi_absurd_sizes_are_refused_at_once(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube, {"samples": 10**9, "lines": 10**9})
    with pytest.raises(SceneFileError, match="promises 16000000000000000000"):
        open_scene(data)
    with pytest.raises(SceneFileError, match="promises 16000000000000000000"):
        open_scene(tmp_path / "scene.hdr")


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_envi_data_that_shrink_after_opening_are_an_error(
    tmp_path, write_envi, small_cube, interleave
):
    data = write_envi(tmp_path, small_cube, interleave=interleave)
    scene = open_scene(data)
    data.write_bytes(data.read_bytes()[:200])
    with pytest.raises(SceneFileError, match=r"scene\.img cannot be read: it ends"):
        scene.read()
    with pytest.raises(SceneFileError, match="cannot be read"):
        scene.read(Window(0, 0, 1, 1))
    data.unlink()
    with pytest.raises(SceneFileError, match="No such file"):
        scene.read()


def test_envi_without_byte_order_is_little_endian_with_a_warning(tmp_path, write_envi, small_cube):
    """Pitfall 8."""
    missing = {"byte order": None, "header offset": None, "file type": None, **SCALE}
    data = write_envi(tmp_path, small_cube, missing, dtype="<i2")
    with pytest.warns(SceneWarning, match="no `byte order`; 0 .little-endian. was assumed"):
        assert np.array_equal(open_scene(data).read(), small_cube)


def test_envi_bytes_need_no_byte_order(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube % 100, {"byte order": None, **SCALE}, dtype="u1")
    assert np.array_equal(open_scene(data).read(), small_cube % 100)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lines": None}, "no field `lines`"),
        ({"samples": 0}, "`samples` = '0'; it must be a whole number, at least 1"),
        ({"bands": 0}, "`bands` = '0'"),
        ({"lines": -5}, "`lines` = '-5'"),
        ({"bands": "four"}, "`bands` = 'four'"),
        ({"lines": "1e999"}, "`lines` = '1e999'"),
        ({"lines": 2.5}, r"`lines` = '2\.5'"),
        ({"header offset": -1}, "`header offset` = '-1'"),
        ({"data type": None}, "no field `data type`"),
        ({"data type": 6}, "`data type` = 6, complex numbers"),
        ({"data type": 9}, "`data type` = 9, complex numbers"),
        ({"data type": 7}, "`data type` = 7, an unknown type"),
        ({"interleave": None}, "`interleave` = None; it must be bsq, bil or bip"),
        ({"interleave": "tile"}, "`interleave` = 'tile'"),
        ({"byte order": 2}, "`byte order` = '2'"),
        ({"file type": "NITF"}, "`file type` = 'NITF': its data are not plain numbers"),
        ({"file type": "ENVI Spectral Library"}, r"spectral library.*SpectralLibrary\.read"),
        ({"file type": "ENVI Classification"}, "its numbers are classes, not reflectance"),
        ({"minor frame offsets": "{4, 0}"}, "bytes between the lines"),
        ({"data gain values": "{1, 2}"}, "`data gain values` has 2 entries for 4 bands"),
        ({"data offset values": "{a}"}, "`data offset values` = 'a' cannot be read"),
    ],
)
def test_envi_header_that_cannot_be_followed_is_one_true_sentence(
    tmp_path, write_envi, small_cube, fields, message
):
    with pytest.raises(SceneError, match=message):
        open_scene(write_envi(tmp_path, small_cube, fields))


def test_envi_reflectance_scale_factor_divides_once(tmp_path, write_envi, small_cube):
    """Pitfall 5."""
    fields = {"reflectance scale factor": "10000.000000"}
    scene = open_scene(write_envi(tmp_path, small_cube, fields, dtype="<i2"))
    assert np.array_equal(scene.read(), small_cube.astype(np.float32) / np.float32(10000))


def test_envi_gains_and_offsets_apply_as_gdal_gives_them(tmp_path, write_envi, small_cube):
    """Pitfall 5: rasterio hands out raw numbers and the gains beside them."""
    fields = {
        "data gain values": "{1, 2, 0.5, 3}",
        "data offset values": "{0, 1, -1, 0.25}",
        "map info": "{UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, WGS-84}",
    }
    data = write_envi(tmp_path, small_cube, fields, dtype="<i2")
    with rasterio.open(data) as dataset:
        gains, offsets = np.array(dataset.scales), np.array(dataset.offsets)
        expected = dataset.read() * gains[:, None, None] + offsets[:, None, None]
    assert np.allclose(open_scene(data).read(), expected, rtol=1e-6)


def test_envi_gains_win_over_a_scale_factor_with_a_warning(tmp_path, write_envi, small_cube):
    fields = {"data gain values": "{0.5}", "reflectance scale factor": 10000}
    data = write_envi(tmp_path, small_cube, fields, dtype="<i2")
    with pytest.warns(SceneWarning, match="= 10000; only the gains are used"):
        assert np.array_equal(open_scene(data).read(), small_cube / 2)
    ones = {"data gain values": "{1, 1, 1, 1}", "reflectance scale factor": 100}
    scene = open_scene(write_envi(tmp_path, small_cube, ones, dtype="<i2"))
    assert scene.read()[0, 0, 0] == np.float32(0.01)


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "x", "1, 2"])
def test_envi_scale_factor_that_is_no_scale_is_ignored(tmp_path, write_envi, small_cube, factor):
    data = write_envi(tmp_path, small_cube, {"reflectance scale factor": f"{{{factor}}}"})
    with pytest.warns(SceneWarning, match="`reflectance scale factor`.* is ignored"):
        assert np.array_equal(open_scene(data).read(), small_cube)


@pytest.mark.parametrize(
    ("dtype", "text", "stored"),
    [("<i2", "-9999", -9999), (">i2", "-9.99900000e+003", -9999), ("<f4", "-0.9999", -0.9999),
     ("<f4", "NaN", np.nan), ("<u2", "65535.0", 65535), ("<f8", "-1e34", -1e34),
     ("<f4", "-3.40282e+38", np.finfo("f4").min)],
)  # fmt: skip
def test_envi_nodata_in_any_notation_is_compared_with_raw_numbers(
    tmp_path, write_envi, small_cube, dtype, text, stored
):
    """Pitfall 10: mask first, scale second."""
    cube = small_cube.astype(np.float64)
    cube[2, 1, 1] = stored
    fields = {"data ignore value": text, "reflectance scale factor": 10}
    scene = open_scene(write_envi(tmp_path, cube, fields, dtype=dtype))
    expected = np.ones((5, 3), dtype=bool)
    expected[1, 1] = False
    assert np.array_equal(scene.valid_mask(), expected)
    assert np.isnan(scene.read()[:, 1, 1]).all()


def test_envi_zero_is_never_taken_for_nodata_silently(tmp_path, write_envi):
    """Pitfall 10."""
    data = write_envi(tmp_path, np.zeros((2, 3, 3)))
    assert open_scene(data).valid_mask().all()
    assert not open_scene(data, nodata=0).valid_mask().any()


def test_envi_nodata_that_the_type_cannot_hold_warns(tmp_path, write_envi, small_cube):
    fields = {"data ignore value": -9999, **SCALE}
    data = write_envi(tmp_path, small_cube, fields, dtype="<u2")
    with pytest.warns(SceneWarning, match="uint16 numbers, which can never be its nodata value"):
        assert open_scene(data).valid_mask().all()


def test_envi_bad_bands_do_not_make_pixels_invalid(tmp_path, write_envi, small_cube):
    """Pitfall 6, and bands that are nodata as a whole."""
    cube = small_cube.copy()
    cube[1] = -9999
    fields = {"bbl": "{ 1 , 0.0 ,\n 1.0, 1}", "data ignore value": -9999}
    scene = open_scene(write_envi(tmp_path, cube, fields | SCALE, dtype="<i2"))
    assert scene.valid_mask().all()
    assert np.array_equal(scene.read(), cube[[0, 2, 3]])
    assert scene.bands.good.tolist() == [True, False, True, True]


def test_envi_wavelengths_stay_in_the_order_of_the_file(tmp_path, write_envi, small_cube):
    """Pitfall 14."""
    fields = {"wavelength": "{655.4, 665.2, 655.1, 664.9}", "wavelength units": "Nanometers"}
    scene = open_scene(write_envi(tmp_path, small_cube, fields))
    assert scene.wavelengths_nm.tolist() == [655.4, 665.2, 655.1, 664.9]


def test_envi_grid_and_names_come_from_the_header(tmp_path, write_envi, small_cube):
    fields = {
        "map info": "{UTM, 1.5, 1.5, 500000, 4000000, 30, 30, 11, North, WGS-84, units=Meters}",
        "band names": "{a, b,\n c, d}",
        "x start": 85,
        "sensor type": "made",
    }
    scene = open_scene(write_envi(tmp_path, small_cube, fields))
    assert scene.grid.crs == CRS.from_epsg(32611)
    assert (scene.grid.transform.c, scene.grid.transform.f) == (499985, 4000015)
    assert scene.bands.names == ("a", "b", "c", "d")
    assert scene.metadata["sensor type"] == "made"
    assert scene.name == "scene"


def test_envi_scene_survives_a_pickle_and_forgets_no_byte_order(tmp_path, write_envi, small_cube):
    scene = open_scene(write_envi(tmp_path, small_cube, SCALE, dtype=">i2", interleave="bip"))
    again = pickle.loads(pickle.dumps(scene))
    assert np.array_equal(again.read(), small_cube)


def test_envi_bsq_is_read_16_lines_at_a_time(tmp_path, write_envi):
    """Pitfall 15: every block of a bsq file costs one seek for each band."""
    cube = np.arange(2 * 200 * 3).reshape(2, 200, 3)
    scene = open_scene(write_envi(tmp_path, cube))
    heights = [block.window.height for block in scene.blocks(max_bytes=2 * 13 * 3 * 5)]
    assert heights == [16] * 12 + [8]


def test_envi_reading_writes_nothing_beside_the_data(tmp_path, write_envi, small_cube):
    scene = open_scene(write_envi(tmp_path, small_cube))
    scene.read()
    assert sorted(path.name for path in Path(tmp_path).iterdir()) == ["scene.hdr", "scene.img"]
