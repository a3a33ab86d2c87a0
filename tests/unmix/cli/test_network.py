"""``unmix network``, from file to maps."""

import json

import numpy as np
import pytest
import rasterio

from scenes import SpectralLibrary, open_scene


@pytest.fixture(scope="module")
def mapped(small_scene, tmp_path_factory):
    from click.testing import CliRunner

    from unmix.cli import main

    found = {}
    for member in ("variational", "convolutional"):
        out = tmp_path_factory.mktemp(member) / "out"
        arguments = ["network", small_scene, "-o", out, "--member", member, "-n", 3, "--steps", 30]
        result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        found[member] = (out, json.loads(result.stdout))
    return found


@pytest.mark.parametrize("member", ["variational", "convolutional"])
def test_maps_lie_where_the_scene_lies(small_scene, mapped, member):
    out, said = mapped[member]
    scene = open_scene(small_scene)
    with rasterio.open(out / "abundances.tif") as dataset:
        assert dataset.crs == scene.grid.crs
        assert dataset.transform == scene.grid.transform
        assert dataset.descriptions == ("endmember 1", "endmember 2", "endmember 3")
        maps = dataset.read(masked=True)
    assert np.array_equal(maps.mask[0], ~scene.valid_mask())
    assert np.allclose(maps.sum(axis=0).compressed(), 1, atol=1e-5)
    assert sum(said["mean_abundances"].values()) == pytest.approx(1, abs=1e-5)
    with rasterio.open(out / "quality.tif") as dataset:
        assert dataset.descriptions == ("residual RMSE", "residual angle", "brightness")
        residual = dataset.read(1, masked=True)
    assert said["mean_residual_rmse"] == pytest.approx(float(residual.mean()), rel=1e-4)
    assert (out / "uncertainty.tif").is_file() == (member == "variational")
    library = SpectralLibrary.read(out / "endmembers.sli")
    assert library.spectra.shape == (3, scene.n_bands)
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "network"
    assert record["model"]["settings"]["training"]["n_steps"] == 30
    assert record["input"]["n_bands"] == scene.n_bands
    assert record["scores"]["n_pixels"] == int(scene.valid_mask().sum())


def test_a_saved_network_maps_a_scene_as_it_did_in_blocks_of_any_size(
    small_scene, mapped, tmp_path, unmix_command, monkeypatch
):
    out = mapped["convolutional"][0]
    monkeypatch.setattr("unmix.mapping.BLOCKS_HELD", 100)
    again = tmp_path / "again"
    result = unmix_command(
        "network", small_scene, "-o", again, "--model", out / "model", "--memory", 20
    )
    assert result.exit_code == 0, result.stderr
    first, second = (rasterio.open(folder / "abundances.tif").read() for folder in (out, again))
    assert np.allclose(first, second, atol=1e-6)


def test_side_information_comes_from_a_raster(small_scene, tmp_path, unmix_command):
    scene = open_scene(small_scene)
    grid = scene.grid
    path = tmp_path / "height.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": grid.crs}
    for name, width in (("height.tif", grid.width), ("small.tif", grid.width - 1)):
        sizes = {"height": grid.height, "width": width, "transform": grid.transform}
        with rasterio.open(tmp_path / name, "w", **profile, **sizes) as dataset:
            dataset.write(np.random.default_rng(0).random((1, grid.height, width), np.float32))
    arguments = ["network", small_scene, "--member", "conditional", "-n", 3, "--steps", 20]
    result = unmix_command(*arguments, "-o", tmp_path / "out", "--side", path)
    assert result.exit_code == 0, result.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["parameters"]["side"] == str(path)
    wrong = unmix_command(*arguments, "-o", tmp_path / "no", "--side", tmp_path / "small.tif")
    assert wrong.exit_code == 1
    assert "on the grid of the scene" in wrong.stderr
    assert not (tmp_path / "no").exists()


def test_what_cannot_be_mapped_is_one_sentence(small_scene, mapped, tmp_path, unmix_command):
    out = mapped["variational"][0]
    taken = unmix_command("network", small_scene, "-o", out)
    assert (taken.exit_code, taken.stderr.count("\n")) == (1, 1)
    missing = unmix_command("network", small_scene, "-o", tmp_path / "a", "--model", tmp_path)
    assert missing.exit_code == 1
    assert "There is no network in" in missing.stderr
    unknown = unmix_command("network", small_scene, "-o", tmp_path / "a", "--member", "loud")
    assert unknown.exit_code == 2
    assert not (tmp_path / "a").exists()


def test_the_members_offered_are_all_that_have_endmembers():
    from unmix.cli.network import NAMES
    from unmix.networks import MEMBERS

    assert set(NAMES) == {n for n, s in MEMBERS.items() if s.decoder != "signed"}
