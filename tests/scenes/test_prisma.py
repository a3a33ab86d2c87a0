import h5py
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneWarning
from scenes.formats import open_scene

VNIR_NM = np.array([0, 0, 972.6, 962.3, 411.3, 402.5], np.float32)  # descending, zeros first
SWIR_NM = np.array([2496.9, 1400.0, 951.0, 943.0, 0], np.float32)  # zeros last
LIMITS = {"Vnir": (0.01, 0.9), "Swir": (-0.05, 0.7)}
SHAPE = (20, 16)


@pytest.fixture
def parts():
    """All datasets and attributes of a PRISMA L2D file, to be written or left out."""
    rng = np.random.default_rng(0)
    cubes = {
        "VNIR": rng.integers(1, 65536, (SHAPE[0], 6, SHAPE[1])).astype(np.uint16),
        "SWIR": rng.integers(1, 65536, (SHAPE[0], 5, SHAPE[1])).astype(np.uint16),
    }
    cubes["VNIR"][:3, :, :3] = cubes["SWIR"][:3, :, :3] = 0  # outside the swath
    errors = {arm: np.zeros(cube.shape, np.uint8) for arm, cube in cubes.items()}
    errors["VNIR"][9, 3, 8] = 1  # invalid at L1
    errors["SWIR"][10, 0, 9] = 2  # negative: kept
    errors["SWIR"][11, 4, 10] = 1  # in a band that was not measured: no matter
    return {
        **{f"{arm}_Cube": cube for arm, cube in cubes.items()},
        **{f"{arm}_PIXEL_L2_ERR_MATRIX": flags for arm, flags in errors.items()},
        "@List_Cw_Vnir": VNIR_NM,
        "@List_Cw_Swir": SWIR_NM,
        "@List_Fwhm_Vnir": np.where(VNIR_NM > 0, 12.5, 0).astype(np.float32),
        "@List_Fwhm_Swir": np.where(SWIR_NM > 0, 10.25, 0).astype(np.float32),
        **{f"@L2Scale{arm}Min": np.float32(low) for arm, (low, _) in LIMITS.items()},
        **{f"@L2Scale{arm}Max": np.float32(high) for arm, (_, high) in LIMITS.items()},
        "@Epsg_Code": np.int32(32632),
        "@Product_ULcorner_easting": 600015.0,
        "@Product_ULcorner_northing": 5000985.0,
        "@Product_LRcorner_easting": 600015.0 + 30 * (SHAPE[1] - 1),
        "@Product_LRcorner_northing": 5000985.0 - 30 * (SHAPE[0] - 1),
    }


def write_prisma(folder, parts, level="L2D"):
    path = folder / f"PRS_{level}_STD_20200813103056_20200813103100_0001.he5"
    with h5py.File(path, "w") as file:
        for key, value in parts.items():
            if key.startswith("@"):
                file.attrs[key[1:]] = value
            else:
                file[f"HDFEOS/SWATHS/PRS_{level}_HCO/Data Fields/{key}"] = value
        file[f"HDFEOS/SWATHS/PRS_{level}_PCO/Data Fields/Cube"] = np.zeros((4, 4), np.uint16)
    return path


def expected_of(parts):
    cubes = []
    for arm, wavelengths in (("Vnir", VNIR_NM), ("Swir", SWIR_NM)):
        low, high = (np.float64(parts[f"@L2Scale{arm}{end}"]) for end in ("Min", "Max"))
        cube = parts[f"{arm.upper()}_Cube"].astype(np.float64) / 65535 * (high - low) + low
        cubes.append(cube.transpose(1, 0, 2)[wavelengths > 0])
    cube = np.concatenate(cubes)
    cube[:, :3, :3] = np.nan
    cube[:, 9, 8] = np.nan
    return cube.astype(np.float32)


def test_prisma_reads_what_was_written(tmp_path, parts, reads_like):
    reads_like(open_scene(write_prisma(tmp_path, parts)), expected_of(parts))


def test_prisma_bands_descend_without_the_placeholders(tmp_path, parts):
    bands = open_scene(write_prisma(tmp_path, parts)).bands
    assert not bands.listed
    known = np.concatenate([VNIR_NM[VNIR_NM > 0], SWIR_NM[SWIR_NM > 0]])
    assert np.array_equal(bands.wavelengths_nm, known.astype(float))
    assert bands.fwhm_nm.tolist() == [12.5] * 4 + [10.25] * 4
    assert bands.good.all()


def test_prisma_l2d_corners_are_centres_of_pixels(tmp_path, parts):
    scene = open_scene(write_prisma(tmp_path, parts))
    assert scene.grid.crs == CRS.from_epsg(32632)
    assert scene.grid.transform == Affine(30, 0, 600000, 0, -30, 5001000)
    assert scene.lookup is None


def test_prisma_l2c_lies_nowhere_and_says_so(tmp_path, parts):
    path = write_prisma(tmp_path, parts, "L2C")
    with pytest.warns(SceneWarning, match="geometry of the sensor"):
        scene = open_scene(path)
    assert not scene.grid.is_georeferenced
    assert np.allclose(scene.read(), expected_of(parts), rtol=1e-6, equal_nan=True)


def test_prisma_band_without_reflectance_in_most_pixels_is_not_used(tmp_path, parts):
    parts["SWIR_Cube"][:, 1] = 0
    parts["SWIR_Cube"][::7, 1] = 5
    scene = open_scene(write_prisma(tmp_path, parts))
    assert scene.bands.good.tolist() == [True] * 5 + [False] + [True] * 2
    assert np.isfinite(scene.read()[:, 15, 15]).all()


def test_prisma_without_error_matrix_reads_all_numbers(tmp_path, parts):
    del parts["VNIR_PIXEL_L2_ERR_MATRIX"]
    assert open_scene(write_prisma(tmp_path, parts)).valid_mask()[9, 8]


@pytest.mark.parametrize(
    "missing",
    [
        "VNIR_Cube",
        "SWIR_Cube",
        "@List_Cw_Vnir",
        "@List_Fwhm_Swir",
        "@L2ScaleSwirMax",
        "@Epsg_Code",
        "@Product_LRcorner_northing",
    ],
)
def test_prisma_with_a_missing_piece_names_it(tmp_path, parts, missing):
    del parts[missing]
    with pytest.raises(SceneError, match=f"has no .*{missing.strip('@')}'"):
        open_scene(write_prisma(tmp_path, parts))


def test_prisma_of_another_level_is_refused(tmp_path, parts):
    with pytest.raises(SceneError, match=r"PRS_L2B_HCO.* read are PRISMA L2C and L2D"):
        open_scene(write_prisma(tmp_path, parts, "L2B"))


def test_prisma_with_corners_the_wrong_way_round_is_refused(tmp_path, parts):
    parts["@Product_LRcorner_easting"] = 0.0
    with pytest.raises(SceneError, match="do not enclose 20 x 16 pixels"):
        open_scene(write_prisma(tmp_path, parts))


def test_prisma_whose_lists_differ_in_length_is_refused(tmp_path, parts):
    parts["@List_Fwhm_Vnir"] = np.ones(5, np.float32)
    with pytest.raises(SceneError, match="List_Cw_Vnir has 6 entries, List_Fwhm_Vnir 5"):
        open_scene(write_prisma(tmp_path, parts))
