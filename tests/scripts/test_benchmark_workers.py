"""The benchmark of several workers: that it tells what differs, and runs."""

from pathlib import Path

import benchmark_workers
import numpy as np
import pytest
import rasterio
from benchmark_workers import Row, differences, pixels, table

from unmix.batch import Job, Outcome


def test_table_compares_with_the_first_row(rows_of):
    lines = table([Row(1, [9.0, 10.0, 12.0]), Row(2, [5.0])], [])
    titles, cells = rows_of("\n".join(lines[:4]))
    assert titles == ["workers", "s", "times as fast"]
    assert cells == [["1", "10.0", "1.00"], ["2", "5.0", "2.00"]]
    assert lines[-1].endswith("are those of the local run.")


def write(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "height": 1, "width": 1, "count": 1, "dtype": "uint8"}
    place = rasterio.Affine(30, 0, 0, 0, -30, 0)
    with rasterio.open(path, "w", transform=place, **profile) as dataset:
        dataset.write(np.full((1, 1, 1), value, np.uint8))


def test_a_raster_that_differs_is_named(tmp_path, monkeypatch):
    jobs = [Job(tmp_path / f"{name}.hdr", tmp_path / "out" / name) for name in ("a", "b")]
    for value, job in enumerate(jobs):
        write(job.target / "maps.tif", value)

    def map_here(order, local):
        for job in local:
            write(job.target / "maps.tif", 0)
            yield Outcome(job, [])

    monkeypatch.setattr(benchmark_workers, "map_scenes", map_here)
    monkeypatch.setattr(benchmark_workers, "replace", lambda order, **_: order)
    assert differences(None, jobs, tmp_path / "local") == ["b/maps.tif"]
    assert pixels(tmp_path / "local" / "b" / "maps.tif").tolist() == [[[0]]]


@pytest.mark.slow
def test_benchmark_runs(capsys):
    assert benchmark_workers.main(["--scenes", "2", "--size", "0.005", "--repeats", "1"]) == 0
    assert "are those of the local run" in capsys.readouterr().out
