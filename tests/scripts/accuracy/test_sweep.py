"""The sweep over small scenes of every kind."""

import benchmark_accuracy
import pytest
import torch
from accuracy import sweep


@pytest.fixture(scope="module")
def swept(output_of):
    """A quick sweep as the script runs it: its table and its JSON."""
    arguments = ["--sweep", "--quick", "--methods", "vca", "sisal", "--seeds", "2"]
    return output_of(benchmark_accuracy.main, *arguments)


def test_sweep_prints_the_levels_and_then_every_cell(swept, rows_of):
    _, rows = rows_of(swept[0])
    levels = [tuple(row[:6]) for row in rows]
    assert levels == [
        ("all", "all", "all", "all", "all", "2"),
        ("all", "all", "0.7", "all", "all", "1"),
        ("all", "all", "1", "all", "all", "1"),
        ("3", "20", "0.7", "30", "0", "1"),
        ("3", "20", "1", "30", "0", "1"),
    ]
    for row in rows:
        angles = [float(cell.strip("*")) for cell in row[6:8]]
        assert row[6 + angles.index(min(angles))].startswith("**")
        assert sum(map(int, row[10:])) == int(row[5])


def test_sweep_sums_up_the_runs_of_its_json(swept, rows_of):
    cells = swept[1]["cells"]
    assert len(cells) == 4
    means = [cell["sad_rad"]["mean"] for cell in cells if cell["method"] == "vca"]
    for cell in cells:
        angles = [run["score"]["sad_rad"] for run in cell["runs"]]
        assert len(angles) == 2
        assert cell["sad_rad"]["mean"] == pytest.approx(sum(angles) / 2)
    first = rows_of(swept[0])[1][0]
    assert float(first[6].strip("*")) == pytest.approx(sum(means) / 2, abs=1e-4)
    errors = [
        run["score"]["rmse_moc"][sweep.READING]
        for cell in cells
        if cell["method"] == "vca"
        for run in cell["runs"]
    ]
    assert float(first[8]) == pytest.approx(sum(errors) / 4, abs=1e-4)
    wins = [
        cell["sad_rad"]["mean"] < other["sad_rad"]["mean"]
        for cell, other in zip(cells[::2], cells[1::2], strict=True)
    ]
    assert [int(cell) for cell in first[10:]] == [sum(wins), len(wins) - sum(wins)]


def test_every_combination_is_there_once_where_bands_outnumber_endmembers():
    cells = sweep.cells(sweep.LEVELS, 8)
    assert len(cells) == len(set(cells)) == (3 * 3 + 2 * 2) * 3 * 3 * 2
    assert all(cell.n_bands > cell.n_endmembers for cell in cells)


@pytest.mark.parametrize("purity", [0.6, 1.0])
def test_a_cell_s_scene_is_what_the_cell_says(purity):
    cell = sweep.Cell(5, 50, purity, 30, 0.05, side_px=24)
    scene, again, other = (cell.scene(seed) for seed in (0, 0, 1))
    assert scene.spectra.shape == (24 * 24, 50)
    assert scene.endmembers.shape == (5, 50)
    assert float(scene.abundances.max()) == pytest.approx(purity, abs=1e-3)
    assert torch.equal(scene.spectra, again.spectra)
    assert not torch.equal(scene.endmembers, other.endmembers)


def test_the_hardest_cell_can_be_made():
    scene = sweep.Cell(20, 50, 0.6, 20, 0.05).scene(0)
    assert scene.abundances.shape == (3600, 20)
    assert (scene.abundances.amax(dim=0) > 0.3).all(), "a material is hardly there"
