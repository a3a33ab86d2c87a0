"""What goes wrong is said in one sentence, with exit code 1, and leaves nothing behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HEADER = """ENVI
samples = {width}
lines = {height}
bands = {bands}
header offset = 0
file type = ENVI Standard
data type = 4
interleave = bip
byte order = 0
"""


def envi(folder: Path, cube: np.ndarray, extra: str = "") -> Path:
    """Write a cube (height, width, bands) as ENVI."""
    height, width, bands = cube.shape
    path = folder / "scene.img"
    cube.astype("<f4").tofile(path)
    text = HEADER.format(height=height, width=width, bands=bands) + extra
    path.with_suffix(".hdr").write_text(text)
    return path


def good_cube(height: int = 12, width: int = 9, bands: int = 20) -> np.ndarray:
    rng = np.random.default_rng(0)
    fractions = rng.dirichlet([0.3] * 3, size=height * width)
    return (fractions @ rng.uniform(0.1, 0.6, (3, bands))).reshape(height, width, bands)


def missing_file(folder):
    return folder / "nowhere.hdr"


def header_without_data(folder):
    envi(folder, good_cube()).unlink()
    return folder / "scene.hdr"


def truncated_data(folder):
    path = envi(folder, good_cube())
    os.truncate(path, path.stat().st_size - 100)
    return path


def not_a_raster(folder):
    path = folder / "notes.txt"
    path.write_text("these are only notes\n" * 50)
    return path


def one_band(folder):
    return envi(folder, good_cube(bands=1))


def all_pixels_invalid(folder):
    return envi(folder, np.full((12, 9, 20), -9999.0), "data ignore value = -9999\n")


def constant_image(folder):
    return envi(folder, np.full((12, 9, 20), 0.25))


def nan_everywhere(folder):
    return envi(folder, np.full((12, 9, 20), np.nan))


def black_image(folder):
    return envi(folder, np.zeros((12, 9, 20)))


def two_valid_pixels(folder):
    cube = np.full((12, 9, 20), np.nan)
    cube[:1, :2] = good_cube()[:1, :2]
    return envi(folder, cube)


WRONG = [
    (missing_file, 3, "does not exist"),
    (header_without_data, 3, "data"),
    (truncated_data, 3, r"\d+ bytes"),
    (not_a_raster, 3, "no raster"),
    (one_band, 3, "band"),
    (all_pixels_invalid, 3, "0 valid pixels"),
    (constant_image, 3, "same spectrum"),
    (nan_everywhere, 3, "0 valid pixels"),
    (black_image, 3, "black"),
    (two_valid_pixels, 3, "3 endmembers cannot be learned from 2 valid pixels .* 9 are needed"),
    (
        lambda folder: envi(folder, -good_cube()),
        3,
        r"Endmembers? [123, ]+ (is|are) nowhere above zero",
    ),
    (lambda folder: envi(folder, 1e20 * good_cube()), 3, "too large for sums of their squares"),
    (lambda folder: envi(folder, 1e-24 * good_cube()), 3, "too small for sums of their squares"),
    (lambda folder: envi(folder, good_cube(2, 9)), "auto", r"Got 18 valid .* find: `-n`"),
    (lambda folder: envi(folder, good_cube()), 21, "`-n` is 21 but the spectra have only 20 bands"),
    (lambda folder: folder, 3, "folder"),
]


@pytest.mark.parametrize(("make", "n", "says"), WRONG)
def test_wrong_input_is_one_sentence_and_leaves_nothing(make, n, says, tmp_path, unmix_command):
    inputs = tmp_path / "in"
    inputs.mkdir()
    scene = make(inputs)
    before = sorted(inputs.iterdir())
    result = unmix_command("run", scene, "-n", n, "-o", tmp_path / "made" / "out")
    assert result.exit_code == 1
    assert result.stdout == ""
    error = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(error) == 1
    assert result.stderr.splitlines()[-1] == error[0]
    assert "Traceback" not in result.stderr
    import re

    assert re.search(says, error[0])
    assert sorted(tmp_path.iterdir()) == [inputs]
    assert sorted(inputs.iterdir()) == before


def test_output_folder_in_use_is_refused_even_with_overwrite(tmp_path, unmix_command):
    scene = envi(tmp_path, good_cube())
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    for more in ((), ("--overwrite",)):
        result = unmix_command("run", scene, "-n", 3, "-o", out, *more)
        assert result.exit_code == 1
        assert "precious" in result.stderr
    assert (out / "thesis.tex").read_text() == "years of work"
    result = unmix_command("run", scene, "-n", 3, "-o", scene)
    assert result.exit_code == 1
    assert "is a file" in result.stderr


def test_model_of_another_sensor_is_refused(tmp_path, unmix_command):
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    bands = ", ".join(str(400 + 10 * k) for k in range(20))
    scene = envi(first, good_cube(), f"wavelength units = nm\nwavelength = {{{bands}}}\n")
    assert unmix_command("run", scene, "-n", 3, "-o", tmp_path / "out").exit_code == 0
    bands = ", ".join(str(1400 + 10 * k) for k in range(20))
    other = envi(second, good_cube(), f"wavelength units = nm\nwavelength = {{{bands}}}\n")
    model = tmp_path / "out" / "model"
    result = unmix_command("apply", other, "--model", model, "-o", tmp_path / "maps")
    assert result.exit_code == 1
    assert "not measured on the bands of the model" in result.stderr
    assert "400" in result.stderr
    assert "1400" in result.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(
    ("cube", "says"),
    [
        (-good_cube(), "explain none of 108 valid pixels of scene"),
        (np.full((12, 9, 20), np.nan), "Of 108 pixels of scene none is valid on the 20 bands"),
    ],
    ids=["negative", "masked"],
)
def test_a_scene_of_which_nothing_can_be_mapped_is_refused(cube, says, tmp_path, unmix_command):
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    scene = envi(first, good_cube())
    assert unmix_command("run", scene, "-n", 3, "-o", tmp_path / "out").exit_code == 0
    model = tmp_path / "out" / "model"
    other = envi(second, cube)
    result = unmix_command("apply", other, "--model", model, "-o", tmp_path / "maps")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert says in result.stderr
    assert not (tmp_path / "maps").exists()


def test_model_that_is_none_is_refused(tmp_path, unmix_command):
    scene = envi(tmp_path, good_cube())
    result = unmix_command("apply", scene, "--model", tmp_path, "-o", tmp_path / "maps")
    assert result.exit_code == 1
    assert "no model in" in result.stderr


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("bash") is None,
    reason="limits the size of files with ulimit",
)
def test_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    scene = envi(tmp_path, good_cube(height=60, width=60))
    out = tmp_path / "made" / "out"
    script = (
        "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)); "
        "from unmix.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "run", str(scene), "-n", "3", "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert not out.parent.exists()


def test_wrong_usage_exits_with_2(unmix_command, tmp_path):
    assert unmix_command("run", tmp_path).exit_code == 2
    assert unmix_command("nonsense").exit_code == 2
    for n in (1, -3, "2.5", "many", "AUTO"):
        result = unmix_command("run", tmp_path, "-n", n, "-o", tmp_path)
        assert result.exit_code == 2
        assert f"'{n}' is neither auto nor an integer of at least 2" in result.stderr
    assert unmix_command("run", tmp_path, "-o", tmp_path, "--reading", "guess").exit_code == 2


def test_verbose_shows_the_traceback(unmix_command, tmp_path):
    result = unmix_command("-v", "run", tmp_path / "nowhere", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
