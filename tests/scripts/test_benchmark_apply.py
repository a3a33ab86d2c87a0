"""The benchmark of `unmix apply`: that it measures what it says, with small scenes."""

import benchmark_apply
import numpy as np
import pytest
import rasterio

from scenes import Grid, open_scene
from scenes.export import CogWriter, EnviWriter


@pytest.mark.parametrize("zeros", [True, False])
def test_rasters_like_others_are_written_and_removed(tmp_path, monkeypatch, zeros):
    out = tmp_path / "out"
    out.mkdir()
    values = np.arange(2 * 20 * 30, dtype=np.float32).reshape(2, 20, 30)
    grid = Grid(None, rasterio.Affine(30, 0, 0, 0, -30, 0), 20, 30)
    with CogWriter(out / "maps.tif", grid, ["a", "b"]) as writer:
        writer.write(0, 0, values)
    seen = {}

    class Kept(CogWriter):
        def write(self, row, column, block):
            seen[row, column] = np.array(block)
            super().write(row, column, block)

    monkeypatch.setattr(benchmark_apply, "CogWriter", Kept)
    benchmark_apply.write_like(out, tmp_path, zeros=zeros)
    found = np.concatenate([seen[key] for key in sorted(seen)], axis=1)
    assert np.array_equal(found, np.zeros_like(values) if zeros else values)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_table_has_a_row_for_each_scene(rows_of):
    seconds = {"apply": [6.0, 8.0, 7.0], "read": [1.0], "zeros": [4.0], "copies": [6.0]}
    rows = [benchmark_apply.Row("bil", 10**9, seconds, 300.4)]
    lines = benchmark_apply.table(rows)
    titles, cells = rows_of("\n".join(lines[:3]))
    assert dict(zip(titles, cells[0], strict=True)) == {
        "format": "bil", "GB": "1.00", "apply s": "7.0", "read s": "1.0", "zeros s": "4.0",
        "copies s": "6.0", "/ bare": "1.40", "/ copied": "1.00", "MiB more": "300",
    }  # fmt: skip


def test_a_repeated_scene_has_the_rows_of_the_first_again_and_again(tmp_path):
    cube = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5) / 100  # rows, columns, bands
    grid = Grid(None, rasterio.Affine(30, 0, 0, 0, -30, 0), 3, 4)
    path = tmp_path / "scene.img"
    with EnviWriter(path, grid, None, 5, interleave="bil") as writer:
        writer.write(0, 0, np.moveaxis(cube, 2, 0))
    benchmark_apply.repeat(path, 3, 8)
    benchmark_apply.forget(path)  # and it can still be read
    found = np.moveaxis(open_scene(path).read(), 0, 2)
    assert np.array_equal(found, np.concatenate([cube, cube, cube[:2]]))


@pytest.mark.slow
def test_benchmark_runs_over_both_formats(tmp_path, capsys):
    arguments = ["--sizes", "0.01", "--repeats", "1", "--endmembers", "3"]
    assert benchmark_apply.main([*arguments, "--folder", str(tmp_path)]) == 0
    rows = capsys.readouterr().out.splitlines()[2:4]
    assert [row.split("|")[1].strip() for row in rows] == ["bil", "tiff"]
    assert not list(tmp_path.iterdir())
