"""The benchmark of extraction: every method, and numbers that are those of the JSON."""

import json

import benchmark_extraction
import numpy as np
import pytest
import torch


def test_every_method_is_scored_on_every_scene(capsys, rows_of, tmp_path):
    n_threads = torch.get_num_threads()
    path = tmp_path / "found.json"
    arguments = ["--scenes", "tiny", "--seeds", "2", "--json", str(path)]
    assert benchmark_extraction.main(arguments) == 0
    torch.set_num_threads(n_threads)
    titles, rows = rows_of(capsys.readouterr().out)
    found = json.loads(path.read_text())
    assert titles == ["method", "tiny", "CPU s"]
    assert [row[0] for row in rows] == list(benchmark_extraction.METHODS) == list(found)
    for method, angle, _ in rows:
        angles = found[method]["sad_rad"]["tiny"]
        assert len(angles) == 2
        assert angle == f"{np.mean(angles):.4f} ({max(angles):.4f})"
        assert 0 < max(angles) < np.pi / 2


def test_scenes_that_do_not_exist_are_refused(capsys):
    with pytest.raises(SystemExit):
        benchmark_extraction.main(["--scenes", "moon"])
    assert "there is no scene 'moon'" in capsys.readouterr().err
