"""``unmix sparse`` and ``unmix run --endmembers``, from file to file."""

import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from scenes import SpectralLibrary, open_scene
from unmix.cli import main


@pytest.fixture(scope="module")
def library(small_scene, tmp_path_factory):
    """The scene's own endmembers beside spectra that it lacks."""
    folder = tmp_path_factory.mktemp("library")
    scene = open_scene(small_scene)
    axis = np.linspace(0, 1, scene.n_bands)
    pixels = scene.sample(400, 0).numpy()
    own = pixels[[0, 150, 300]]
    others = [0.3 + 0.2 * np.sin(k * axis + k) for k in range(1, 7)]
    spectra = np.vstack([own, others]).clip(min=0.01)
    names = ["first", "second", "third", *(f"other {k}" for k in range(6))]
    made = SpectralLibrary(tuple(names), spectra, scene.wavelengths_nm, scene.fwhm_nm)
    made.write_sli(folder / "library.sli")
    made.take([0, 1]).write_sli(folder / "two.sli")
    return folder


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("method", ["sunsal", "topk"])
def test_sparse_maps_lie_on_the_scene_and_sum_to_one(small_scene, library, tmp_path, method):
    out = tmp_path / "out"
    done = invoke(
        "sparse", small_scene, "--library", library / "library.sli", "-o", out, "--method", method
    )
    assert done.exit_code == 0, done.stderr
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "sparse"
    grid = open_scene(small_scene).grid
    with rasterio.open(out / "fractions.tif") as maps:
        assert maps.shape == grid.shape
        assert maps.descriptions[-1] == "other"
        fractions = maps.read(masked=True)
        assert maps.transform.almost_equals(grid.transform)
    sums = fractions.sum(axis=0)
    assert abs(sums - 1).max() < 1e-4
    members = SpectralLibrary.read(out / "members.sli")
    assert list(members.names) == record["model"]["members"]
    assert {"residual.tif", "materials.tif", "brightness.tif"} <= {p.name for p in out.iterdir()}


def test_a_library_in_percent_is_scaled_as_told(small_scene, library, tmp_path):
    made = SpectralLibrary.read(library / "library.sli")
    percent = SpectralLibrary(made.names, 100 * made.spectra, made.wavelengths_nm, made.fwhm_nm)
    np.savez(
        tmp_path / "percent.npz",
        spectra=percent.spectra,
        names=np.array(percent.names),
        wavelengths=percent.wavelengths_nm,
    )
    found = {}
    for name, said in (("guessed", []), ("told", ["--library-scale", "100"])):
        out = tmp_path / name
        done = invoke(
            "sparse", small_scene, "--library", tmp_path / "percent.npz", "-o", out, *said
        )
        assert done.exit_code == 0, done.stderr
        assert ("pass `scale=` (--library-scale" in done.stderr) == (name == "guessed")
        found[name] = json.loads(done.stdout)["mean_fractions"]
    assert found["guessed"] == found["told"]


def test_a_sparsity_that_is_no_number_is_wrong_usage(small_scene, library, tmp_path):
    path = library / "library.sli"
    done = invoke(
        "sparse", small_scene, "--library", path, "-o", tmp_path / "o", "--sparsity", "-1"
    )
    assert done.exit_code == 2
    assert "neither auto nor a number" in done.stderr


def test_run_takes_the_spectra_of_a_library_as_endmembers(small_scene, library, tmp_path):
    out = tmp_path / "out"
    done = invoke("run", small_scene, "--endmembers", library / "two.sli", "-o", out)
    assert done.exit_code == 0, done.stderr
    found = SpectralLibrary.read(out / "endmembers.sli")
    given = SpectralLibrary.read(library / "two.sli")
    assert sorted(found.names) == ["first", "second"]
    for name in given.names:
        assert np.allclose(found[name], given[name], atol=1e-6)
    record = json.loads((out / "run.json").read_text())
    assert record["model"]["stability"] == [1, 1]
    assert record["model"]["fitted_on"]["known"] == ["first", "second"]


def test_a_larger_number_learns_the_others(small_scene, library, tmp_path):
    out = tmp_path / "out"
    known = library / "two.sli"
    done = invoke("run", small_scene, "--endmembers", known, "-n", "3", "--refits", "0", "-o", out)
    assert done.exit_code == 0, done.stderr
    names = json.loads((out / "run.json").read_text())["model"]["endmember_names"]
    assert len(names) == 3
    assert {"first", "second"} < set(names)


def test_fewer_than_are_known_is_refused_in_words_of_the_command_line(
    small_scene, library, tmp_path
):
    path = library / "library.sli"
    done = invoke("run", small_scene, "--endmembers", path, "-n", "4", "-o", tmp_path / "o")
    assert done.exit_code == 1
    assert "`-n` is 4" in done.stderr
    assert not (tmp_path / "o").exists()


def test_a_library_of_another_range_is_refused(small_scene, tmp_path):
    far = SpectralLibrary(("ice", "ash"), [[0.1, 0.2], [0.2, 0.4]], [9000.0, 9100.0])
    far.write_sli(tmp_path / "far.sli")
    done = invoke("run", small_scene, "--endmembers", tmp_path / "far.sli", "-o", tmp_path / "o")
    assert done.exit_code == 1
    assert "no band can be filled" in done.stderr
