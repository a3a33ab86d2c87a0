import h5py
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneWarning
from scenes.formats import open_scene

NM = np.array([383.5, 388.5, 1390.0, 1850.0, 2511.9])
SHAPE = (9, 6)
MAP_INFO = "UTM, 1.000, 1.000, 322000.00, 4103000.0, 1.0, 1.0, 11, North, WGS-84, units=Meters, 0"


@pytest.fixture
def parts():
    """All datasets and attributes of a NEON reflectance tile, to be written or left out."""
    cube = np.random.default_rng(0).integers(0, 9000, (*SHAPE, 5)).astype(np.int16)
    cube[4, 5] = -9999
    return {
        "Reflectance_Data": cube,
        "Metadata/Spectral_Data/Wavelength": NM,
        "Metadata/Spectral_Data/FWHM": np.full(5, 5.8),
        "Metadata/Coordinate_System/Map_Info": np.bytes_(MAP_INFO),
        "Metadata/Coordinate_System/EPSG Code": np.bytes_("32611"),
        "Reflectance_Data@Scale_Factor": 10000.0,
        "Reflectance_Data@Data_Ignore_Value": -9999.0,
        "@Band_Window_1_Nanometers": np.array([1340, 1445]),
        "@Band_Window_2_Nanometers": np.array([1790, 1955]),
    }


def write_neon(folder, parts, name="NEON_D17_SJER_DP3_257000_4112000_reflectance.h5"):
    with h5py.File(folder / name, "w") as file:
        group = file.create_group("SJER/Reflectance")
        for key, value in sorted(parts.items(), key=lambda item: "@" in item[0]):
            dataset, at, attribute = key.partition("@")
            if at:
                (group[dataset] if dataset else group).attrs[attribute] = value
            elif np.ndim(value) == 3:
                group.create_dataset(key, data=value, chunks=(4, 3, 2), compression="gzip")
            else:
                group[key] = value
    return folder / name


def expected_of(parts):
    cube = parts["Reflectance_Data"].transpose(2, 0, 1).astype(np.float32) / 10000
    cube[:, 4, 5] = np.nan
    return cube


@pytest.mark.parametrize(
    "name",
    [
        "NEON_D17_SJER_DP3_257000_4112000_reflectance.h5",
        "NEON_D17_SJER_DP3_257000_4112000_bidirectional_reflectance.h5",
    ],
)
def test_neon_reads_what_was_written(tmp_path, parts, reads_like, name):
    scene = open_scene(write_neon(tmp_path, parts, name))
    reads_like(scene, expected_of(parts)[[0, 1, 4]])
    assert scene.unit == "reflectance"


def test_neon_bands_within_the_water_windows_are_not_used(tmp_path, parts):
    bands = open_scene(write_neon(tmp_path, parts)).bands
    assert np.array_equal(bands.wavelengths_nm, NM)
    assert bands.fwhm_nm.tolist() == [5.8] * 5
    assert bands.good.tolist() == [True, True, False, False, True]


def test_neon_lies_where_map_info_says(tmp_path, parts):
    grid = open_scene(write_neon(tmp_path, parts)).grid
    assert grid.crs == CRS.from_epsg(32611)
    assert grid.transform == Affine(1, 0, 322000, 0, -1, 4103000)


def test_neon_without_an_epsg_code_takes_the_one_of_map_info(tmp_path, parts):
    del parts["Metadata/Coordinate_System/EPSG Code"]
    assert open_scene(write_neon(tmp_path, parts)).grid.crs == CRS.from_epsg(32611)


def test_neon_with_a_senseless_epsg_code_warns(tmp_path, parts):
    parts["Metadata/Coordinate_System/EPSG Code"] = np.bytes_("utm11")
    with pytest.warns(SceneWarning, match="'utm11' is not known"):
        scene = open_scene(write_neon(tmp_path, parts))
    assert scene.grid.crs == CRS.from_epsg(32611)


def test_neon_attributes_may_be_written_with_blanks(tmp_path, parts):
    parts["Reflectance_Data@Scale Factor"] = parts.pop("Reflectance_Data@Scale_Factor")
    parts["Reflectance_Data@data ignore value"] = parts.pop("Reflectance_Data@Data_Ignore_Value")
    scene = open_scene(write_neon(tmp_path, parts))
    assert np.allclose(scene.read(), expected_of(parts)[[0, 1, 4]], equal_nan=True)


@pytest.mark.parametrize(
    "missing",
    [
        "Reflectance_Data@Scale_Factor",
        "Reflectance_Data@Data_Ignore_Value",
        "Metadata/Spectral_Data/Wavelength",
        "Metadata/Spectral_Data/FWHM",
        "Metadata/Coordinate_System/Map_Info",
    ],
)
def test_neon_with_a_missing_piece_names_it(tmp_path, parts, missing):
    del parts[missing]
    name = missing.rpartition("@")[2].replace("Metadata", "SJER/Reflectance/Metadata")
    with pytest.raises(SceneError, match=f"has no (dataset|attribute) '{name}'"):
        open_scene(write_neon(tmp_path, parts))


def test_neon_without_its_cube_names_it(tmp_path, parts):
    for key in [key for key in parts if key.startswith("Reflectance_Data")]:
        del parts[key]
    with pytest.raises(SceneError, match="no dataset 'SJER/Reflectance/Reflectance_Data'"):
        open_scene(write_neon(tmp_path, parts))


def test_neon_with_an_impossible_scale_is_refused(tmp_path, parts):
    parts["Reflectance_Data@Scale_Factor"] = 0.0
    with pytest.raises(SceneError, match=r"scale factor of .* is 0"):
        open_scene(write_neon(tmp_path, parts))
