"""``unmix tune``."""

import json

import pytest

from unmix import Unmixer


def test_tune_ranks_numbers_and_saves_the_best(unmix_command, small_scene, tmp_path):
    out = tmp_path / "out"
    quick = ("--setting", "n_points=100", "--setting", "n_steps=60", "--setting", "n_starts=4")
    command = ("tune", small_scene, "-o", out, "--number", "2:3", *quick, "--pixels", 800)
    result = unmix_command(*command, "--save")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["best"]["n_endmembers"] == 3
    assert [trial["parameters"]["n_endmembers"] for trial in said["trials"]] == [3, 2]
    assert said["score_db"] == said["trials"][0]["score"] > said["trials"][1]["score"]
    assert (out / "tuning.png").read_bytes().startswith(b"\x89PNG")
    model = Unmixer.load(out / "model")
    assert model.n_endmembers_ == 3 and model.settings.n_points == 100
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "tune" and record["scores"]["trials"] == said["trials"]


@pytest.mark.parametrize(
    "options",
    [("--number", "1:3"), ("--number", "3-5"), ("--setting", "n_points"), ("--folds", 1)],
)
def test_what_cannot_be_read_is_wrong_usage(unmix_command, small_scene, tmp_path, options):
    assert unmix_command("tune", small_scene, "-o", tmp_path / "out", *options).exit_code == 2


def test_unknown_settings_are_one_sentence(unmix_command, small_scene, tmp_path):
    command = ("tune", small_scene, "-o", tmp_path / "out", "--setting", "depth=3")
    result = unmix_command(*command)
    assert result.exit_code == 1 and "no parameter 'depth' to tune" in result.stderr
    assert not (tmp_path / "out").exists()
