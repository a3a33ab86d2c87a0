"""``unmix features``."""

import json

import numpy as np
import rasterio

from scenes import open_scene
from unmix import Unmixer
from unmix.networks import NetworkUnmixer
from unmix.uses.features import SpectralFeatures, UnitSpectra
from unmix.uses.network_features import features_of_rows


def test_features_are_written_for_every_valid_pixel(
    unmix_command, flight_lines, line_model, tmp_path
):
    line_model.save(tmp_path / "model")
    out = tmp_path / "out"
    options = ("--model", tmp_path / "model", "--residual", 2)
    result = unmix_command("features", flight_lines[1], "-o", out, *options)
    assert result.exit_code == 0, result.stderr
    names = [*line_model.endmember_names_, "log brightness", "residual 1", "residual 2"]
    assert json.loads(result.stdout)["features"] == names
    scene = open_scene(flight_lines[1])
    expected = SpectralFeatures(line_model, n_residual=2).fit(scene).transform(scene)
    with rasterio.open(out / "features.tif") as dataset:
        assert dataset.descriptions == tuple(names)
        assert (dataset.crs, dataset.transform) == (scene.grid.crs, scene.grid.transform)
        found = dataset.read(masked=True)
    valid = scene.valid_mask()
    assert np.array_equal(~found.mask.any(axis=0), valid)
    assert np.allclose(found.data[:, valid].T, expected, atol=1e-4)
    assert np.array_equal(Unmixer.load(out / "model").endmembers_, line_model.endmembers_)
    assert json.loads((out / "run.json").read_text())["command"] == "features"


def test_brightness_can_be_left_out(unmix_command, flight_lines, line_model, tmp_path):
    line_model.save(tmp_path / "model")
    options = ("--model", tmp_path / "model", "--no-brightness")
    result = unmix_command("features", flight_lines[0], "-o", tmp_path / "out", *options)
    assert json.loads(result.stdout)["features"] == line_model.endmember_names_


def test_kinds_stand_side_by_side(unmix_command, flight_lines, line_model, tmp_path):
    line_model.save(tmp_path / "model")
    options = ("--model", tmp_path / "model", "--kind", "unit,pixel,fractions", "--steps", 20)
    out = tmp_path / "out"
    result = unmix_command("features", flight_lines[0], "-o", out, *options)
    assert result.exit_code == 0, result.stderr
    scene = open_scene(flight_lines[0])
    names = json.loads(result.stdout)["features"]
    network = NetworkUnmixer.load(out / "network").network_
    assert names[: scene.n_bands + 1] == list(UnitSpectra().fit(scene).get_feature_names_out())
    assert names[-1] == "log brightness" and "shape 1" in names
    with rasterio.open(out / "features.tif") as dataset:
        assert dataset.descriptions == tuple(names)
        found = dataset.read(masked=True)
    valid = scene.valid_mask()
    unit = found.data[: scene.n_bands, valid]
    assert np.allclose(np.linalg.norm(unit, axis=0), 1, atol=1e-5)
    first = scene.n_bands + 1
    expected = features_of_rows(network, scene.spectra())
    last = first + expected.shape[1]
    assert np.allclose(found.data[first:last, valid].T, expected, atol=1e-4)
