"""Wavelengths from files beside a raster."""

import json

import numpy as np
import pytest
import rasterio
from affine import Affine

from scenes import open_scene
from scenes.errors import SceneWarning

UM = [0.45, 0.55, 0.65, 0.75]
NM = [450.0, 550.0, 650.0, 750.0]


@pytest.fixture
def plain(tmp_path, small_cube):
    """A GeoTIFF that says nothing about its bands."""
    path = tmp_path / "scene.tif"
    profile = {"height": 5, "width": 3, "count": 4, "dtype": "float32"}
    with rasterio.open(
        path, "w", driver="GTiff", transform=Affine(30, 0, 0, 0, -30, 0), **profile
    ) as dataset:
        dataset.write(small_cube.astype(np.float32))
    return path


def stac_bands(prefix="", **more):
    return [{f"{prefix}center_wavelength": um, "name": f"b{um}", **more} for um in UM]


@pytest.mark.parametrize("name", ["scene.tif.stac.json", "scene.stac.json", "scene.json"])
@pytest.mark.parametrize(
    "item",
    [
        {"properties": {"eo:bands": stac_bands(full_width_half_max=0.01)}},  # EnMAP-Box, eo 1.0
        {"properties": {"bands": stac_bands("eo:", **{"eo:full_width_half_max": 0.01})}},
        {"assets": {"image": {"href": "https://host/a/scene.tif", "eo:bands": stac_bands()}}},
        {"assets": {"image": {"href": "./scene.tif", "bands": stac_bands("eo:")}}},  # STAC 1.1
        {"bands": stac_bands("eo:")},
    ],
)
def test_stac_gives_wavelengths_and_widths(plain, name, item):
    plain.with_name(name).write_text(json.dumps(item))
    scene = open_scene(plain)
    assert scene.wavelengths_nm == pytest.approx(NM)
    if "full_width_half_max" in str(item):
        assert scene.fwhm_nm == pytest.approx([10.0] * 4)


def test_stac_of_the_enmap_box_names_bad_bands_only(plain):
    """Bands without the key are good."""
    bands = stac_bands()
    bands[2]["enmapbox:bad_band_multiplier"] = 0
    text = json.dumps({"properties": {"eo:bands": bands}})
    plain.with_name("scene.tif.stac.json").write_text(text)
    assert open_scene(plain).bands.good.tolist() == [True, True, False, True]


def test_stac_asset_of_this_raster_goes_before_others(plain):
    other = [{"center_wavelength": um + 1} for um in UM]
    assets = {
        "other": {"href": "other.tif", "eo:bands": other},
        "this": {"href": "scene.tif", "eo:bands": stac_bands()},
    }
    text = json.dumps({"properties": {"eo:bands": other}, "assets": assets})
    plain.with_name("scene.json").write_text(text)
    assert open_scene(plain).wavelengths_nm == pytest.approx(NM)


@pytest.mark.parametrize(
    "text",
    ["[1, 2]", "3", "null", '{"properties": 7}', '{"assets": []}', '{"bands": [1, 2, 3, 4]}',
     '{"properties": {"eo:bands": [{"name": "a"}]}}', '{"assets": {"a": {"href": 5}}}'],
)  # fmt: skip
def test_json_that_is_no_stac_is_passed_over(plain, text):
    plain.with_name("scene.json").write_text(text)
    assert open_scene(plain).wavelengths_nm is None


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"bands": NaN'])
def test_json_that_cannot_be_read_is_named_and_ignored(plain, text):
    plain.with_name("scene.json").write_text(text)
    with pytest.warns(SceneWarning, match=r"scene\.json is no JSON that can be read"):
        assert open_scene(plain).wavelengths_nm is None


def test_stac_of_other_bands_is_named_and_ignored(plain):
    plain.with_name("scene.json").write_text(json.dumps({"bands": stac_bands("eo:")[:3]}))
    with pytest.warns(SceneWarning, match=r"wavelengths of 3 bands, not of 4; it is ignored"):
        assert open_scene(plain).wavelengths_nm is None


@pytest.mark.parametrize(
    ("head", "values"),
    [
        ("wavelength_nm", NM),
        ("Wavelength (nm)", NM),
        ("WAVELENGTH_UM", UM),
        ("wavelength [µm]", UM),
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_table_gives_wavelengths_in_the_unit_of_its_column(plain, head, values, mark):
    rows = [mark.join([head, "fwhm", "bbl"])]
    rows += [mark.join([str(value), str(values[0] / 50), str(i)]) for i, value in enumerate(values)]
    plain.with_suffix(".csv").write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    scene = open_scene(plain)
    assert scene.bands.wavelengths_nm == pytest.approx(NM)
    assert scene.bands.fwhm_nm == pytest.approx([9.0] * 4)
    assert scene.bands.good.tolist() == [False, True, True, True]


def test_table_without_a_unit_is_guessed_with_a_warning(plain):
    plain.with_suffix(".csv").write_text("name,wavelength\n" + "".join(f"b,{um}\n" for um in UM))
    with pytest.warns(SceneWarning, match="have no unit; .* taken as micrometres"):
        assert open_scene(plain).wavelengths_nm == pytest.approx(NM)


@pytest.mark.parametrize(
    "rows", ["450\n", "450\n\n550\n650\n750\n850\n", "450\n550\n650,1\n\n750,1\n"]
)
def test_table_of_another_length_is_named_and_ignored(plain, rows):
    head = "wavelength_nm" if "," not in rows else "wavelength_nm,fwhm"
    plain.with_suffix(".csv").write_text(f"{head}\n{rows}")
    with pytest.warns(SceneWarning, match=r"scene\.csv has a column of wavelengths, but"):
        assert open_scene(plain).wavelengths_nm is None


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\n", '"', "spectrum,class\n1,2\n3,4\n"])
def test_table_of_something_else_is_passed_over(plain, text):
    plain.with_suffix(".csv").write_text(text)
    assert open_scene(plain).wavelengths_nm is None


def test_what_the_raster_says_goes_before_what_lies_beside_it(plain):
    plain.with_suffix(".csv").write_text("wavelength_nm\n1\n2\n3\n4\n")
    with rasterio.open(plain, "r+") as dataset:
        for band, nm in enumerate(NM, start=1):
            dataset.update_tags(band, Wavelength=nm, WAVELENGTH_UNITS="nm")
    assert open_scene(plain).wavelengths_nm.tolist() == NM


def test_envi_without_wavelengths_takes_those_of_a_table(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube, {"bbl": "{1, 0, 1, 1}", "band names": "{a, b, c, d}"})
    (tmp_path / "scene.csv").write_text("wavelength_nm\n" + "\n".join(map(str, NM)))
    scene = open_scene(data)
    assert scene.bands.wavelengths_nm.tolist() == NM
    assert scene.bands.good.tolist() == [True, False, True, True]
    assert scene.bands.names == ("a", "b", "c", "d")
