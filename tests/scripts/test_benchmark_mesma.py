"""The MESMA benchmark: both ways choose the same models, and the table says so."""

import benchmark_mesma
import pytest
import torch


@pytest.mark.parametrize("min_gain", ["0.007", "0"])
def test_both_ways_choose_the_same_models(capsys, rows_of, min_gain):
    n_threads = torch.get_num_threads()
    sizes = ["--pixels", "50", "--plain-pixels", "6", "--spectra", "3", "--bands", "20"]
    assert benchmark_mesma.main([*sizes, "--min-gain", min_gain]) == 0
    torch.set_num_threads(n_threads)
    titles, rows = rows_of(capsys.readouterr().out)
    (row,) = (dict(zip(titles, cells, strict=True)) for cells in rows)
    assert row["models"] == str(9 + 27 + 27)
    assert row["same models"] == "yes"


def test_models_that_differ_fail_the_benchmark(capsys, monkeypatch):
    monkeypatch.setattr(benchmark_mesma, "plainly", lambda *_: [0, 0, 0])
    sizes = ["--pixels", "20", "--plain-pixels", "20", "--spectra", "2", "--bands", "9"]
    assert benchmark_mesma.main(sizes) == 1
    assert "| NO |" in capsys.readouterr().out
