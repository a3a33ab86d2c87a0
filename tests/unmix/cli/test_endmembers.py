import csv
import json

import numpy as np
import pytest

from scenes import SpectralLibrary, open_scene
from unmix.bundle.extraction import METHODS
from unmix.cli import endmembers
from unmix.representatives import MEASURES
from unmix.simulation.truth import Truth, read_truth

QUICK = [method for method in METHODS if method != "edaa"]


def extracted(unmix_command, *arguments):
    result = unmix_command("endmembers", *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def places_in(folder):
    with (folder / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cube_of(path):
    return open_scene(path).read()


@pytest.fixture(scope="session")
def truth(small_scene) -> Truth:
    return read_truth(small_scene)


@pytest.fixture
def labels(small_scene, truth, tmp_path):
    """Points of two classes where the truth knows nearly pure pixels, in map coordinates."""
    transform = open_scene(small_scene).grid.transform
    features = []
    for k, name in enumerate(("plants", "sand")):
        best = np.argsort(np.nan_to_num(truth.abundances[k]).ravel())[-12:]
        for row, column in zip(*np.unravel_index(best, truth.abundances.shape[1:]), strict=True):
            point = [float(v) for v in transform @ (column + 0.5, row + 0.5)]
            geometry = {"type": "Point", "coordinates": point}
            attributes = {"kind": name, "other": 1}
            features.append({"type": "Feature", "geometry": geometry, "properties": attributes})
    code = open_scene(small_scene).grid.crs.to_epsg()
    crs = {"type": "name", "properties": {"name": f"EPSG:{code}"}}
    path = tmp_path / "labels.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


@pytest.mark.parametrize("method", QUICK)
def test_endmembers_are_pixels_of_the_scene_at_the_places_told(
    small_scene, unmix_command, tmp_path, method
):
    out = tmp_path / "out"
    said = extracted(unmix_command, small_scene, "-o", out, "--method", method, "-n", 3)
    cube = cube_of(small_scene)
    for suffix in ("sli", "csv", "json"):
        library = SpectralLibrary.read(out / f"endmembers.{suffix}", scale=1)
        assert list(library.names) == said["endmembers"]
        for spectrum, place in zip(library.spectra, places_in(out), strict=True):
            pixel = cube[:, int(place["row"]), int(place["column"])]
            np.testing.assert_allclose(spectrum, pixel, rtol=1e-6)
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "endmembers" and record["parameters"]["method"] == method
    assert record["of_all_pixels"] and record["n_pixels"] == np.isfinite(cube[0]).sum()


def test_the_places_are_on_the_map(small_scene, unmix_command, tmp_path):
    extracted(unmix_command, small_scene, "-o", tmp_path / "out", "-n", 3)
    transform = open_scene(small_scene).grid.transform
    document = json.loads((tmp_path / "out/places.geojson").read_text(encoding="utf-8"))
    for place, feature in zip(places_in(tmp_path / "out"), document["features"], strict=True):
        middle = transform @ (int(place["column"]) + 0.5, int(place["row"]) + 0.5)
        assert (float(place["x"]), float(place["y"])) == pytest.approx(middle)
        degrees = [float(place["longitude"]), float(place["latitude"])]
        assert feature["geometry"]["coordinates"] == degrees


def test_the_number_of_endmembers_can_be_chosen(small_scene, unmix_command, tmp_path):
    said = extracted(unmix_command, small_scene, "-o", tmp_path / "out", "-n", "auto")
    assert said["n_endmembers"] == len(said["endmembers"]) >= 2
    assert said["n_endmembers_reason"]


def test_labelled_pixels_become_a_library_with_classes(
    small_scene, unmix_command, tmp_path, labels
):
    out = tmp_path / "out"
    said = extracted(unmix_command, small_scene, "-o", out, "--training", labels, "--class", "kind")
    assert said["labelled_pixels"] == said["chosen_pixels"] == {"plants": 12, "sand": 12}
    library = SpectralLibrary.read(out / "endmembers.csv", scale=1)
    assert library.classes == ("plants",) * 12 + ("sand",) * 12
    assert SpectralLibrary.read(out / "endmembers.sli").classes == library.classes
    cube = cube_of(small_scene)
    for spectrum, place in zip(library.spectra, places_in(out), strict=True):
        pixel = cube[:, int(place["row"]), int(place["column"])]
        np.testing.assert_allclose(spectrum, pixel, rtol=1e-6)
    assert [place["class"] for place in places_in(out)] == list(library.classes)


@pytest.mark.parametrize("by", MEASURES)
def test_some_of_each_class_are_chosen(small_scene, unmix_command, tmp_path, labels, by):
    out = tmp_path / "out"
    said = extracted(
        unmix_command, small_scene, "-o", out, "--training", labels, "--class", "kind",
        "--per-class", 3, "--choose", by,
    )  # fmt: skip
    assert said["chosen_pixels"] == {"plants": 3, "sand": 3}
    names = SpectralLibrary.read(out / "endmembers.csv", scale=1).names
    assert names == ("plants 1", "plants 2", "plants 3", "sand 1", "sand 2", "sand 3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "kind"], "--class has no effect, because --training is not there"),
        (["--per-class", 2], "--per-class has no effect"),
        (["--training", "x.geojson", "-n", 3], "--number has no effect, because --training"),
        (["--training", "x.geojson", "--method", "ppi"], "--method has no effect"),
        (["--training", "x.geojson", "--choose", "cob"], "no effect without --per-class"),
    ],
)
def test_options_without_effect_are_refused(
    small_scene, unmix_command, tmp_path, arguments, message
):
    result = unmix_command("endmembers", small_scene, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--training", "nowhere.geojson"], "nowhere.geojson do not exist"),
        (["-n", 999], "from 2 to"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(
    small_scene, unmix_command, tmp_path, arguments, message
):
    result = unmix_command("endmembers", small_scene, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(small_scene, unmix_command, tmp_path):
    arguments = ["endmembers", small_scene, "-o", tmp_path / "out", "-n", 3]
    assert unmix_command(*arguments).exit_code == 0
    refused = unmix_command(*arguments)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    assert unmix_command(*arguments, "--overwrite").exit_code == 0


def test_the_names_known_without_loading_are_those_there_are():
    assert endmembers.METHODS == METHODS
    assert endmembers.MEASURES == MEASURES
