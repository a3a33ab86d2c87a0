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


@pytest.fixture
def written(tmp_path):
    """Writes a cube (height, width, n_bands) as an ENVI scene with wavelengths from 400 nm."""

    def write(cube):
        height, width, n_bands = cube.shape
        cube.astype("<f4").tofile(tmp_path / "small.img")
        sizes = f"samples = {width}\nlines = {height}\nbands = {n_bands}\n"
        wavelengths = ", ".join(str(400 + 10 * k) for k in range(n_bands))
        form = "data type = 4\ninterleave = bip\nbyte order = 0\n"
        units = f"wavelength units = Nanometers\nwavelength = {{{wavelengths}}}\n"
        (tmp_path / "small.hdr").write_text(f"ENVI\n{sizes}{form}{units}")
        return tmp_path / "small.hdr"

    return write


def test_count_of_a_tiny_scene_says_what_is_missing(written, unmix_command):
    cube = np.random.default_rng(0).random((4, 5, 30))
    result = unmix_command("count", written(cube))
    assert result.exit_code == 1
    assert "Got 20 valid pixels of 30 bands" in result.stderr
    assert result.stdout == ""


def test_count_of_a_constant_scene_is_one_sentence(written, unmix_command):
    result = unmix_command("count", written(np.full((9, 9, 12), 0.3)))
    assert result.exit_code == 1
    sentence = "There is nothing to count: all 81 valid pixels have the same spectrum."
    assert [sentence in line for line in result.stderr.strip().splitlines()] == [True]
    assert result.stdout == ""


def test_count_names_the_bands_and_counts_the_pixels_that_it_leaves_out(written, unmix_command):
    rng = np.random.default_rng(0)
    cube = rng.dirichlet([0.3, 0.3], (20, 20)) @ rng.random((2, 12))
    cube += 1e-3 * rng.standard_normal(cube.shape)
    cube[..., 4] = 0
    cube[3, 3, 5:] = 1e30
    result = unmix_command("count", written(cube), "--max", 2, "--json", "--keep-bad-bands")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["n_pixels"], found["n_bands"], found["recommended"]) == (399, 11, 2)
    assert "1 of 12, number 5 (440 nm)" in result.stderr
    assert "1 of 400" in result.stderr


def test_count_refuses_a_maximum_below_two(small_scene, unmix_command):
    assert unmix_command("count", small_scene, "--max", 1).exit_code == 2
