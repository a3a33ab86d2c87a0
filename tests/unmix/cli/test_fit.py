"""``unmix fit`` and ``unmix apply`` over many scenes."""

import json

import numpy as np
import pytest

from scenes import open_scene
from unmix import Unmixer
from unmix.resuming import REQUEST_NAME

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture(scope="module")
def fitted_folder(line_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted") / "model"
    line_model.save(folder)
    return folder


def test_fit_learns_one_model_of_many_scenes(unmix_command, flight_lines, tmp_path):
    out = tmp_path / "model"
    result = unmix_command("fit", *flight_lines, "-o", out, "-n", 3, "--refits", 0)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["n_endmembers"] == 3 and said["stability"] == [None] * 3
    assert said["scenes"] == [str(path) for path in flight_lines]
    model = Unmixer.load(out)
    assert model.source_["scenes"] == [open_scene(path).name for path in flight_lines]
    before = (out / "model.json").read_bytes()
    again = unmix_command("fit", *flight_lines, "-o", out, "-n", 2)
    assert again.exit_code == 1 and "already exists" in again.stderr
    assert (out / "model.json").read_bytes() == before


def test_apply_resumes_over_many_scenes(unmix_command, flight_lines, fitted_folder, tmp_path):
    out = tmp_path / "maps"
    command = ("apply", *flight_lines, "--model", fitted_folder, "-o", out)
    assert unmix_command(*command).exit_code == 0
    (out / "line1" / REQUEST_NAME).unlink()
    stale = out / ".line2.partial-0123abcd"
    stale.mkdir()
    refused = unmix_command(*command)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    result = unmix_command(*command, "--resume")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["skipped"] == [str(out / "line0"), str(out / "line2")]
    assert len(said["maps"]) == 3
    assert (out / "line1" / REQUEST_NAME).exists() and not stale.exists()
    result = unmix_command(*command, "--resume", "--scale", 20_000)
    assert json.loads(result.stdout)["skipped"] == []


def test_apply_maps_the_others_when_one_scene_fails(
    unmix_command, flight_lines, fitted_folder, tmp_path
):
    out = tmp_path / "maps"
    scenes = (flight_lines[0], tmp_path / "gone.tif", flight_lines[2])
    result = unmix_command("apply", *scenes, "--model", fitted_folder, "-o", out)
    assert result.exit_code == 1
    assert "Error: 1 of 3 scenes could not be mapped" in result.stderr
    assert result.stderr.count("gone.tif") >= 1
    assert sorted(entry.name for entry in out.iterdir()) == ["line0", "line2"]


def test_memory_changes_nothing_but_memory(unmix_command, flight_lines, fitted_folder, tmp_path,
                                           rasters_of):  # fmt: skip
    found = []
    for mebibytes in (1, 192):
        out = tmp_path / str(mebibytes)
        command = ("apply", flight_lines[2], "--model", fitted_folder, "-o", out)
        assert unmix_command(*command, "--memory", mebibytes).exit_code == 0
        found.append(rasters_of(out))
    for name, values in found[0].items():
        assert np.allclose(values, found[1][name], atol=1e-5), name
    assert unmix_command(*command, "--memory", 0).exit_code == 2
