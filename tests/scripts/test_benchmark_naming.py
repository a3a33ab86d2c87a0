"""The naming benchmark: that its tables are whole, and its scenes what it says."""

import re

import benchmark_naming
import numpy as np
import pytest

from scenes import SpectralLibrary
from unmix.simulation import MATERIALS


@pytest.fixture
def library(tmp_path):
    axis = np.arange(350.0, 2551.0, 10.0)
    chosen = dict(list(MATERIALS.items())[:5])
    spectra = np.stack([material.reflectance(axis) for material in chosen.values()])
    SpectralLibrary(tuple(chosen), spectra, axis).write_csv(tmp_path / "a.csv")
    return tmp_path / "a.csv"


def test_calibration_has_a_row_for_each_case(library, monkeypatch, capsys):
    monkeypatch.setattr(benchmark_naming, "SNRS_DB", (50.0,))
    assert benchmark_naming.main(["--library", str(library), "--no-learning"]) == 0
    title, _, *rows = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    cases = [(s, c) for s in benchmark_naming.SENSORS for c in ("in", "sample", "absent")]
    assert [(row[0], row[2]) for row in cells] == cases
    assert all(len(row) == title.count("|") - 1 for row in cells)
    for row in cells:
        assert all(re.fullmatch(r"\d+ %", cell) for cell in row[3:])
    assert all(row[4] == "100 %" for row in cells if row[2] == "in")
    assert all(row[3:5] == ["0 %", "0 %"] for row in cells if row[2] == "absent")


def test_scenes_are_mixtures_of_few_materials(monkeypatch):
    monkeypatch.setattr(benchmark_naming, "SCENE_SNR_DB", np.inf)
    truth = np.eye(6)
    pixels = benchmark_naming._scene(truth, 50, np.random.default_rng(0))
    assert ((pixels > 0).sum(axis=1) <= benchmark_naming.MOST_IN_A_PIXEL).all()
    assert (pixels.sum(axis=1) > 0.59).all()
    assert (pixels.sum(axis=1) < 1.11).all()
