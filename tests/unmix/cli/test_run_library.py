"""``unmix run --library``, from file to file."""

import json

import numpy as np
import pytest
import rasterio

from scenes import SpectralLibrary
from unmix.simulation import MATERIALS


@pytest.fixture
def library(tmp_path):
    """All simulated materials but sand, as a laboratory would measure them."""
    axis = np.arange(350.0, 2551.0, 5.0)
    chosen = {name: m for name, m in MATERIALS.items() if "sand" not in name and "soil" not in name}
    spectra = np.stack([material.reflectance(axis) for material in chosen.values()])
    SpectralLibrary(tuple(chosen), spectra, axis).write_csv(tmp_path / "library.csv")
    return tmp_path / "library.csv"


def test_run_names_bands_spectra_and_model_after_the_library(
    small_scene, unmix_command, tmp_path, library
):
    out = tmp_path / "out"
    result = unmix_command("run", small_scene, "-n", 3, "--library", library, "-o", out)
    assert result.exit_code == 0, result.stderr
    record = json.loads((out / "run.json").read_text())["model"]
    names = record["endmember_names"]
    assert {"kaolinite", "green vegetation"} < set(names)
    (unnamed,) = set(names) - {"kaolinite", "green vegetation"}
    assert unnamed == f"endmember {names.index(unnamed) + 1}"
    with rasterio.open(out / "abundances.tif") as maps:
        assert list(maps.descriptions) == names
    assert list(SpectralLibrary.read(out / "endmembers.sli").names) == names
    assert json.loads(result.stdout)["endmembers"] == names
    for name, match in zip(names, record["matches"], strict=True):
        assert match["name"] == (None if name == unnamed else name)
        assert f"{name}: {match['reason']}" in result.stderr
        assert len(match["candidates"]) == 3
    applied = tmp_path / "maps"
    unmix_command("apply", small_scene, "--model", out / "model", "-o", applied)
    with rasterio.open(applied / "abundances.tif") as maps:
        assert list(maps.descriptions) == names


def test_run_without_a_library_compares_nothing(small_scene, unmix_command, tmp_path):
    arguments = ("-n", 3, "--refits", 0, "-o", tmp_path / "out")
    assert unmix_command("run", small_scene, *arguments).exit_code == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())["model"]
    assert record["matches"] == []
    assert record["endmember_names"] == [f"endmember {k}" for k in (1, 2, 3)]


def test_run_with_a_library_that_cannot_be_read_stops_before_learning(
    small_scene, unmix_command, tmp_path
):
    arguments = ("--library", tmp_path / "none.csv", "-o", tmp_path / "out")
    result = unmix_command("run", small_scene, *arguments)
    assert result.exit_code == 1
    assert "there is no file" in result.stderr
    assert not (tmp_path / "out").exists()


def test_run_of_a_scene_without_wavelengths_has_nothing_to_compare(
    small_scene, unmix_command, tmp_path, library
):
    text = small_scene.with_suffix(".hdr").read_text()
    kept = text[: text.index("wavelength =")] if "wavelength =" in text else text
    assert kept != text
    data = next(p for p in small_scene.parent.iterdir() if p.stem == "small" and p.suffix == ".img")
    (tmp_path / "bare.img").write_bytes(data.read_bytes())
    (tmp_path / "bare.hdr").write_text(kept.replace("wavelength units = Nanometers\n", ""))
    arguments = ("--scale", 10000, "--library", library, "-o", tmp_path / "out")
    result = unmix_command("run", tmp_path / "bare.hdr", "-n", 3, *arguments)
    assert result.exit_code == 1
    assert "has no wavelengths, so its endmembers cannot be compared" in result.stderr
