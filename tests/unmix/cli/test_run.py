"""``unmix run`` and ``unmix apply``, from file to file."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from scenes import SpectralLibrary, open_scene

BUNDLE = {
    "abundances.tif",
    "uncertainty.tif",
    "quality.tif",
    "endmembers.sli",
    "endmembers.hdr",
    "endmembers.csv",
    "endmembers.json",
    "preview.png",
    "report.html",
    "run.json",
    "item.json",
    "model",
    "dominant.tif",
    "dominant.tif.aux.xml",
    "composite.tif",
    "quicklook.tif",
    "abundances.qml",
    "uncertainty.qml",
    "quality.qml",
    "dominant.qml",
    "composite.qml",
    "quicklook.qml",
}


RASTERS = ("abundances.tif", "uncertainty.tif", "quality.tif")


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.fixture(scope="session")
def bundle(small_scene, tmp_path_factory):
    from click.testing import CliRunner

    from unmix.cli import main

    out = tmp_path_factory.mktemp("run") / "out"
    arguments = ["run", str(small_scene), "-n", "3", "-o", str(out)]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_run_writes_the_whole_bundle_and_nothing_else(bundle):
    out, _ = bundle
    assert {entry.name for entry in out.iterdir()} == BUNDLE
    assert [entry.name for entry in out.parent.iterdir()] == ["out"]


def test_run_keeps_grid_and_mask_of_the_scene(bundle, small_scene):
    scene = open_scene(small_scene)
    for name in RASTERS:
        with rasterio.open(bundle[0] / name) as dataset:
            assert dataset.crs == scene.grid.crs
            assert dataset.transform == scene.grid.transform
            assert dataset.transform.b != 0
            assert dataset.shape == scene.grid.shape
            assert dataset.nodata == -9999
            for band in range(1, dataset.count + 1):
                assert np.array_equal(dataset.read_masks(band) > 0, scene.valid_mask())


def test_run_writes_valid_cogs_with_names_units_and_provenance(bundle):
    out, summary = bundle
    for name in RASTERS:
        valid, errors, warnings = cog_validate(out / name, strict=True)
        assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(out / "abundances.tif") as dataset:
        assert list(dataset.descriptions) == summary["endmembers"]
        assert set(dataset.units) == {"fraction"}
        run = json.loads(dataset.tags(ns="UNMIX")["run"])
        assert run["model"]["seed"] == 0
        assert run["input"]["checksum"].startswith("sha256:")
    with rasterio.open(out / "uncertainty.tif") as dataset:
        named = [f"{name} sd" for name in summary["endmembers"]]
        assert list(dataset.descriptions) == named
        assert set(dataset.units) == {"fraction"}
    with rasterio.open(out / "quality.tif") as dataset:
        assert dataset.descriptions[0] == "residual RMSE"
        assert dataset.units == ("reflectance", "radian", "1", "1")


def test_run_abundances_lie_on_the_simplex(bundle):
    abundances = read(bundle[0] / "abundances.tif")
    valid = abundances[0] != -9999
    assert abundances[:, valid].min() >= 0
    assert np.allclose(abundances[:, valid].sum(axis=0), 1, atol=1e-5)
    assert (abundances[:, ~valid] == -9999).all()


def test_run_uncertainty_is_a_share_of_the_pixel(bundle):
    abundances, deviations = (read(bundle[0] / name) for name in RASTERS[:2])
    valid = abundances[0] != -9999
    assert np.array_equal(deviations == -9999, abundances == -9999)
    assert deviations[:, valid].min() >= 0
    assert 0 < deviations[:, valid].mean() < 0.1
    assert deviations[:, valid].max() <= 1


def test_run_spectra_are_the_model_s_on_the_scene_s_good_bands(bundle, small_scene):
    out, _ = bundle
    library = SpectralLibrary.read(out / "endmembers.sli")
    scene = open_scene(small_scene)
    assert np.array_equal(library.wavelengths_nm, scene.wavelengths_nm)
    with (out / "endmembers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == list(library.names)
    assert np.allclose(np.array([r[1:] for r in rows[1:]], dtype=float), library.spectra)


def test_run_record_tells_parameters_timings_and_scores(bundle, small_scene):
    record = json.loads((bundle[0] / "run.json").read_text())
    assert list(record)[:4] == ["software", "command", "created", "input"]
    assert record["command"] == "run"
    assert record["input"]["path"] == str(small_scene)
    assert record["input"]["bands_used"] == open_scene(small_scene).bands_used.tolist()
    assert record["scores"]["valid_pixels"] == int(open_scene(small_scene).valid_mask().sum())
    assert 0 < record["scores"]["residual_rmse"] < 0.02
    assert sum(record["scores"]["mean_abundances"]) == pytest.approx(1, abs=1e-4)
    assert set(record["seconds"]) == {"learning", "mapping"}
    assert 0 < record["model"]["brightness_spread"] < 1
    assert 0 < record["model"]["noise"] < 0.05
    assert record["model"]["n_refits"] == len(record["model"]["stability"]) == 3
    assert all(0.8 < stability <= 1 for stability in record["model"]["stability"])
    deviations = read(bundle[0] / "uncertainty.tif")
    mean = deviations[:, deviations[0] != -9999].mean(axis=1)
    assert record["scores"]["mean_uncertainty"] == pytest.approx(mean.tolist(), rel=1e-4)


def test_run_without_refits_leaves_the_stability_open(bundle, small_scene, unmix_command, tmp_path):
    result = unmix_command("run", small_scene, "-n", 3, "--refits", 0, "-o", tmp_path / "b")
    assert json.loads(result.stdout)["stability"] == [None, None, None]
    first, second = (read(out / "abundances.tif") for out in (bundle[0], tmp_path / "b"))
    assert np.array_equal(first, second)
    for number in (-1, 101):
        result = unmix_command("run", small_scene, "--refits", number, "-o", tmp_path / "c")
        assert result.exit_code == 2
        assert f"{number} is not in the range 0<=x<=100" in result.stderr


def test_run_warns_of_endmembers_that_are_not_found_again(small_scene, unmix_command, tmp_path):
    result = unmix_command("run", small_scene, "-n", 6, "--refits", 2, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    doubtful = [
        name
        for name, stability in zip(
            record["model"]["endmember_names"], record["model"]["stability"], strict=True
        )
        if stability < 0.8
    ]
    assert doubtful, "nothing to warn of"
    said = [line for line in result.stderr.splitlines() if line.startswith("Warning: ")]
    assert said == [f"Warning: {note}" for note in record["warnings"]]
    for name in doubtful:
        assert any(name in note for note in record["warnings"])
    assert all("`unmix count`" in note for note in record["warnings"])
    model = tmp_path / "out" / "model"
    again = unmix_command("apply", small_scene, "--model", model, "-o", tmp_path / "maps")
    assert [line for line in again.stderr.splitlines() if line.startswith("Warning: ")] == said


def test_run_of_clear_materials_warns_of_nothing(bundle):
    assert json.loads((bundle[0] / "run.json").read_text())["warnings"] == []


def test_run_chooses_the_number_and_says_why(tmp_path, unmix_command):
    scene = tmp_path / "scene.hdr"
    materials = ("--materials", "water,sand,kaolinite", "--sensor", "enmap")
    unmix_command("simulate", "-o", scene, "--size", "24x25", *materials)
    result = unmix_command("run", scene, "-n", "auto", "--refits", 0, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    model = json.loads((tmp_path / "out" / "run.json").read_text())["model"]
    assert model["n_endmembers_auto"] is True
    assert f"{model['n_endmembers']} materials, {model['n_endmembers_reason']}." in result.stderr
    summary = json.loads(result.stdout)
    assert summary["n_endmembers"] == len(summary["endmembers"]) == model["n_endmembers"]
    assert abs(model["n_endmembers"] - 3) <= 1
    assert len(read(tmp_path / "out" / "abundances.tif")) == model["n_endmembers"]
    applied = unmix_command(
        "apply", scene, "--model", tmp_path / "out" / "model", "-o", tmp_path / "maps"
    )
    assert applied.exit_code == 0, applied.stderr
    record = json.loads((tmp_path / "maps" / "run.json").read_text())
    assert record["model"]["n_endmembers_reason"] == model["n_endmembers_reason"]
    assert record["command"] == "apply"


def test_run_with_a_given_number_says_so(bundle):
    model = json.loads((bundle[0] / "run.json").read_text())["model"]
    found = [model[f"n_endmembers{end}"] for end in ("", "_auto", "_reason")]
    assert found == [3, False, None]


def test_run_twice_with_one_seed_gives_the_same_bits(bundle, small_scene, unmix_command, tmp_path):
    assert unmix_command("run", small_scene, "-n", 3, "-o", tmp_path / "b").exit_code == 0
    for name in RASTERS:
        assert np.array_equal(read(bundle[0] / name), read(tmp_path / "b" / name))


def test_apply_gives_the_maps_of_run(bundle, small_scene, unmix_command, tmp_path):
    model = bundle[0] / "model"
    result = unmix_command("apply", small_scene, "--model", model, "-o", tmp_path / "b")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["maps"] == [str(tmp_path / "b" / "abundances.tif")]
    for name in RASTERS:
        assert np.array_equal(read(bundle[0] / name), read(tmp_path / "b" / name))


def test_apply_can_read_otherwise_than_the_model(bundle, small_scene, unmix_command, tmp_path):
    command = ("apply", small_scene, "--model", bundle[0] / "model", "-o", tmp_path / "b")
    assert unmix_command(*command, "--reading", "fcls").exit_code == 0
    brightness = read(tmp_path / "b" / "quality.tif")[2]
    assert np.allclose(brightness[brightness != -9999], 1)
    record = json.loads((tmp_path / "b" / "run.json").read_text())
    assert record["model"]["reading"] == "fcls"
    assert unmix_command(*command, "--reading", "sum").exit_code == 2


def test_apply_to_several_scenes_makes_a_folder_of_each(
    bundle, small_scene, unmix_command, tmp_path
):
    for end in (".img", ".hdr"):
        shutil.copy(small_scene.with_suffix(end), tmp_path / f"second{end}")
    scenes = (small_scene, tmp_path / "second.img")
    out = tmp_path / "maps"
    result = unmix_command("apply", *scenes, "--model", bundle[0] / "model", "-o", out)
    assert result.exit_code == 0
    first, second = (read(out / name / "abundances.tif") for name in ("small", "second"))
    assert np.array_equal(first, second)


def test_run_replaces_results_only_when_asked(bundle, small_scene, unmix_command):
    before = (bundle[0] / "run.json").read_text()
    result = unmix_command("run", small_scene, "-n", 3, "-o", bundle[0])
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert (bundle[0] / "run.json").read_text() == before


@pytest.mark.skipif(os.name == "nt", reason="signals to a child process work otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing(number, tmp_path, unmix_command):
    scene = tmp_path / "in" / "big.hdr"
    scene.parent.mkdir()
    unmix_command("simulate", "-o", scene, "--size", "300x400", "--materials", "water,sand")
    out = tmp_path / "results" / "out"
    command = [sys.executable, "-m", "unmix", "run", str(scene), "-n", "2", "-o", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not out.parent.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert out.parent.exists(), "the run never began to write"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"Traceback" not in said
    assert not out.parent.exists()
