"""``unmix denoise``, from file to file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scenes import open_scene
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def noisy():
    materials = ("green vegetation", "sand", "kaolinite")
    return Simulation(40, 48, materials, sensor="enmap", snr_db=20.0, nodata_border=3, seed=2)


@pytest.fixture(scope="module")
def noisy_scene(noisy, tmp_path_factory):
    path = tmp_path_factory.mktemp("noisy") / "noisy.hdr"
    return write_simulated_scene(noisy, path, dtype="float32").scene


@pytest.mark.parametrize(
    ("chosen", "name"), [("geotiff", "denoised.tif"), ("envi", "denoised.img")]
)
def test_the_cube_keeps_its_place_and_axis_and_loses_its_noise(
    noisy, noisy_scene, tmp_path, unmix_command, chosen, name
):
    arguments = ["denoise", noisy_scene, "-o", tmp_path / "out", "--format", chosen]
    result = unmix_command(*arguments, "--steps", 400)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["cube"] == str(tmp_path / "out" / name)
    before, after = open_scene(noisy_scene), open_scene(said["cube"])
    assert after.grid.transform == before.grid.transform
    assert after.grid.crs == before.grid.crs
    assert np.allclose(after.wavelengths_nm, before.wavelengths_nm, atol=0.01)
    assert np.array_equal(after.valid_mask(), before.valid_mask())
    good = noisy.sensor_bands.good
    truth = replace(noisy, snr_db=float("inf")).block().cube[good]
    errors = [np.nanmean((scene.read() - truth) ** 2) for scene in (before, after)]
    assert 10 * np.log10(errors[0] / errors[1]) > 6
    assert said["noise"] == pytest.approx(noisy.noise_sigma, rel=0.05)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["command"] == "denoise"
    assert record["scores"]["n_pixels"] == int(before.valid_mask().sum())


def test_a_folder_in_use_is_left_alone(noisy_scene, tmp_path, unmix_command):
    (tmp_path / "mine.txt").write_text("keep")
    result = unmix_command("denoise", noisy_scene, "-o", tmp_path)
    assert result.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
