"""Where GDAL reads an ENVI image otherwise than its header says, the user is told."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from scenes import open_scene
from scenes.envi_header import format_header, read_header
from scenes.errors import SceneWarning

UTM = "{{UTM, 1, 1, 500000, 4100000, {}, 11, North, WGS-84{}}}"


def messages_of(path):
    with pytest.warns(SceneWarning) as seen:
        open_scene(path)
    return [str(warning.message) for warning in seen]


@pytest.mark.parametrize("rotation", ["", ", rotation=30", ", rotation=-90", ", rotation=0"])
def test_a_grid_that_gdal_reads_as_we_do_is_not_spoken_of(
    tmp_path, write_envi, small_cube, rotation
):
    fields = {"map info": UTM.format("30, 30", rotation), "data ignore value": "-9.99900e+003"}
    data = write_envi(tmp_path, small_cube, fields)
    scene = open_scene(data)  # a warning would be an error
    with rasterio.open(data, driver="ENVI") as dataset:
        assert scene.grid.transform.almost_equals(dataset.transform, 1e-9)


def test_a_turned_grid_of_oblong_pixels_lies_elsewhere_for_gdal(tmp_path, write_envi, small_cube):
    """Pitfall 1: GDAL multiplies by the wrong pixel size."""
    fields = {"map info": UTM.format("30, 20", ", rotation=30")}
    (message,) = messages_of(write_envi(tmp_path, small_cube, fields))
    assert message.startswith("scene.hdr: GDAL, and so QGIS, places this scene up to ")
    assert "pixels away from where `map info` says; maps made here lie where" in message


def test_a_rotation_with_blanks_is_none_for_gdal(tmp_path, write_envi, small_cube):
    fields = {"map info": UTM.format("30, 30", ", rotation = 30")}
    (message,) = messages_of(write_envi(tmp_path, small_cube, fields))
    assert "GDAL, and so QGIS, places this scene up to 3.0" in message


def test_a_rotation_about_another_pixel_than_the_first_is_wrong_in_gdal(
    tmp_path, write_envi, small_cube
):
    """The pixel that `map info` names lies where it says; GDAL turns the grid about another."""
    text = "{UTM, 3, 2, 500000, 4100000, 30, 30, 11, North, WGS-84, rotation=30}"
    data = write_envi(tmp_path, small_cube, {"map info": text})
    with pytest.warns(SceneWarning, match="places this scene"):
        transform = open_scene(data).grid.transform
    assert transform @ (2, 1) == pytest.approx((500000, 4100000), abs=1e-6)
    with rasterio.open(data, driver="ENVI") as dataset:
        assert dataset.transform @ (2, 1) != pytest.approx((500000, 4100000), abs=1)


def test_fields_behind_a_line_too_long_for_gdal_are_used_and_named(tmp_path, write_envi):
    """Pitfall 7: at 10 000 characters GDAL stops reading."""
    n_bands = 600
    wavelengths = 400 + np.arange(n_bands) * 3.123456789012
    fields = {
        "wavelength units": "Nanometers",
        "wavelength": "{" + ", ".join(f"{value:.14f}" for value in wavelengths) + "}",
        "data ignore value": -9999,
        "map info": UTM.format("30, 30", ""),
    }
    data = write_envi(tmp_path, np.ones((n_bands, 2, 2)), fields)
    (message,) = messages_of(data)
    assert "does not see `wavelength`, `data ignore value`, `map info`, which are used" in message
    scene = open_scene_quietly(data)
    assert np.allclose(scene.wavelengths_nm, wavelengths, atol=1e-12)
    header = tmp_path / "scene.hdr"
    written = {**read_header(header), "wavelength": wavelengths}
    header.write_text(format_header(written))
    assert np.array_equal(open_scene(data).wavelengths_nm, wavelengths)  # the cure works


def open_scene_quietly(path):
    with pytest.warns(SceneWarning):
        return open_scene(path)


@pytest.mark.parametrize(("text", "seen"), [("{-9999}", "0"), ("-9999d0", None), ("-1d34", "-1")])
def test_a_nodata_value_that_gdal_misreads_is_named(tmp_path, write_envi, small_cube, text, seen):
    data = write_envi(tmp_path, small_cube, {"data ignore value": text}, dtype="<f8")
    if seen is None:
        assert open_scene(data).valid_mask().all()
    else:
        (message,) = messages_of(data)
        assert f"takes {seen} as nodata" in message
        assert f"Pass `nodata={seen}` if GDAL is right." in message


def test_a_nodata_value_in_an_aux_file_is_named(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube)
    band = '<PAMRasterBand band="1"><NoDataValue>5</NoDataValue></PAMRasterBand>'
    (tmp_path / "scene.img.aux.xml").write_text(f"<PAMDataset>{band}</PAMDataset>")
    (message,) = messages_of(data)
    assert "takes 5 as nodata (by its own reading of the header, or from an .aux.xml)" in message


def test_another_header_that_gdal_prefers_is_not_compared(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube)
    write_envi(tmp_path, small_cube, {"data ignore value": "{3}"}, header="scene.img.hdr")
    assert data.exists()
    scene = open_scene(tmp_path / "scene.hdr")  # GDAL takes scene.img.hdr
    assert scene.valid_mask().all()
    with pytest.warns(SceneWarning, match="takes 0 as nodata"):
        assert open_scene(tmp_path / "scene.img.hdr").valid_mask().sum() == 14


@given(rotation=st.floats(-179, 179), x_size=st.floats(0.01, 1e4))
def test_rotation_of_square_pixels_agrees_with_gdal(tmp_path_factory, write_envi, rotation, x_size):
    folder = tmp_path_factory.mktemp("turned")
    fields = {"map info": UTM.format(f"{x_size}, {x_size}", f", rotation={rotation}")}
    open_scene(write_envi(folder, np.ones((2, 3, 4)), fields))  # a warning would be an error


@given(column=st.floats(-50, 50), row=st.floats(-50, 50), y_size=st.floats(0.01, 1e4))
def test_reference_pixel_of_oblong_pixels_agrees_with_gdal(
    tmp_path_factory, write_envi, column, row, y_size
):
    """Pitfall 2."""
    folder = tmp_path_factory.mktemp("moved")
    text = f"{{UTM, {column}, {row}, 500000, 4100000, 30, {y_size}, 11, North, WGS-84}}"
    open_scene(write_envi(folder, np.ones((2, 3, 4)), {"map info": text}))
