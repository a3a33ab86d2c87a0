"""``unmix classify``, from labels to a map of classes."""

import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from unmix import Unmixer
from unmix.cli import main
from unmix.networks import NetworkUnmixer
from unmix.uses.classification import make_classifier


@pytest.fixture(scope="module")
def truth(small_scene):
    """Names, and the number of the dominant material of each pixel, -1 where there is none."""
    with rasterio.open(small_scene.with_name("small_truth.tif")) as dataset:
        abundances = dataset.read(masked=True)
        classes = np.where(abundances.mask[0], -1, abundances.data.argmax(axis=0))
        return dataset.descriptions, classes, dataset.transform


@pytest.fixture(scope="module")
def labels(truth, tmp_path_factory):
    """8 points of each class, as GeoJSON in the coordinates of the scene."""
    names, classes, transform = truth
    rng = np.random.default_rng(0)
    features = []
    for number, name in enumerate(names):
        places = np.argwhere(classes == number)
        for row, column in places[rng.choice(len(places), 8, replace=False)]:
            point = list(transform @ (float(column) + 0.5, float(row) + 0.5))
            geometry = {"type": "Point", "coordinates": point}
            features.append({"type": "Feature", "geometry": geometry, "properties": {"k": name}})
    crs = {"type": "name", "properties": {"name": "EPSG:32611"}}
    path = tmp_path_factory.mktemp("labels") / "labels.geojson"
    document = {"type": "FeatureCollection", "crs": crs, "features": features}
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="module")
def mapped(small_scene, labels, tmp_path_factory):
    out = tmp_path_factory.mktemp("classes") / "out"
    arguments = ["classify", str(small_scene), "--labels", str(labels), "-o", str(out), "-n", "3"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_most_pixels_get_their_class(mapped, truth):
    names, classes, transform = truth
    out, said = mapped
    with rasterio.open(out / "classes.tif") as dataset:
        assert dataset.transform == transform
        found = dataset.read(1)
    assert np.array_equal(found == 255, classes < 0)
    order = sorted(names)
    expected = np.array([order.index(name) + 1 for name in names])[classes]
    assert (found == expected)[classes >= 0].mean() > 0.85
    assert sum(said["pixels_of_class"].values()) == (classes >= 0).sum()
    written = (out / "classes.tif.aux.xml").read_text()
    assert all(name in written for name in names)


def test_probabilities_sum_to_one_and_lead_to_the_class(mapped):
    out, _ = mapped
    with rasterio.open(out / "probabilities.tif") as dataset:
        chances = dataset.read(masked=True)
    with rasterio.open(out / "classes.tif") as dataset:
        found = dataset.read(1)
    valid = found != 255
    assert np.allclose(chances.data[:, valid].sum(axis=0), 1, atol=1e-5)
    assert np.array_equal(chances.data[:, valid].argmax(axis=0) + 1, found[valid])


def test_the_classifier_can_be_made_again(mapped):
    out, said = mapped
    with np.load(out / "training.npz") as stored:
        assert stored["features"].shape == (24, 4)
        again = make_classifier("logistic").fit(stored["features"], stored["classes"])
        assert stored["class_names"].tolist() == said["cross_validated"]["classes"]
        assert (again.predict(stored["features"]) == stored["classes"]).mean() > 0.9
    assert Unmixer.load(out / "model").n_endmembers_ == 3


def test_scores_are_those_of_held_out_labels(mapped):
    out, said = mapped
    found = said["cross_validated"]
    assert found == json.loads((out / "confusion.json").read_text())
    assert found["held_out"] == "whole polygons or patches"
    assert np.sum(found["confusion"]) == 24
    assert np.trace(found["confusion"]) == round(24 * found["accuracy"])
    assert json.loads((out / "run.json").read_text())["labelled_pixels"] == {
        name: 8 for name in found["classes"]
    }


def test_a_raster_of_labels_will_do(mapped, small_scene, unmix_command, tmp_path):
    classes = mapped[0] / "classes.tif"
    options = ("--model", mapped[0] / "model", "--classifier", "svm")
    out = tmp_path / "out"
    result = unmix_command("classify", small_scene, "--labels", classes, "-o", out, *options)
    assert result.exit_code == 0, result.stderr
    assert not (out / "probabilities.tif").exists()
    with rasterio.open(classes) as first, rasterio.open(out / "classes.tif") as second:
        assert (first.read(1) == second.read(1)).mean() > 0.95


def test_labels_that_teach_nothing_are_one_sentence(small_scene, labels, mapped, unmix_command,
                                                    tmp_path):  # fmt: skip
    document = json.loads(labels.read_text())
    document["features"] = document["features"][:8]
    one = tmp_path / "one.geojson"
    one.write_text(json.dumps(document))
    command = ("classify", small_scene, "--model", mapped[0] / "model", "-o", tmp_path / "out")
    result = unmix_command(*command, "--labels", one)
    assert result.exit_code == 1 and "labels of 1 class, but" in result.stderr
    result = unmix_command(*command, "--labels", labels, "--class", "kind")
    assert result.exit_code == 1 and "has no field 'kind'. Its fields are: k" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def taught(small_scene, labels, tmp_path_factory):
    """Classes by a network that the labels have taught, for a few steps."""
    out = tmp_path_factory.mktemp("taught") / "out"
    arguments = ["classify", str(small_scene), "--labels", str(labels), "-o", str(out)]
    arguments += ["--kind", "convolutional", "--steps", "80", "--folds", "2"]
    result = CliRunner().invoke(main, [*arguments, "--fine-tune", "--fine-tune-steps", "30"])
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_a_network_learns_from_the_labels_and_is_saved(taught, truth):
    names, classes, _ = truth
    out, said = taught
    order = sorted(names)
    expected = np.array([order.index(name) + 1 for name in names])[classes]
    with rasterio.open(out / "classes.tif") as dataset:
        found = dataset.read(1)
    assert (found == expected)[classes >= 0].mean() > 0.8
    tuning = said["cross_validated"]["fine_tuning"]
    assert len(tuning["held_out_loss"]) == 11 and 0 <= tuning["n_steps"] <= 30
    record = json.loads((out / "run.json").read_text())
    assert record["parameters"]["fine_tune"] and record["parameters"]["kinds"] == ["convolutional"]
    assert "model" not in record and not (out / "model").exists()
    assert NetworkUnmixer.load(out / "network").n_endmembers_ == record["network"]["n_codes"]


def test_a_saved_network_gives_the_map_again(taught, small_scene, labels, unmix_command, tmp_path):
    before, _ = taught
    out = tmp_path / "out"
    result = unmix_command(
        "classify", small_scene, "--labels", labels, "-o", out, "--kind", "convolutional",
        "--network", before / "network",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    with np.load(before / "training.npz") as first, np.load(out / "training.npz") as second:
        assert np.array_equal(first["features"], second["features"])
    with (
        rasterio.open(before / "classes.tif") as first,
        rasterio.open(out / "classes.tif") as second,
    ):
        assert (first.read(1) == second.read(1)).mean() > 0.98


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fine-tune"], "--fine-tune teaches a network; add convolutional to --kind"),
        (["--kind", "unit,magic"], "'magic' is none of fractions, unit, pixel, convolutional"),
        (["--kind", "pixel,convolutional"], "two networks; take one of them"),
        (["--kind", "unit", "--residual", "2"], "--residual is what the fractions leave"),
        (["--kind", "unit", "--model", "m"], "--model is of the fractions; add them to --kind"),
        (["--network", "n"], "--network needs convolutional or pixel in --kind"),
        (["--kind", "fractions", "--steps", "3"], "--steps needs convolutional or pixel"),
        (["--kind", "pixel", "--steps", "3", "--network", "n"], "has been learned already"),
    ],
)
def test_options_without_anything_to_act_on_are_refused(
    small_scene, labels, unmix_command, tmp_path, options, message
):
    options = ["--kind", "fractions", *options]
    command = ("classify", small_scene, "--labels", labels, "-o", tmp_path / "out")
    result = unmix_command(*command, *options)
    assert result.exit_code == 2 and message in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_unfit_labels_are_refused_before_anything_is_learned(
    small_scene, labels, tmp_path, monkeypatch
):
    def never(*_):
        raise AssertionError("a model was learned for labels that are of no use")

    monkeypatch.setattr(Unmixer, "fit", never)
    document = json.loads(labels.read_text())
    document["features"] = document["features"][:1]
    alone = tmp_path / "alone.geojson"
    alone.write_text(json.dumps(document))
    arguments = ["classify", str(small_scene), "--labels", str(alone), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "labels of 1 class, but at least two must be told apart" in result.stderr
    assert not (tmp_path / "out").exists()
