import warnings

import h5py
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneWarning
from scenes.formats import open_scene
from scenes.formats.envi_files import find_header
from scenes.preparation import Preparation

UTM = "{UTM, 1, 1, 500000, 4100000, 5, 5, 11, North, WGS-84}"
TURNED = UTM.replace("}", ", rotation=-20}")
NM = "{380.5, 900.25, 2490.75}"
SCENE, MAP = (20, 12), (25, 22)


@pytest.fixture
def cube():
    return np.random.default_rng(0).random((3, *SCENE)).astype(np.float32)


@pytest.fixture
def table():
    """Samples and lines of a GLT, a fifth of them negative: gaps filled from a neighbour."""
    rng = np.random.default_rng(1)
    sign = np.where(rng.random(MAP) < 0.2, -1, 1)
    samples, lines = rng.integers(0, SCENE[1] + 1, MAP), rng.integers(0, SCENE[0] + 1, MAP)
    return np.array([samples, lines]) * sign


def write_line(write_envi, folder, cube, table, image, glt):
    fields = {"wavelength": NM, "wavelength units": "Nanometers", "data ignore value": -9999}
    path = write_envi(folder, cube, fields, interleave="bil", data=image, header=f"{image}.hdr")
    write_envi(
        folder, table, {"map info": TURNED}, dtype="<i4", interleave="bip",
        data=glt, header=f"{glt}.hdr",
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("image", "glt"),
    [
        ("ang20170228t170016_rdn_v2p5_img", "ang20170228t170016_ort_glt"),
        ("ang20170228t170016_corr_v1_img", "ang20170228t170016_rdn_v1_glt"),
        ("AV320230915t153342_L1B_RDN_x_RDN", "AV320230915t153342_L1B_ORT_x_GLT"),
        ("f080611t01p00r07rdn_c_sc01", "f080611t01p00r07rdn_c_ort_glt"),
    ],
)
def test_aviris_line_beside_its_glt_has_a_lookup(
    write_envi, tmp_path, cube, table, reads_like, image, glt
):
    path = write_line(write_envi, tmp_path, cube, table, image, glt)
    for given in (path, tmp_path / f"{image}.hdr"):
        scene = open_scene(given)
        reads_like(scene, cube)
        assert scene.lookup.grid.crs == CRS.from_epsg(32611)
        assert scene.lookup.grid.transform.b != 0
        rows, columns = scene.lookup.read()
        known = (table != 0).all(axis=0)
        assert np.array_equal(columns[known], np.abs(table[0][known]) - 1)
        assert np.array_equal(rows[known], np.abs(table[1][known]) - 1)
        assert (rows[~known] == -1).all()


def test_aviris_image_on_a_map_needs_no_lookup(write_envi, tmp_path, cube, table):
    write_line(write_envi, tmp_path, cube, table, "ang20170228t170016_x", "ang20170228t170016_glt")
    fields = {"map info": UTM, "data ignore value": -9999}
    name = "ang20170228t170016_rfl_v2p5_img"
    path = write_envi(tmp_path, cube, fields, data=name, header=f"{name}.hdr")
    assert open_scene(path).lookup is None


def test_aviris_line_without_a_glt_or_beside_that_of_another_has_no_lookup(
    write_envi, tmp_path, cube, table
):
    image = "ang20170228t170016_rdn_v2p5_img"
    path = write_line(write_envi, tmp_path, cube, table, image, "ang20180101t000000_ort_glt")
    assert open_scene(path).lookup is None


def test_aviris_companions_are_not_taken_for_images(write_envi, tmp_path, cube, table):
    image, glt = "ang20170228t170016_img", "ang20170228t170016_ort_glt"
    write_line(write_envi, tmp_path, cube, table, image, glt)
    scene_of_table = open_scene(tmp_path / glt, scale=1)
    assert scene_of_table.lookup is None  # read as the plain ENVI image that it is
    assert find_header(tmp_path / glt) is not None


def pad(cube, spectrum):
    """Turn a line into its map: two corners of padding, which differs from band to band."""
    padded = cube.copy()
    rows, columns = np.indices(cube.shape[1:])
    outside = (rows + columns < 6) | (rows + columns > sum(cube.shape[1:]) - 7)
    padded[:, outside] = np.asarray(spectrum)[:, None]
    return padded, outside


@pytest.mark.parametrize(
    "spectrum", [(-9999, -9999, -9999), (0, 0, 0), (-0.9999 * 0.8, -0.9999, -0.9999 * 1.1)]
)
def test_aviris_padding_without_a_header_value_is_found_and_said(
    write_envi, tmp_path, cube, reads_like, spectrum
):
    padded, outside = pad(cube, np.float32(spectrum))
    name = "f080611t01p00r07rdn_c_sc01_ort_img"
    fields = {"map info": UTM, "wavelength": NM, "wavelength units": "Nanometers"}
    path = write_envi(tmp_path, padded, fields, data=name, header=f"{name}.hdr")
    with pytest.warns(SceneWarning, match="two of its corners are the same"):
        scene = open_scene(path)
    assert np.array_equal(scene.valid_mask(), ~outside)
    reads_like(scene, np.where(outside, np.nan, padded))


def test_aviris_single_zeros_are_no_padding(write_envi, tmp_path, cube):
    padded, _ = pad(cube, (0, 0, 0))
    padded[1, 10, 5] = 0
    name = "f080611t01p00r07rdn_c_sc01_ort_img"
    path = write_envi(tmp_path, padded, {"map info": UTM}, data=name, header=f"{name}.hdr")
    with pytest.warns(SceneWarning, match="corners"):
        assert open_scene(path).valid_mask()[10, 5]


def test_aviris_with_a_header_value_is_not_searched_for_padding(write_envi, tmp_path, cube):
    padded, outside = pad(cube, (-9999, -9999, -9999))
    fields = {"map info": UTM, "data ignore value": -9999}
    name = "ang20170228t170016_rfl_v2p5_img"
    path = write_envi(tmp_path, padded, fields, data=name, header=f"{name}.hdr")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(open_scene(path).valid_mask(), ~outside)


def test_aviris_bands_without_a_number_are_not_used(write_envi, tmp_path, cube):
    cube[0] = -9999
    name = "f080611t01p00r07rdn_c_sc01_ort_img"
    fields = {"map info": UTM, "data ignore value": -9999}
    path = write_envi(tmp_path, cube, fields, data=name, header=f"{name}.hdr")
    scene = open_scene(path)
    assert scene.bands.good.tolist() == [False, True, True]
    assert scene.valid_mask().all()


def test_aviris_band_that_differs_from_zero_only_in_the_padding_is_left_out(
    write_envi, tmp_path, cube
):
    cube[0] = 0
    padded, _ = pad(cube, (-9999, -9999, -9999))
    name = "f080611t01p00r07rdn_c_sc01_ort_img"
    path = write_envi(tmp_path, padded, {"map info": UTM}, data=name, header=f"{name}.hdr")
    with pytest.warns(SceneWarning, match="corners"):
        scene = open_scene(path)
    with pytest.warns(SceneWarning, match=r"1 band \(1\) left out: the same number"):
        assert Preparation().apply(scene).bands.good.tolist() == [False, True, True]


def write_netcdf(folder, cube, name="reflectance", table=None, without=()):
    path = folder / f"AV320230915t153342_{name}.nc"
    with h5py.File(path, "w") as file:
        group = file.create_group(name)
        group.create_dataset(name, data=cube, chunks=(1, 8, 12)).attrs["_FillValue"] = -9999.0
        group["wavelength"] = np.array([380.5, 900.25, 2490.75], np.float32)
        group["fwhm"] = np.full(3, 7.5, np.float32)
        file["transverse_mercator"] = np.bytes_(b" ")
        file["transverse_mercator"].attrs.update(
            GeoTransform="500000.0 5.0 0.0 4100000.0 0.0 -5.0",
            spatial_ref=CRS.from_epsg(32611).to_wkt(),
        )
        if table is not None:
            file["geolocation_lookup_table/sample"] = table[0].astype(np.int32)
            file["geolocation_lookup_table/line"] = table[1].astype(np.int32)
        for key in without:
            del file[key]
    return path


def test_aviris_netcdf_reflectance_lies_on_its_map(tmp_path, cube, reads_like):
    cube[:, 3, 4] = -9999
    scene = open_scene(write_netcdf(tmp_path, cube))
    reads_like(scene, np.where(cube == -9999, np.nan, cube))
    assert scene.grid.crs == CRS.from_epsg(32611)
    assert scene.grid.transform == Affine(5, 0, 500000, 0, -5, 4100000)
    assert scene.lookup is None
    assert scene.unit == "reflectance"
    assert scene.wavelengths_nm.tolist() == [380.5, 900.25, 2490.75]
    assert scene.fwhm_nm.tolist() == [7.5] * 3


def test_aviris_netcdf_radiance_in_sensor_geometry_has_a_lookup(tmp_path, cube, table):
    scene = open_scene(write_netcdf(tmp_path, cube, "radiance", table))
    assert not scene.grid.is_georeferenced
    assert scene.lookup.grid.transform == Affine(5, 0, 500000, 0, -5, 4100000)
    assert scene.lookup.grid.shape == MAP
    assert scene.unit.startswith("radiance")
    known = (table != 0).all(axis=0)
    assert np.array_equal(scene.lookup.read()[0][known], np.abs(table[1][known]) - 1)


@pytest.mark.parametrize("missing", ["reflectance/wavelength", "reflectance/fwhm"])
def test_aviris_netcdf_with_a_missing_piece_names_it(tmp_path, cube, missing):
    with pytest.raises(SceneError, match=f"no dataset '{missing}'"):
        open_scene(write_netcdf(tmp_path, cube, without=[missing]))


def test_aviris_netcdf_without_a_cube_says_what_it_holds(tmp_path, cube):
    path = write_netcdf(tmp_path, cube, "uncertainty")
    with pytest.raises(SceneError, match=r"neither .* \(it holds transverse_mercator, uncert"):
        open_scene(path)
