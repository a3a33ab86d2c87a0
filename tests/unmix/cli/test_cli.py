"""The command line as a whole, and its smaller commands."""

import io
import json
import sys

import pytest
from click.testing import CliRunner

from scenes import open_scene
from unmix import __version__
from unmix.cli import COMMANDS, talk
from unmix.simulation import demo_simulation


def test_help_lists_every_command_with_its_own_first_line(unmix_command):
    said = unmix_command("--help").stdout
    for name, line in COMMANDS.items():
        assert name in said
        assert line in said
        assert unmix_command(name, "--help").exit_code == 0


def test_version_is_the_package_s(unmix_command):
    assert unmix_command("--version").stdout == f"unmix, version {__version__}\n"


def test_rio_knows_the_same_commands(small_scene):
    from rasterio.rio.main import main_group

    result = CliRunner().invoke(main_group, ["unmix", "info", str(small_scene)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["name"] == "small"


def test_info_is_json_on_stdout(small_scene, unmix_command):
    result = unmix_command("info", small_scene, "--list-bands")
    said = json.loads(result.stdout)
    scene = open_scene(small_scene)
    assert said["crs"] == "EPSG:32611"
    assert said["transform"] == list(scene.grid.transform)[:6]
    assert (said["n_bands"], said["n_good_bands"]) == (len(scene.bands), scene.n_bands)
    assert said["unit"] == "reflectance"
    assert [band["good"] for band in said["band_list"]] == scene.bands.good.tolist()
    assert result.stderr == ""


def test_info_warns_on_stderr_and_still_prints(tmp_path, unmix_command):
    sizes = "samples = 2\nlines = 2\nbands = 3\n"
    header = f"ENVI\n{sizes}data type = 2\ninterleave = bsq\nbyte order = 0\n"
    (tmp_path / "a.hdr").write_text(header)
    (tmp_path / "a.img").write_bytes(bytes(24))
    result = unmix_command("info", tmp_path / "a.hdr")
    assert json.loads(result.stdout)["unit"] == "raw numbers"
    assert result.stderr.startswith("Warning: ")
    assert len(result.stderr.splitlines()) == 1


def test_simulate_writes_what_was_asked_for(tmp_path, unmix_command):
    out = tmp_path / "sim.tif"
    arguments = ("--size", "20x30", "--sensor", "aviris", "--materials", "water, sand")
    result = unmix_command("simulate", "-o", out, *arguments, "--rotation", 10)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["scene"] == str(out)
    scene = open_scene(out)
    assert (scene.height, scene.width, len(scene.bands)) == (20, 30, 224)
    assert scene.grid.transform.b != 0
    assert unmix_command("simulate", "-o", out, *arguments).exit_code == 1
    assert unmix_command("simulate", "-o", out, "--size", "20").exit_code == 2


def test_demo_scores_well_against_its_truth(tmp_path, unmix_command):
    result = unmix_command("demo", "-o", tmp_path / "demo")
    said = json.loads(result.stdout)
    assert said["score"]["mean_sad_rad"] < 0.01
    assert said["score"]["abundance_rmse"] < 0.03
    assert 0.9 < said["score"]["within_two_deviations"] <= 1
    assert set(said["score"]["materials"]) == set(demo_simulation().names)
    assert len({m["endmember"] for m in said["score"]["materials"].values()}) == 6
    assert said["maps"] in result.stderr


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_bars_are_for_terminals(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(terminal))
    monkeypatch.setattr(talk, "SHOWN_AFTER_S", 0.0)
    with talk.at_work() as said:
        said.progress("mapping", 0.0)
        said.progress("mapping", 0.5)
        said.progress("writing", 1.0)
    shown = sys.stderr.getvalue()
    assert ("mapping:   0%" in shown) is terminal
    assert ("left" in shown) is terminal


def test_progress_for_programs_is_a_line_a_percent(monkeypatch, capsys):
    monkeypatch.setenv("UNMIX_PROGRESS", "json")
    with talk.at_work() as said:
        for step in range(1001):
            said.progress("mapping", step / 1000)
        said.progress("writing", 0.0)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == {"stage": "mapping", "share": 0.0}
    assert lines[-1] == {"stage": "writing", "share": 0.0}
    shares = [line["share"] for line in lines[:-1]]
    assert shares == sorted(shares)
    assert len(shares) == 101


def test_unknown_kind_of_progress_is_refused(monkeypatch, small_scene, unmix_command):
    monkeypatch.setenv("UNMIX_PROGRESS", "xml")
    result = unmix_command("info", small_scene)
    assert result.exit_code == 1
    assert "UNMIX_PROGRESS is 'xml', but must be one of bar, json." in result.stderr
