"""``unmix count``, from file to tables."""

import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def said(small_scene):
    from click.testing import CliRunner

    from unmix.cli import main

    arguments = ["count", str(small_scene), "--max", "3"]
    return [CliRunner().invoke(main, [*arguments, *more]) for more in ([], ["--json"])]


def test_count_prints_tables_and_a_recommendation(said):
    table, as_json = said
    assert table.exit_code == 0, table.stderr
    found = json.loads(as_json.stdout)
    for name in ("HySime", "HFC", "NWHFC", "ELM", "separation"):
        assert name in table.stdout
    assert table.stdout.endswith(f"Recommended: {found['recommended']}, {found['reason']}.\n")
    assert table.stderr == ""


def test_count_json_is_near_the_truth(said):
    found = json.loads(said[1].stdout)
    assert found["n_bands"] == 200
    assert abs(found["recommended"] - 3) <= 1
    assert set(found["hfc"]) == {"0.001", "0.0001", "1e-05"}
    assert [step["n_endmembers"] for step in found["curve"]][:2] == [2, 3]


def test_count_of_a_tiny_scene_says_what_is_missing(tmp_path, unmix_command):
    cube = np.random.default_rng(0).random((4, 5, 30), dtype=np.float32)
    cube.astype("<f4").tofile(tmp_path / "tiny.img")
    sizes = "samples = 5\nlines = 4\nbands = 30\n"
    header = f"ENVI\n{sizes}data type = 4\ninterleave = bip\nbyte order = 0\n"
    (tmp_path / "tiny.hdr").write_text(header)
    result = unmix_command("count", tmp_path / "tiny.hdr")
    assert result.exit_code == 1
    assert "Got 20 valid pixels of 30 bands" in result.stderr
    assert result.stdout == ""


def test_count_refuses_a_maximum_below_two(small_scene, unmix_command):
    assert unmix_command("count", small_scene, "--max", 1).exit_code == 2
