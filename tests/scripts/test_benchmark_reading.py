"""The reading benchmark: that its files are what it says, and its ways of reading agree."""

import re

import benchmark_reading
import numpy as np
import pytest

from scenes import open_scene


@pytest.mark.parametrize("name", benchmark_reading.FORMATS)
def test_all_ways_read_the_same_file(tmp_path, monkeypatch, name):
    monkeypatch.setattr(benchmark_reading, "WIDTH", 40)
    monkeypatch.setattr(benchmark_reading, "N_BANDS", 12)
    monkeypatch.setattr(benchmark_reading, "TILE", 16)
    path = benchmark_reading.write_scene(tmp_path, name, 50)
    scene = open_scene(path)
    assert (scene.height, scene.width, scene.n_bands) == (50, 40, 12)
    assert scene.valid_mask().all()
    pieces = [raw.reshape(-1, 12) for raw in benchmark_reading._raw_pixels(path, name)]
    by_hand = np.concatenate(pieces) / np.float32(10_000)
    ours = np.concatenate([block.spectra.numpy() for block in scene.blocks()])
    assert by_hand.shape == ours.shape
    assert np.array_equal(np.sort(by_hand, axis=0), np.sort(ours, axis=0))


def test_table_has_a_row_for_each_format(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark_reading, "WIDTH", 20)
    arguments = ["--size", "0.0001", "--formats", "bil", "tiff", "--repeats", "1"]
    assert benchmark_reading.main([*arguments, "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr()
    titles, _, *rows = said.out.splitlines()
    assert [row.split("|")[1].strip() for row in rows] == ["bil", "tiff"]
    assert all(row.count("|") == titles.count("|") for row in rows)
    assert all(re.fullmatch(r"\d+\.\d\d", cell.strip()) for cell in rows[0].split("|")[3:7])
    assert not list(tmp_path.iterdir())
