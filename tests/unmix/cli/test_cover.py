"""``unmix cover``, from file to maps."""

import json
import re

import numpy as np
import pytest
import rasterio
import torch

from scenes import Preparation, SpectralLibrary, open_scene
from unmix import mapping
from unmix.cover import Cover, CoverSettings
from unmix.mapping import BLOCKS_HELD
from unmix.simulation import MATERIALS
from unmix.simulation.truth import read_truth

AXIS = np.arange(380.0, 2520.0, 4.0)
CLASSES = {"green vegetation": "plant", "sand": "soil", "kaolinite": "clay"}
SAID = ["--draws", 8, "--per-class", 2, "--normalization", "1650", "--seed", 2]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Each material of `small_scene` in four shapes, darker and brighter."""
    names, spectra, classes = [], [], []
    for material, kind in CLASSES.items():
        for k in range(4):
            tilt = 1 + 0.05 * k * (AXIS - AXIS[0]) / np.ptp(AXIS)
            names.append(f"{material} {k}")
            spectra.append(MATERIALS[material].reflectance(AXIS) * tilt * (1 - 0.1 * k))
            classes.append(kind)
    path = tmp_path_factory.mktemp("library") / "library.csv"
    SpectralLibrary(names, np.array(spectra), AXIS, attributes={"kind": classes}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def uncertainty(small_scene, tmp_path_factory):
    """The uncertainty of the scene: one for each band, and none in the last row."""
    with rasterio.open(small_scene) as dataset:
        profile, count = dataset.profile, dataset.count
    cube = np.empty((count, profile["height"], profile["width"]), np.float32)
    cube[:] = np.linspace(0.002, 0.01, count)[:, None, None]
    cube[:, -1] = -9999
    path = tmp_path_factory.mktemp("uncertainty") / "uncertainty.tif"
    profile |= {"driver": "GTiff", "dtype": "float32", "nodata": -9999.0, "interleave": "band"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(cube)
    return path


@pytest.fixture
def run(unmix_command, small_scene, library, tmp_path):
    """Runs the command on the scene: its result, what it says, and its folder."""

    def run(*options, name="out"):
        out = tmp_path / name
        said = ["--library", library, "--class", "kind", "-o", out, *options]
        result = unmix_command("cover", small_scene, *said)
        assert result.exit_code == 0, result.stderr
        return result, json.loads(result.stdout), out

    return run


def read(path, masked=True):
    with rasterio.open(path) as dataset:
        return dataset.read(masked=masked)


def test_maps_are_those_of_the_library_on_the_bands_of_the_scene(
    run, small_scene, library, uncertainty
):
    _, said, out = run(*SAID, "--uncertainty", uncertainty)
    scene = Preparation().apply(open_scene(small_scene))
    known = SpectralLibrary.read(library).resampled(scene.wavelengths_nm, scene.fwhm_nm)
    settings = CoverSettings(n_draws=8, per_class=2, normalization="1650", seed=2)
    class_of = np.repeat([0, 1, 2], 4).tolist()
    cover = Cover.of(torch.tensor(known.spectra), class_of, scene.wavelengths_nm, settings)
    spread = open_scene(uncertainty).with_bands(scene.bands_used).read()
    valid = scene.valid_mask()
    found = cover.estimate(scene.spectra(), torch.from_numpy(spread[:, valid].T.copy()))
    expected = {
        "fractions": found.fractions,
        "uncertainty": found.uncertainty,
        "brightness": found.brightness,
        "rmse": found.rmse[:, None],
    }
    for name, values in expected.items():
        with rasterio.open(out / f"{name}.tif") as dataset:
            assert dataset.crs == scene.grid.crs
            assert dataset.transform == scene.grid.transform
            raster = dataset.read()
        assert (raster[:, ~valid] == -9999).all()
        filled = values.nan_to_num(-9999.0).numpy()
        np.testing.assert_allclose(raster[:, valid].T, filled, atol=1e-5)
    assert said["n_without_cover"] == valid[-1].sum() > 0
    with rasterio.open(out / "uncertainty.tif") as dataset:
        assert dataset.descriptions == ("plant sd", "soil sd", "clay sd")
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "cover"
    assert record["parameters"]["per_class"] == 2
    assert record["parameters"]["uncertainty"] == str(uncertainty)
    assert record["n_of_class"] == {"plant": 2, "soil": 2, "clay": 2}
    assert {path.stem for path in out.glob("*.qml")} == {"fractions", "uncertainty", "rmse"}


def test_fractions_are_near_the_truth(run, small_scene):
    _, said, out = run("--per-class", 2, "--normalization", "none")
    truth = read_truth(small_scene)
    order = [truth.names.index(name) for name in CLASSES]
    error = read(out / "fractions.tif") - truth.abundances[order]
    assert float(np.sqrt((error**2).mean())) < 0.15
    assert sum(said["mean_fractions"].values()) == pytest.approx(1)
    assert all(0 < value < 0.3 for value in said["mean_uncertainty"].values())


def test_maps_depend_on_the_seed_and_not_on_the_blocks(run, monkeypatch):
    first = run(*SAID, name="first")[2]
    with monkeypatch.context() as patch:
        patch.setattr(mapping, "BLOCKS_HELD", BLOCKS_HELD * 3000)  # blocks of some rows
        cut = run(*SAID, name="cut")[2]
    other = run(*SAID[:-1], 3, name="other")[2]
    for name in ("fractions", "uncertainty", "brightness", "rmse"):
        one, two, three = (read(out / f"{name}.tif", False) for out in (first, cut, other))
        np.testing.assert_allclose(one, two, atol=1e-6)
        assert not np.allclose(one, three, atol=1e-4)


def test_a_part_of_the_scene_is_cut_out_of_its_uncertainty_too(run, uncertainty):
    said = [*SAID, "--uncertainty", uncertainty]
    whole = read(run(*said, name="whole")[2] / "uncertainty.tif", False)
    part = read(run(*said, "--window", "10,5,20,30", name="part")[2] / "uncertainty.tif", False)
    np.testing.assert_allclose(part, whole[:, 5:35, 10:30], atol=1e-6)


def test_draws_that_are_all_the_same_are_said(run):
    result, said, out = run("--spectra", 99, "--draws", 2)
    assert "every draw takes the whole library (12 spectra)" in result.stderr
    assert set(said["mean_uncertainty"].values()) == {0.0}
    warnings = json.loads((out / "run.json").read_text())["warnings"]
    assert any("every draw takes the whole library" in each for each in warnings)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--class", "type"], "the library has no field 'type'"),
        (["--class", "kind", "--spectra", "2"], "at least the number of classes, 3"),
        (["--class", "kind", "--normalization", "bright"], "none, brightness or a wavelength"),
        (["--class", "kind", "--normalization", "9000"], "no band in use is near 9000 nm"),
        (["--class", "kind", "--uncertainty", "nowhere.tif"], "nowhere.tif"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    options, sentence, small_scene, library, tmp_path, unmix_command
):
    result = unmix_command(
        "cover", small_scene, "--library", library, "-o", tmp_path / "out", *options
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert sentence in last
    assert list(tmp_path.iterdir()) == []


def test_uncertainty_of_other_pixels_or_bands_is_refused(
    small_scene, library, uncertainty, tmp_path, unmix_command
):
    with rasterio.open(uncertainty) as dataset:
        profile, cube = dataset.profile, dataset.read()
    other = tmp_path / "other.tif"
    with rasterio.open(other, "w", **(profile | {"count": 5})) as dataset:
        dataset.write(cube[:5])
    options = ["--library", library, "--class", "kind", "-o", tmp_path / "out"]
    result = unmix_command("cover", small_scene, *options, "--uncertainty", other)
    assert result.exit_code == 1
    assert "Give the uncertainty of each pixel in each band" in result.stderr
    text = small_scene.with_suffix(".hdr").read_text()
    shifted = tmp_path / "shifted.hdr"
    shifted.write_text(re.sub(r"(wavelength = {\s*)[\d.]+", r"\g<1>390.0", text))
    shifted.with_suffix(".img").write_bytes(small_scene.with_suffix(".img").read_bytes())
    result = unmix_command("cover", small_scene, *options, "--uncertainty", shifted)
    assert result.exit_code == 1
    assert "nm from those of" in result.stderr


def test_one_draw_is_a_wrong_usage(small_scene, library, unmix_command):
    options = ["--library", library, "--class", "kind", "-o", "out", "--draws", 1]
    assert unmix_command("cover", small_scene, *options).exit_code == 2
