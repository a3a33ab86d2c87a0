"""The benchmark of the family: every member in its row, beside the default."""

import json

import benchmark_family
import pytest
import torch

from unmix.simulation import Simulation


@pytest.fixture
def tiny(monkeypatch):
    def smaller(height, width, materials, sensor, snr_db, seed, terrain):
        return Simulation(24, 24, materials[:3], sensor, snr_db, seed=seed, terrain=terrain)

    monkeypatch.setattr(benchmark_family, "Simulation", smaller)
    monkeypatch.setattr(benchmark_family, "SIDE", 24)
    monkeypatch.setattr(benchmark_family, "MINERALS", benchmark_family.MINERALS[:3])


def test_the_table_has_a_row_for_every_member(tiny, tmp_path, capsys, rows_of):
    n_threads = torch.get_num_threads()
    path = tmp_path / "scores.json"
    chosen = ["--seeds", "1", "--data", str(tmp_path), "--json", str(path)]
    assert benchmark_family.main([*chosen, "--members", "denoising", "variational"]) == 0
    torch.set_num_threads(n_threads)
    titles, rows = rows_of(capsys.readouterr().out)
    table = {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
    assert list(table) == ["default", "denoising", "variational"]
    assert table["denoising"]["RMSE simulated"] == "-"
    scores = {each["member"]: each for each in json.loads(path.read_text())}
    assert scores["variational"]["sad_rad"] == pytest.approx(scores["default"]["sad_rad"], abs=1e-6)
    assert scores["denoising"]["psnr_gain_db"] > 6
    assert 0 < scores["variational"]["covered"] <= 1
