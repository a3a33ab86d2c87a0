"""``unmix simulate --model``: scenes drawn from a network."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from scenes import open_scene
from unmix.networks import NetworkUnmixer
from unmix.simulation.truth import read_truth


@pytest.fixture(scope="module")
def networks(small_scene, tmp_path_factory):
    """Folders of networks that were fitted to a scene for a few steps."""
    from click.testing import CliRunner

    from unmix.cli import main

    found = {}
    for member in ("variational", "sparse"):
        out = tmp_path_factory.mktemp(member) / "out"
        arguments = ["network", small_scene, "-o", out, "--member", member, "-n", 3, "--steps", 20]
        result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        found[member] = out / "model"
    return found


def cube_of(path) -> np.ndarray:
    scene = open_scene(path)
    return scene.read(Window(0, 0, scene.width, scene.height))


@pytest.mark.parametrize("name", ["drawn.hdr", "drawn.tif"])
def test_a_drawn_scene_is_its_truth_with_the_noise_of_the_network(
    networks, small_scene, tmp_path, unmix_command, name
):
    out = tmp_path / name
    result = unmix_command(
        "simulate", "--model", networks["variational"], "-o", out, "--size", "30x41",
        "--dtype", "float32",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    written = json.loads(result.stdout)
    truth = read_truth(written["scene"])
    model = NetworkUnmixer.load(networks["variational"])
    scene, seen = open_scene(written["scene"]), open_scene(small_scene)
    np.testing.assert_allclose(scene.bands.wavelengths_nm, seen.wavelengths_nm)
    np.testing.assert_array_equal(truth.endmembers, model.endmembers_)
    assert truth.names == tuple(model.endmember_names_)
    assert truth.abundances.shape == (3, 30, 41)
    np.testing.assert_allclose(truth.abundances.sum(axis=0), 1, atol=1e-5)
    clean = np.einsum("kb,krc->brc", truth.endmembers, truth.abundances)
    sigma = json.loads(Path(written["settings"]).read_text(encoding="utf-8"))["noise_sigma"]
    noise = cube_of(written["scene"]) - clean
    assert noise.std() == pytest.approx(sigma, rel=0.02)
    assert abs(noise.mean()) < 5 * sigma / np.sqrt(noise.size)


def test_a_seed_is_a_scene_whatever_the_blocks(networks, tmp_path, unmix_command, monkeypatch):
    arguments = ["simulate", "--model", networks["variational"], "--size", "9x12", "--seed"]
    for name, seed in (("one", 5), ("other", 6)):
        assert unmix_command(*arguments, seed, "-o", tmp_path / f"{name}.hdr").exit_code == 0
    monkeypatch.setattr("unmix.simulation.write._STRIP_BYTES", 1)
    assert unmix_command(*arguments, 5, "-o", tmp_path / "rows.hdr").exit_code == 0
    bits = {name: (tmp_path / f"{name}.img").read_bytes() for name in ("one", "other", "rows")}
    assert bits["one"] == bits["rows"] != bits["other"]
    truths = [rasterio.open(tmp_path / f"{name}_truth.tif").read() for name in ("one", "rows")]
    np.testing.assert_array_equal(*truths)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--materials", "sand,water"),
        ("--sensor", "emit"),
        ("--snr", "30"),
        ("--terrain", "0.3"),
        ("--purity", "1"),
        ("--variability", "0.1"),
        ("--rotation", "0"),
        ("--border", "2"),
    ],
)
def test_options_of_a_landscape_are_refused(networks, tmp_path, unmix_command, option, value):
    out = tmp_path / "no.hdr"
    result = unmix_command("simulate", "--model", networks["sparse"], "-o", out, option, value)
    assert result.exit_code == 2
    assert f"{option} cannot go with --model" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_drawn_is_one_sentence(networks, tmp_path, unmix_command):
    for folder, size, said in (
        (networks["sparse"], "9x9", "This network has no prior"),
        (networks["variational"], "2x9", "needs at least 4 x 4 pixels"),
        (tmp_path, "9x9", "There is no network in"),
    ):
        out = tmp_path / "no.hdr"
        result = unmix_command("simulate", "--model", folder, "-o", out, "--size", size)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.stderr
        assert said in result.stderr
    assert list(tmp_path.iterdir()) == []
