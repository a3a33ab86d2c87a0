"""Simulated scenes on disk: like a real product, with its truth, or nothing at all."""

import json

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from scenes.formats import open_scene
from unmix.errors import OutputError, UnmixError
from unmix.simulation import SENSORS, Material, Sensor, Simulation, Target, demo_simulation
from unmix.simulation.files import scene_files
from unmix.simulation.truth import read_truth
from unmix.simulation.write import write_simulated_scene

BAD = np.arange(30) % 10 == 9
SENSOR = Sensor("thirty", np.linspace(420, 2400, 30), np.full(30, 12.5), ~BAD)


def simulation(**changes) -> Simulation:
    settings = {
        "height": 37,
        "width": 29,
        "materials": ("water", "sand", "green vegetation"),
        "sensor": SENSOR,
        "nodata_border": 4,
        "rotation_deg": 23.0,
        "pixel_size": 17.5,
        "origin": (512_345.0, 4_123_456.0),
        "targets": (Target("blue tarp", 2.5), Target("blue tarp", 0.2)),
        "seed": 5,
    }
    return Simulation(**{**settings, **changes})


def read_cube(path) -> np.ndarray:
    scene = open_scene(path)
    return scene.read(Window(0, 0, scene.width, scene.height))


@pytest.mark.parametrize("name", ["s.tif", "s.hdr", "s.img", "s.bsq", "s.bip"])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_written_scene_reads_back_as_it_was_made(tmp_path, name, dtype):
    made = simulation().block()
    files = write_simulated_scene(simulation(), tmp_path / name, dtype=dtype)
    read = read_cube(files.scene)
    tolerance = 0.51e-4 if dtype == "int16" else 0
    np.testing.assert_allclose(read, made.cube[~BAD], atol=tolerance, rtol=1e-6)


@pytest.mark.parametrize("name", ["s.tif", "s.hdr"])
def test_the_rotated_grid_survives_in_scene_and_truth(tmp_path, name):
    files = write_simulated_scene(simulation(), tmp_path / name)
    for path in (files.scene, files.truth):
        with rasterio.open(path) as dataset:
            assert dataset.crs.to_epsg() == 32611
            np.testing.assert_allclose(
                tuple(dataset.transform)[:6], simulation().transform, rtol=1e-9, atol=1e-5
            )
            assert dataset.shape == (37, 29)
            assert dataset.nodata == -9999


@pytest.mark.parametrize("name", ["s.tif", "s.hdr"])
def test_bands_keep_wavelengths_widths_and_flags(tmp_path, name):
    scene = open_scene(write_simulated_scene(simulation(), tmp_path / name).scene)
    np.testing.assert_allclose(scene.bands.wavelengths_nm, SENSOR.wavelengths_nm, rtol=1e-9)
    np.testing.assert_allclose(scene.bands.fwhm_nm, SENSOR.fwhm_nm, rtol=1e-9)
    np.testing.assert_array_equal(scene.bands.good, SENSOR.good)


def test_an_int16_scene_says_its_scale_like_a_product(tmp_path):
    files = write_simulated_scene(simulation(), tmp_path / "s.hdr")
    header = (tmp_path / "s.hdr").read_text()
    assert "reflectance scale factor = 10000" in header
    assert "data type = 2" in header
    assert "data ignore value = -9999" in header
    with rasterio.open(files.scene) as dataset:
        raw = dataset.read()
    assert raw.dtype == np.int16
    assert ((raw == -9999).any(axis=0) == (raw == -9999).all(axis=0)).all()


@pytest.mark.parametrize("name", ["s.tif", "s.bil"])
def test_the_truth_reads_back(tmp_path, name):
    made = simulation()
    files = write_simulated_scene(made, tmp_path / name)
    truth = read_truth(files.scene)
    assert truth.names == ("water", "sand", "green vegetation", "blue tarp")
    np.testing.assert_array_equal(truth.endmembers, made.endmembers)
    np.testing.assert_array_equal(truth.abundances, made.block().abundances)
    assert [t.area_px for t in truth.targets] == [2.5, 0.2]
    with rasterio.open(files.truth) as dataset:
        assert dataset.descriptions == truth.names
        for target in truth.targets:
            row, column = dataset.index(target.x, target.y)
            assert (row, column) == (int(target.row), int(target.column))
            assert dataset.read(4)[row, column] > 0


def test_truth_is_found_from_the_header_too(tmp_path):
    write_simulated_scene(simulation(), tmp_path / "s.hdr")
    assert read_truth(tmp_path / "s.hdr").names == read_truth(tmp_path / "s.img").names


def test_settings_are_plain_json(tmp_path):
    mine = Material("my, roof", ((400, 0.1), (2500, 0.2)), (), "measured")
    made = simulation(snr_db=np.inf, targets=(Target(mine, 4),), epsg=None)
    files = write_simulated_scene(made, tmp_path / "s.tif")
    record = json.loads(files.settings.read_text(), parse_constant=pytest.fail)
    assert record["settings"]["snr_db"] is None
    assert record["settings"]["materials"] == ["water", "sand", "green vegetation"]
    assert record["sources"]["my, roof"] == "measured"
    assert record["targets"][0]["material"] == "my, roof"
    assert record["noise_sigma"] == 0


def test_a_scene_of_many_strips_is_the_scene_in_one(tmp_path, monkeypatch):
    write_simulated_scene(simulation(), tmp_path / "one.bsq")
    monkeypatch.setattr("unmix.simulation.write._STRIP_BYTES", 1)
    rows = []
    write_simulated_scene(
        simulation(), tmp_path / "many.bsq", progress=lambda done, total: rows.append((done, total))
    )
    assert (tmp_path / "one.bsq").read_bytes() == (tmp_path / "many.bsq").read_bytes()
    assert rows == [(i, 37) for i in range(1, 38)]


def test_bright_or_very_noisy_pixels_never_become_nodata(tmp_path):
    made = simulation(snr_db=-20.0, nodata_border=0)
    files = write_simulated_scene(made, tmp_path / "s.tif")
    with rasterio.open(files.scene) as dataset:
        raw = dataset.read()
    assert raw.min() == -9998  # clipped, not wrapped
    assert np.isfinite(read_cube(files.scene)).all()


@pytest.mark.parametrize("name", ["s.tif", "s.hdr"])
def test_after_an_error_there_is_nothing(tmp_path, name):
    class StopError(Exception):
        pass

    def stop(done, total):
        raise StopError

    with pytest.raises(StopError):
        write_simulated_scene(simulation(), tmp_path / name, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_on_demand(tmp_path):
    (tmp_path / "s_truth.tif").write_text("precious")
    with pytest.raises(OutputError, match=r"s_truth\.tif exist.*`overwrite`"):
        write_simulated_scene(simulation(), tmp_path / "s.hdr")
    assert [p.name for p in tmp_path.iterdir()] == ["s_truth.tif"]
    write_simulated_scene(simulation(), tmp_path / "s.hdr", overwrite=True)
    assert read_truth(tmp_path / "s.hdr").names[0] == "water"


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match=r"the folder .*nowhere does not exist"):
        write_simulated_scene(simulation(), tmp_path / "nowhere" / "s.tif")


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("s.nc", {}, "'s.nc' names no format"),
        ("s", {}, "names no format"),
        ("s.bsq", {"interleave": "bip"}, "says bsq, but `interleave` is 'bip'"),
        ("s.tif", {"dtype": "uint8"}, "`dtype` must be 'int16' or 'float32'"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, settings, message):
    with pytest.raises(UnmixError, match=message):
        write_simulated_scene(simulation(), tmp_path / name, **settings)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_epsg_is_refused(tmp_path):
    with pytest.raises(UnmixError, match="`epsg` 1 is no known"):
        write_simulated_scene(simulation(epsg=1), tmp_path / "s.tif")


def test_a_scene_without_truth_says_what_is_missing(tmp_path):
    with pytest.raises(UnmixError, match=r"lonely\.img has no truth.*lonely_truth\.tif"):
        read_truth(tmp_path / "lonely.hdr")


def test_truth_of_another_scene_is_refused(tmp_path):
    one = write_simulated_scene(simulation(), tmp_path / "one.tif")
    two = write_simulated_scene(simulation(targets=()), tmp_path / "two.tif")
    two.truth.replace(one.truth)
    with pytest.raises(UnmixError, match="They belong to different scenes"):
        read_truth(one.scene)


def test_names_of_files_follow_the_stem():
    files = scene_files("folder/line.1.hdr")
    assert files.scene.name == "line.1.img"
    assert files.table.name == "line.1_endmembers.csv"


def test_the_demo_is_small_and_georeferenced(tmp_path):
    files = write_simulated_scene(demo_simulation(), tmp_path / "demo.tif")
    scene = open_scene(files.scene)
    assert files.scene.stat().st_size < 30e6
    assert (scene.height, scene.width) == (200, 240)
    assert scene.n_bands == SENSORS["emit"].good.sum()
    assert scene.grid.crs.to_epsg() == 32611
    assert scene.grid.transform.b != 0
