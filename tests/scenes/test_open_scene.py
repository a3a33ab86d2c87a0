import os

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes import open_scene
from scenes.errors import SceneError, SceneFileError, SceneWarning

ESRI = """BYTEORDER      {order}
LAYOUT         BIL
NROWS          5
NCOLS          3
NBANDS         4
NBITS          16
BANDROWBYTES   6
TOTALROWBYTES  24
PIXELTYPE      SIGNEDINT
ULXMAP         500015
ULYMAP         3999985
XDIM           30
YDIM           30
"""


def write_esri(folder, cube, order="I", data="x"):
    (folder / "x.hdr").write_text(ESRI.format(order=order))
    (folder / "x.prj").write_text(CRS.from_epsg(32611).to_wkt(version="WKT1_ESRI"))
    kind = "<i2" if order == "I" else ">i2"
    path = folder / data
    path.write_bytes(np.ascontiguousarray(cube.transpose(1, 0, 2)).astype(kind).tobytes())
    return path


@pytest.mark.parametrize("order", ["I", "M"])
@pytest.mark.parametrize("given", ["x", "x.hdr"])
def test_open_scene_reads_esri_headers(tmp_path, small_cube, order, given):
    write_esri(tmp_path, small_cube, order)
    scene = open_scene(tmp_path / given, scale=100)
    assert np.array_equal(scene.read(), small_cube.astype(np.float32) / np.float32(100))
    assert scene.grid.crs == CRS.from_epsg(32611)
    assert scene.grid.transform == Affine(30, 0, 500000, 0, -30, 4000000)


def test_open_scene_refuses_truncated_data_of_an_esri_header(tmp_path, small_cube):
    path = write_esri(tmp_path, small_cube)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(SceneFileError, match=r"has 118 bytes.*promises 120|too small"):
        open_scene(path)


def test_open_scene_scale_overrules_the_file(tmp_path, write_envi, small_cube):
    fields = {"data gain values": "{7}", "data offset values": "{1}"}
    data = write_envi(tmp_path, small_cube, fields, dtype="<i2")
    assert np.array_equal(open_scene(data, scale=1000).read(), (small_cube / 1000).astype("f4"))


def test_open_scene_nodata_overrules_the_file(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube, {"data ignore value": 1})
    assert not open_scene(data).valid_mask()[0, 0]
    scene = open_scene(data, nodata=2)
    assert scene.valid_mask()[0].tolist() == [True, False, True]


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_open_scene_refuses_a_scale_that_is_none(tmp_path, write_envi, small_cube, scale):
    with pytest.raises(SceneError, match=r"`scale` is the raw number.*Got"):
        open_scene(write_envi(tmp_path, small_cube), scale=scale)


def test_open_scene_never_guesses_a_scale_but_says_so(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube * 10, dtype="<i2")
    with pytest.warns(SceneWarning, match=r"int16 numbers and names no scale.*Pass `scale=`"):
        assert open_scene(data).read().max() == 3430
    declared = write_envi(tmp_path, small_cube, {"reflectance scale factor": "1.0"}, dtype="<i2")
    assert open_scene(declared).read().max() == 343


def test_open_scene_warns_of_each_oddity_once(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube, {"bbl": "{1, 1, 1, 0", "fwhm": "{1, 1, 1, 1}"})
    with pytest.warns(SceneWarning) as seen:
        open_scene(data)
    assert [str(warning.message)[:30] for warning in seen] == ["the header opens `bbl` with { "]


def test_open_scene_takes_text_and_path(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube)
    assert repr(open_scene(str(data))) == repr(open_scene(data))


def test_open_scene_of_nothing_is_one_clear_sentence(tmp_path, write_envi, small_cube):
    with pytest.raises(SceneFileError, match=r"x\.img does not exist\.$"):
        open_scene(tmp_path / "x.img")
    with pytest.raises(
        SceneFileError, match=r"is a folder\. Give the scene's data file or header\.$"
    ):
        open_scene(tmp_path)
    write_envi(tmp_path, small_cube)
    (tmp_path / "other.TIF").touch()
    with pytest.raises(SceneFileError, match=r"is a folder.*It holds other\.TIF, scene\.hdr\."):
        open_scene(tmp_path)
    (tmp_path / "empty.tif").touch()
    with pytest.raises(SceneFileError, match=r"empty\.tif is empty"):
        open_scene(tmp_path / "empty.tif")


@pytest.mark.parametrize("name", ["notes.txt", "scene.tif", "scene.img", "scene", "x.nc"])
def test_open_scene_of_a_text_file_says_what_was_tried(tmp_path, name):
    (tmp_path / name).write_text("NCOLS 3 wavelengths and other notes\n")
    with pytest.raises(
        SceneFileError, match=r"no ENVI header beside it.*GeoTIFF or HDF5 product\."
    ):
        open_scene(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("x.img.gz", "Unpack it first"),
        ("x.MAT", "Save its cube as ENVI or GeoTIFF"),
        ("x.jp2", "gdal_translate"),
        ("x.csv", "SpectralLibrary.read"),
        ("x.shp", "--mask"),
    ],
)
def test_open_scene_of_a_file_of_another_kind_says_what_to_do(tmp_path, name, cure):
    (tmp_path / name).write_text("something else")
    with pytest.raises(SceneFileError, match=rf"product\. .*{cure}.*\.$"):
        open_scene(tmp_path / name)


def test_open_scene_of_a_header_that_is_none_says_so(tmp_path):
    (tmp_path / "x.hdr").write_text("#?RADIANCE\n")
    with pytest.raises(SceneFileError, match="is not a header: an ENVI header begins with"):
        open_scene(tmp_path / "x.hdr")


def test_open_scene_of_a_side_file_is_not_its_image(tmp_path, write_envi, small_cube):
    write_envi(tmp_path, small_cube)
    (tmp_path / "scene.xml").write_text("<x/>" * 999)
    with pytest.raises(SceneFileError, match="no raster"):
        open_scene(tmp_path / "scene.xml")


def test_open_scene_of_one_band_is_refused(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube[:1])
    with pytest.raises(SceneError, match=r"has 1 band\. A spectrum needs at least 2 bands"):
        open_scene(data)


def test_open_scene_of_a_damaged_tiff_is_one_sentence(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"II*\0" + bytes(50))
    with pytest.raises(SceneFileError, match=r"x\.tif cannot be opened as GTiff"):
        open_scene(tmp_path / "x.tif")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_open_scene_of_a_pipe_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "x.img")
    with pytest.raises(SceneFileError, match="is not a file"):
        open_scene(tmp_path / "x.img")


def test_open_scene_reads_a_geotiff_without_extension(tmp_path, small_cube):
    path = tmp_path / "scene"
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=5, width=3, dtype="float32",
        crs="EPSG:32611", transform=Affine(30, 0, 5e5, 0, -30, 4e6), photometric="MINISBLACK",
    ) as dataset:  # fmt: skip
        dataset.write(small_cube.astype("float32"))
    assert np.array_equal(open_scene(path).read(), small_cube)


def test_open_scene_takes_raw_numbers_named_tif_as_the_header_says(
    tmp_path, write_envi, small_cube
):
    data = write_envi(tmp_path, small_cube, data="scene.tif")
    assert np.array_equal(open_scene(data).read(), small_cube)
    assert np.array_equal(open_scene(tmp_path / "scene.hdr").read(), small_cube)
