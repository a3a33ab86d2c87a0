"""``unmix classify``, from labels to a map of classes."""

import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from unmix import Unmixer
from unmix.cli import main
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
