"""``unmix anomalies``, from a scene to polygons."""

import json

import numpy as np
import pytest
import rasterio

from scenes.vector_features import read_features
from unmix.simulation import Simulation, Target
from unmix.simulation.write import write_simulated_scene

TARGETS = ((20, 15), (31, 40))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A turned scene with two pixels of a material of their own."""
    simulation = Simulation(
        height=48,
        width=60,
        materials=("green vegetation", "sand", "water"),
        sensor="enmap",
        nodata_border=3,
        rotation_deg=20.0,
        targets=tuple(Target("snow", 1.0, row + 0.5, column + 0.5) for row, column in TARGETS),
        seed=1,
    )
    folder = tmp_path_factory.mktemp("planted")
    return write_simulated_scene(simulation, folder / "planted.hdr").scene


@pytest.fixture(scope="module")
def found(planted, tmp_path_factory):
    from click.testing import CliRunner

    from unmix.cli import main

    out = tmp_path_factory.mktemp("anomalies") / "out"
    result = CliRunner().invoke(
        main, ["anomalies", str(planted), "-o", str(out), "-n", "3", "--false-alarm", "1e-4"]
    )
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_planted_pixels_are_marked_in_place(found, planted):
    out, said = found
    with rasterio.open(out / "anomalies.tif") as mask, rasterio.open(planted) as scene:
        assert (mask.crs, mask.transform) == (scene.crs, scene.transform)
        marked = mask.read(1)
    assert all(marked[place] == 1 for place in TARGETS)
    assert said["n_anomalous"] == (marked == 1).sum() <= 6
    assert said["n_pixels"] == (marked != 255).sum()
    with rasterio.open(out / "score.tif") as dataset:
        assert dataset.descriptions == ("score", "distance")
        score, distance = dataset.read(masked=True)
    assert np.array_equal(score.mask, marked == 255)
    assert ((score.data >= 4) == (marked == 1))[marked != 255].all()
    assert distance[marked == 1].min() >= said["distance_limit"] * 0.999


def test_polygons_lie_on_the_marked_pixels(found):
    out, said = found
    file = read_features(out / said["polygons"])
    with rasterio.open(out / "anomalies.tif") as dataset:
        assert file.crs == dataset.crs
        marked, transform = dataset.read(1) == 1, dataset.transform
    assert sum(file.values("n_pixels")) == marked.sum()
    assert file.values("area_m2") == pytest.approx([900 * n for n in file.values("n_pixels")])
    assert min(file.values("max_score")) >= 4
    drawn = rasterio.features.rasterize(
        [each.geometry for each in file.features], out_shape=marked.shape, transform=transform
    )
    assert np.array_equal(drawn == 1, marked)


def test_the_record_says_what_was_done(found, planted):
    record = json.loads((found[0] / "run.json").read_text())
    assert record["command"] == "anomalies"
    assert record["input"]["path"] == str(planted.with_suffix(".img"))
    assert record["parameters"]["false_alarm"] == 1e-4
    assert record["scores"]["n_polygons"] == found[1]["n_polygons"]


def test_wrong_rates_and_used_folders_are_refused(found, planted, unmix_command, tmp_path):
    assert unmix_command("anomalies", planted, "-o", tmp_path, "--false-alarm", 0.5).exit_code == 2
    again = unmix_command("anomalies", planted, "-o", found[0])
    assert again.exit_code == 1 and "--overwrite" in again.stderr
    missing = unmix_command("anomalies", planted, "-o", tmp_path / "a", "--model", tmp_path / "no")
    assert missing.exit_code == 1 and missing.stderr.count("\n") == 1
    assert not (tmp_path / "a").exists()
