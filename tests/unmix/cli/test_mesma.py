"""``unmix mesma``, from file to maps."""

import json

import numpy as np
import pytest
import rasterio
import torch
from click.testing import CliRunner

from scenes import Preparation, Scene, SpectralLibrary, open_scene
from unmix.cli import main
from unmix.mapping import BLOCKS_HELD
from unmix.mesma import Mesma, MesmaSettings
from unmix.simulation import MATERIALS
from unmix.simulation.truth import read_truth

AXIS = np.arange(380.0, 2520.0, 4.0)
CLASSES = {"green vegetation": "plant", "sand": "soil", "kaolinite": "clay"}


def write_library(path, n=3, axis=AXIS, label="Level_1"):
    """Each material of `small_scene` in some shapes, darker and brighter; the first is the true."""
    names, spectra, classes = [], [], []
    for material, kind in CLASSES.items():
        for k in range(n):
            tilt = 1 + 0.2 * (k % 2) * (axis - axis[0]) / np.ptp(axis)
            names.append(f"{material} {k}")
            spectra.append(MATERIALS[material].reflectance(axis) * tilt * (1 - 0.05 * k))
            classes.append(kind)
    SpectralLibrary(names, np.array(spectra), axis, attributes={label: classes}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("library") / "library.csv")


@pytest.fixture(scope="module")
def done(small_scene, library, tmp_path_factory):
    """A run with levels 2 to 4, and what it said."""
    out = tmp_path_factory.mktemp("mesma") / "out"
    said = ["--library", str(library), "--class", "level_1", "-o", str(out)]
    said += ["--levels", "2 3 4", "--min-shade", "-0.6"]  # of slopes in the sun
    result = CliRunner().invoke(main, ["mesma", str(small_scene), *said], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout), result.stderr


def test_maps_lie_where_the_scene_lies_with_the_names_of_classes(done, small_scene):
    grid = open_scene(small_scene).grid
    bands = {"fractions": 3, "shade": 1, "rmse": 1, "level": 1, "spectra": 3}
    for name, count in bands.items():
        with rasterio.open(done[0] / f"{name}.tif") as dataset:
            assert dataset.crs == grid.crs
            assert dataset.transform == grid.transform
            assert dataset.count == count
            assert json.loads(dataset.tags(ns="UNMIX")["run"])["command"] == "mesma"
            if count == 3:
                assert dataset.descriptions == ("plant", "soil", "clay")
    styles = {path.stem for path in done[0].glob("*.qml")}
    assert styles == {"fractions", "shade", "rmse", "level"}


def test_maps_are_those_of_the_library_on_the_bands_of_the_scene(done, small_scene, library):
    scene = Preparation().apply(open_scene(small_scene))
    known = SpectralLibrary.read(library).resampled(scene.wavelengths_nm, scene.fwhm_nm)
    settings = MesmaSettings(levels=(2, 3, 4), min_shade=-0.6)
    models = Mesma.of(torch.tensor(known.spectra), np.repeat([0, 1, 2], 3).tolist(), settings)
    found = models.unmix(scene.spectra())
    expected = {
        "fractions": found.without_shade,
        "shade": found.shade[:, None],
        "rmse": found.rmse[:, None],
        "level": found.level[:, None],
        "spectra": found.members,
    }
    valid = scene.valid_mask()
    for name, values in expected.items():
        with rasterio.open(done[0] / f"{name}.tif") as dataset:
            raster = dataset.read()
            nodata = dataset.nodata
        assert (raster[:, ~valid] == nodata).all()
        filled = values.nan_to_num(nodata).numpy()
        np.testing.assert_allclose(raster[:, valid].T, filled, atol=1e-5)
    assert (found.level > 0).float().mean() > 0.7


def test_fractions_are_near_the_truth(done, small_scene):
    truth = read_truth(small_scene)
    order = [truth.names.index(name) for name in CLASSES]
    with rasterio.open(done[0] / "fractions.tif") as dataset:
        found = dataset.read(masked=True)
    error = found - truth.abundances[order]
    assert float(np.sqrt((error**2).mean())) < 0.1


def test_the_record_says_what_was_done(done, library):
    out, said, _ = done
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "mesma"
    assert record["parameters"]["levels"] == [2, 3, 4]
    assert record["n_models"] == {"2": 9, "3": 27, "4": 27}
    assert record["library"]["path"] == str(library)
    assert record["library"]["classes"] == {"plant": 3, "soil": 3, "clay": 3}
    assert record["library"]["spectra"][4] == {"number": 4, "name": "sand 1", "class": "soil"}
    assert record["input"]["n_bands"] == 200
    counts = record["scores"]["n_of_level"]
    assert sum(counts.values()) + said["n_without_model"] == said["n_pixels"]
    assert sum(said["mean_fractions"].values()) == pytest.approx(1)
    assert said["maps"] == str(out / "fractions.tif")


def test_small_blocks_give_the_same_maps(done, small_scene, library, tmp_path, monkeypatch):
    sizes = []
    whole = Scene.blocks
    monkeypatch.setattr(
        Scene, "blocks", lambda scene, n: sizes.append(n) or whole(scene, n // 2000)
    )
    said = ["--library", str(library), "--class", "level_1", "--levels", "2,3,4"]
    said += ["--min-shade", "-0.6"]
    out = ["-o", str(tmp_path / "out"), "--memory", "192"]
    result = CliRunner().invoke(main, ["mesma", str(small_scene), *said, *out])
    assert result.exit_code == 0, result.output
    assert sizes == [192 * 2**20 // BLOCKS_HELD]
    for path in sorted(done[0].glob("*.tif")):
        with rasterio.open(path) as one, rasterio.open(tmp_path / "out" / path.name) as other:
            np.testing.assert_allclose(one.read(), other.read(), atol=1e-6)


def test_shade_may_be_a_spectrum_of_the_library(small_scene, library, tmp_path, unmix_command):
    options = ["--library", library, "--class", "Level_1", "-o", tmp_path / "out"]
    result = unmix_command("mesma", small_scene, *options, "--shade", "kaolinite 2")
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["library"]["classes"] == {"plant": 3, "soil": 3, "clay": 2}
    assert record["parameters"]["shade"] == "kaolinite 2"


def test_no_limit_on_the_residual_explains_every_pixel(
    small_scene, library, tmp_path, unmix_command
):
    free = ["--max-rmse", "inf", "--min-fraction", -99, "--max-fraction", 99]
    free += ["--min-shade", -99, "--max-shade", 99, "--levels", "2"]
    options = ["--library", library, "--class", "Level_1", "-o", tmp_path / "out", *free]
    result = unmix_command("mesma", small_scene, *options)
    assert json.loads(result.stdout)["n_without_model"] == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["parameters"]["max_rmse"] is None


def test_models_may_be_drawn(small_scene, library, tmp_path, unmix_command):
    options = ["--library", library, "--class", "Level_1", "-o", tmp_path / "out"]
    result = unmix_command("mesma", small_scene, *options, "--max-models", 5, "--seed", 3)
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["n_models"] == {"2": 5, "3": 5}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--class", "kind"], "the library has no field 'kind'"),
        (["--class", "level_1", "--levels", "5"], "level 5 mixes 4 classes and shade"),
        (["--class", "level_1", "--shade", "dark"], "0 are called 'dark'"),
        (["--class", "level_1", "--max-rmse", "1e-9"], "has a model within its limits"),
        (["--class", "level_1", "--max-rmse", "0"], "`--max-rmse` must be positive"),
        (["--class", "level_1", "--min-shade", "1"], "must be less than"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    options, sentence, small_scene, library, tmp_path, unmix_command
):
    result = unmix_command(
        "mesma", small_scene, "--library", library, "-o", tmp_path / "out", *options
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert sentence in last
    assert list(tmp_path.iterdir()) == []


def test_a_library_of_other_wavelengths_is_refused(small_scene, tmp_path, unmix_command):
    far, axis = tmp_path / "far.csv", np.arange(3000.0, 5000.0, 10.0)
    spectra = np.full((2, axis.size), 0.5)
    SpectralLibrary(["a", "b"], spectra, axis, attributes={"Level_1": ["a", "b"]}).write_csv(far)
    options = ["--library", far, "--class", "Level_1", "-o", tmp_path / "out"]
    result = unmix_command("mesma", small_scene, *options)
    assert result.exit_code == 1
    assert "no band can be filled" in result.stderr


def test_too_many_models_are_refused(small_scene, tmp_path, unmix_command):
    many = write_library(tmp_path / "many.csv", n=60)
    options = ["--library", many, "--class", "Level_1", "-o", tmp_path / "out", "--levels", "4"]
    result = unmix_command("mesma", small_scene, *options)
    assert result.exit_code == 1
    assert "level 4 has 216000 models" in result.stderr


@pytest.mark.parametrize("levels", ["1", "2,6", "", "two"])
def test_levels_that_are_none_are_a_wrong_usage(levels, small_scene, library, unmix_command):
    options = ["--library", library, "--class", "Level_1", "-o", "out", "--levels", levels]
    result = unmix_command("mesma", small_scene, *options)
    assert result.exit_code == 2
    assert "must be some of 2, 3, 4 and 5" in result.stderr


def test_results_are_not_overwritten_unasked(done, small_scene, library, unmix_command):
    options = ["--library", library, "--class", "Level_1", "-o", done[0]]
    result = unmix_command("mesma", small_scene, *options)
    assert result.exit_code == 1
    assert "already exists" in result.stderr
