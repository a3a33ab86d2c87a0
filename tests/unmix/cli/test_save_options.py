"""Options of ``unmix run`` and ``unmix apply`` that say what is written beside the maps."""

from dataclasses import fields

import pytest

from scenes import open_scene
from unmix.cli import apply, run
from unmix.save_options import SaveOptions


@pytest.fixture(scope="module")
def model(small_scene, tmp_path_factory):
    from unmix import FitSettings, Unmixer

    folder = tmp_path_factory.mktemp("model") / "model"
    quick = FitSettings(n_points=100, n_starts=4, n_steps=60)
    Unmixer(3, settings=quick, n_refits=0).fit(open_scene(small_scene)).save(folder)
    return folder


@pytest.mark.parametrize("command", [run.command, apply.command])
def test_commands_offer_every_option_of_saving(command):
    offered = {option.name for option in command.params}
    assert {field.name for field in fields(SaveOptions)} <= offered


def test_apply_writes_what_is_asked_for(unmix_command, small_scene, model, tmp_path):
    asked = ("--split", "--format", "envi", "--residuals", "--reconstruction")
    out = tmp_path / "out"
    result = unmix_command("apply", small_scene, "--model", model, "-o", out, *asked)
    assert result.exit_code == 0, result.stderr
    for name in ("residuals.tif", "reconstruction.img", "dominant.hdr", "item.json"):
        assert (out / name).is_file()
    assert len(list((out / "abundances").glob("*.tif"))) == 3
    assert len(list((out / "abundances").glob("*.qml"))) == 3


def test_apply_without_options_writes_none_of_it(unmix_command, small_scene, model, tmp_path):
    result = unmix_command("apply", small_scene, "--model", model, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert not (tmp_path / "out" / "abundances").exists()
    assert not {".img", ".json"} & {p.suffix for p in (tmp_path / "out").iterdir()} - {".json"}


def test_a_format_that_cannot_be_is_refused_before_any_work(unmix_command, tmp_path, model):
    from affine import Affine
    from rasterio.crs import CRS

    from scenes import Grid
    from scenes.export import GeoTiffWriter

    n_bands = 224
    grid = Grid(CRS.from_epsg(32611), Affine(30, 3, 5e5, 1, -20, 4e6), 4, 5)
    names = [f"band {k}" for k in range(n_bands)]
    with GeoTiffWriter(tmp_path / "sheared.tif", grid, names) as writer:
        writer.write(0, 0, [[[0.3] * 5] * 4] * n_bands)
    asked = ("-n", "2", "--format", "envi", "-o", tmp_path / "out")
    result = unmix_command("run", tmp_path / "sheared.tif", *asked)
    assert result.exit_code == 1
    assert "`--format` is 'envi', which is not possible here" in result.stderr
    assert not (tmp_path / "out").exists()
