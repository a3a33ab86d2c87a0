import h5py
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError
from scenes.formats import open_scene

WAVELENGTHS = np.array([381.0056, 388.4092, 395.8158, 1321.2, 2492.9], np.float32)
GOOD = np.array([1, 1, 1, 0, 1], np.uint8)
GEOTRANSFORM = [-110.5, 0.000542232520256367, 0.0, 35.25, 0.0, -0.000542232520256367]
SCENE = (9, 7)  # downtrack x crosstrack
MAP = (12, 10)


@pytest.fixture
def parts():
    """All datasets and attributes of an EMIT L2A reflectance file, to be written or left out."""
    rng = np.random.default_rng(0)
    cube = rng.random((*SCENE, 5)).astype(np.float32)
    cube[:, :, 3] = -0.01
    cube[2, 4] = -9999
    return {
        "reflectance": cube,
        "sensor_band_parameters/wavelengths": WAVELENGTHS,
        "sensor_band_parameters/fwhm": np.full(5, 8.415, np.float32),
        "sensor_band_parameters/good_wavelengths": GOOD,
        "location/lat": rng.random(SCENE),
        "location/lon": rng.random(SCENE),
        "location/glt_x": rng.integers(0, SCENE[1] + 1, MAP).astype(np.int32),
        "location/glt_y": rng.integers(0, SCENE[0] + 1, MAP).astype(np.int32),
        "@geotransform": np.array(GEOTRANSFORM),
        "@spatial_ref": CRS.from_epsg(4326).to_wkt(),
        "@title": "EMIT L2A Estimated Surface Reflectance 60 m V001",
    }


def write_emit(folder, parts, name="EMIT_L2A_RFL_001_20230316T045211_2307503_006.nc"):
    with h5py.File(folder / name, "w") as file:
        for key, value in parts.items():
            if key.startswith("@"):
                file.attrs[key[1:]] = value
            elif value.ndim == 3:
                cube = file.create_dataset(key, data=value, chunks=(4, 3, 2), compression="gzip")
                cube.attrs["_FillValue"] = np.array([-9999.0], np.float32)
            else:
                file[key] = value
    return folder / name


def test_emit_reads_what_was_written(tmp_path, parts, reads_like):
    scene = open_scene(write_emit(tmp_path, parts))
    expected = parts["reflectance"][:, :, GOOD == 1].transpose(2, 0, 1).copy()
    expected[:, 2, 4] = np.nan
    reads_like(scene, expected)
    assert scene.unit == "reflectance"
    assert "EMIT L2A" in scene.metadata["title"]
    assert scene.bands.listed


def test_emit_bands_are_those_of_the_file_and_good_ones_are_used(tmp_path, parts):
    scene = open_scene(write_emit(tmp_path, parts))
    assert np.array_equal(scene.bands.wavelengths_nm, WAVELENGTHS.astype(float))
    assert np.allclose(scene.bands.fwhm_nm, 8.415)
    assert scene.bands.good.tolist() == (GOOD == 1).tolist()


def test_emit_lies_nowhere_itself_and_its_lookup_on_the_map(tmp_path, parts):
    scene = open_scene(write_emit(tmp_path, parts))
    assert not scene.grid.is_georeferenced
    assert scene.lookup.grid.crs == CRS.from_epsg(4326)
    assert scene.lookup.grid.transform == Affine.from_gdal(*GEOTRANSFORM)
    assert scene.lookup.grid.shape == MAP
    rows, columns = scene.lookup.read()
    known = (parts["location/glt_x"] > 0) & (parts["location/glt_y"] > 0)
    assert np.array_equal(rows[known], parts["location/glt_y"][known] - 1)
    assert np.array_equal(columns[known], parts["location/glt_x"][known] - 1)
    assert (rows[~known] == -1).all()


def test_emit_keeps_its_lookup_with_other_bands(tmp_path, parts):
    scene = open_scene(write_emit(tmp_path, parts))
    assert scene.with_bands([0, 1]).lookup is scene.lookup


def test_emit_radiance_is_read_too_and_says_so(tmp_path, parts):
    parts["radiance"] = parts.pop("reflectance")
    del parts["sensor_band_parameters/good_wavelengths"]
    scene = open_scene(write_emit(tmp_path, parts, "EMIT_L1B_RAD_001.nc"))
    assert scene.unit.startswith("radiance")
    assert scene.n_bands == 5


def test_emit_packed_into_whole_numbers_reads_the_same(tmp_path, parts):
    """As files are that were compressed by others: scale_factor and add_offset (CF)."""
    cube = parts["reflectance"].copy()
    lost = (cube == -9999).all(axis=2)
    packed = np.where(lost[..., None], -32768, np.rint((cube - 0.25) / 1e-4)).astype(np.int16)
    path = write_emit(tmp_path, parts | {"reflectance": packed})
    with h5py.File(path, "r+") as file:
        attributes = {"scale_factor": 1e-4, "add_offset": [0.25], "_FillValue": np.int16(-32768)}
        for key, value in attributes.items():
            file["reflectance"].attrs[key] = value
    scene = open_scene(path)
    assert np.array_equal(scene.valid_mask(), ~lost)
    found = scene.read()[:, ~lost]
    assert np.allclose(found, cube[~lost][:, GOOD == 1].T, atol=6e-5)


@pytest.mark.parametrize(
    "missing",
    [
        "reflectance",
        "sensor_band_parameters/wavelengths",
        "sensor_band_parameters/fwhm",
        "location/glt_y",
        "@geotransform",
        "@spatial_ref",
    ],
)
def test_emit_with_a_missing_piece_names_it(tmp_path, parts, missing):
    del parts[missing]
    with pytest.raises(SceneError, match=f"has no (dataset|attribute) '{missing.strip('@')}'"):
        open_scene(write_emit(tmp_path, parts))


def test_emit_whose_lists_differ_in_length_is_refused(tmp_path, parts):
    parts["sensor_band_parameters/fwhm"] = np.ones(4)
    with pytest.raises(SceneError, match=r"\[4, 5\] in number"):
        open_scene(write_emit(tmp_path, parts))


def test_emit_with_a_table_of_another_scene_is_refused_when_read(tmp_path, parts):
    parts["location/glt_x"][3, 3], parts["location/glt_y"][3, 3] = SCENE[1] + 1, 1
    scene = open_scene(write_emit(tmp_path, parts))
    with pytest.raises(SceneError, match="belongs to another scene"):
        scene.lookup.read()
