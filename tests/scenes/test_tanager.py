import h5py
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneWarning
from scenes.formats import open_scene

NM = np.array([376.4, 381.5, 940.25, 2499.0])
SHAPE = (8, 11)
STRUCTURE = """GROUP=GridStructure
\tGROUP=GRID_1
\t\tGridName="HYP"
\t\tXDim=11
\t\tYDim=8
\t\tUpperLeftPointMtrs=(570300.00,3555450.00)
\t\tLowerRightMtrs=(570630.00,3555210.00)
\t\tProjection=HE5_GCTP_UTM
\t\tZoneCode=ZONE
\t\tPixelRegistration=HE5_HDFE_CORNER
END
"""


def write_tanager(
    folder, quantity="surface_reflectance", group="GRIDS", zone=13, epsg=32613, without=()
):
    rng = np.random.default_rng(0)
    cube = rng.random((4, *SHAPE)).astype(np.float32)
    cube[:, 1, 2] = -9999
    flags = np.zeros(SHAPE, np.uint8)
    flags[3, 4] = 1
    path = folder / "20250514_193937_64_4001_ortho_sr_hdf5.h5"
    with h5py.File(path, "w") as file:
        fields = file.create_group(f"HDFEOS/{group}/HYP/Data Fields")
        data = fields.create_dataset(quantity, data=cube, chunks=(2, 4, 5), compression="gzip")
        data.attrs["_FillValue"] = np.float32(-9999)
        lists = {"wavelengths": NM, "fwhm": np.full(4, 5.5), "good_wavelengths": [1, 1, 0, 1]}
        for key in (
            lists.keys() - set(without) - ({"good_wavelengths"} if "toa" in quantity else set())
        ):
            data.attrs[key] = lists[key]
        if "nodata_pixels" not in without:
            fields["nodata_pixels"] = flags
        if epsg is not None:
            file[f"HDFEOS/{group}/HYP"].attrs["epsg_code"] = epsg
        text = STRUCTURE.replace("ZONE", str(zone))
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_(text)
    expected = cube.copy()
    expected[:, 1, 2] = expected[:, 3, 4] = np.nan
    return path, expected


def test_tanager_reads_what_was_written(tmp_path, reads_like):
    path, expected = write_tanager(tmp_path)
    scene = open_scene(path)
    reads_like(scene, expected[[0, 1, 3]])
    assert scene.unit == "reflectance"
    assert np.array_equal(scene.bands.wavelengths_nm, NM)
    assert scene.bands.fwhm_nm.tolist() == [5.5] * 4


def test_tanager_ortho_lies_where_its_structure_says(tmp_path):
    scene = open_scene(write_tanager(tmp_path)[0])
    assert scene.grid.crs == CRS.from_epsg(32613)
    assert scene.grid.transform == Affine(30, 0, 570300, 0, -30, 3555450)


@pytest.mark.parametrize(("zone", "code"), [(13, 32613), (-34, 32734)])
def test_tanager_without_a_code_takes_the_zone(tmp_path, zone, code):
    scene = open_scene(write_tanager(tmp_path, zone=zone, epsg=None)[0])
    assert scene.grid.crs == CRS.from_epsg(code)


def test_tanager_basic_radiance_lies_nowhere_and_says_so(tmp_path):
    path, expected = write_tanager(tmp_path, "toa_radiance", "SWATHS")
    with pytest.warns(SceneWarning, match="basic product"):
        scene = open_scene(path)
    assert not scene.grid.is_georeferenced
    assert scene.unit.startswith("radiance")
    assert np.allclose(scene.read(), expected, equal_nan=True)


def test_tanager_without_flags_reads_all_numbers(tmp_path):
    assert open_scene(write_tanager(tmp_path, without=["nodata_pixels"])[0]).valid_mask()[3, 4]


@pytest.mark.parametrize("missing", ["wavelengths", "fwhm"])
def test_tanager_with_a_missing_list_names_it(tmp_path, missing):
    path, _ = write_tanager(tmp_path, without=[missing])
    with pytest.raises(SceneError, match=f"no attribute '{missing}'"):
        open_scene(path)


def test_tanager_without_a_cube_names_what_is_there(tmp_path):
    path, _ = write_tanager(tmp_path, "ch4")
    with pytest.raises(SceneError, match=r"neither surface_reflectance nor toa_radiance .*ch4"):
        open_scene(path)


def test_tanager_without_its_corners_is_refused(tmp_path):
    path, _ = write_tanager(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["HDFEOS INFORMATION/StructMetadata.0"]
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_("END")
    with pytest.raises(SceneError, match="has no UpperLeftPointMtrs"):
        open_scene(path)
