"""How much faster several workers map several scenes than one worker does.

    python scripts/benchmark_workers.py                        8 scenes of 0.1 GB; 1 and 2 workers
    python scripts/benchmark_workers.py --size 0.02 --scenes 2 # a quick look

Scenes of int16 reflectance are simulated and a model is learned from the first. All of them are
mapped by `unmix.workers.map_scenes_on_workers` with each number of workers, by turns. Each worker
is confined to one processor of its own, as if it were a machine: without that, one worker takes all
processors that there are. Loading the program is counted, starting Python is not. In the end every
raster is compared with the one that mapping without workers writes, bit for bit.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster

from scenes import open_scene
from scenes.formats.raster_pixels import open_raster
from scenes.processors import n_processors
from unmix import Unmixer
from unmix.batch import Job, Order, Outcome, check_outcomes, map_scenes
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene
from unmix.workers import map_scenes_on_workers

N_BANDS, WIDTH = 224, 500
MATERIALS = ("water", "green vegetation", "dry soil", "sand", "kaolinite")
GOAL = 1.7


@dataclass(frozen=True)
class Row:
    """Seconds of each repeat with one number of workers."""

    n_workers: int
    seconds: list[float]

    @property
    def median(self) -> float:
        """Median time."""
        return statistics.median(self.seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 1 if a worker wrote something else, 0 otherwise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=8, help="how many (8)")
    parser.add_argument("--size", type=float, default=0.1, help="of each, in GB (0.1)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--repeats", type=int, default=3, help="of each number (3)")
    chosen = parser.parse_args(arguments)
    if max(chosen.workers) > n_processors():
        parser.error(f"there are {n_processors()} processors, and every worker needs one.")
    with tempfile.TemporaryDirectory() as folder:
        order, jobs = prepare(Path(folder), chosen.scenes, chosen.size)
        rows = [Row(n, []) for n in chosen.workers]
        for turn in range(chosen.repeats):
            for row in rows[:: -1 if turn % 2 else 1]:
                row.seconds.append(timed(order, jobs, row.n_workers))
                print(f"{row.n_workers} workers: {row.seconds[-1]:.1f} s", file=sys.stderr)
        different = differences(order, jobs, Path(folder) / "local")
    print("\n".join(table(rows, different)))
    return 1 if different else 0


def prepare(folder: Path, n_scenes: int, size: float) -> tuple[Order, list[Job]]:
    """Scenes, a model of the first, and what is to be done."""
    height = max(64, round(size * 1e9 / (2 * N_BANDS * WIDTH)))
    jobs = []
    for seed in range(n_scenes):
        print(f"simulating scene {seed + 1} of {n_scenes} ...", file=sys.stderr)
        simulation = Simulation(
            height=height, width=WIDTH, materials=MATERIALS, sensor="aviris", seed=seed
        )
        path = write_simulated_scene(simulation, folder / f"line{seed}.hdr").scene
        jobs.append(Job(path, folder / "out" / path.stem))
    model = Unmixer(len(MATERIALS)).fit(open_scene(jobs[0].scene))
    return Order(model, overwrite=True), jobs


def timed(order: Order, jobs: list[Job], n_workers: int) -> float:
    """Seconds that so many workers, with a processor each, take for all scenes."""
    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        workers = client.scheduler_info()["workers"]
        for processor, address in zip(sorted(os.sched_getaffinity(0)), workers, strict=False):
            client.run(partial(os.sched_setaffinity, 0, {processor}), workers=[address])
        began = time.perf_counter()
        finish(map_scenes_on_workers(order, jobs, n_workers, cluster.scheduler_address))
        return time.perf_counter() - began


def finish(outcomes: Iterable[Outcome]) -> None:
    """Wait for all outcomes; raise if a scene could not be mapped."""
    check_outcomes(list(outcomes))


def differences(order: Order, jobs: list[Job], folder: Path) -> list[str]:
    """Rasters that workers wrote differently from this process."""
    local = [Job(job.scene, folder / job.target.name) for job in jobs]
    finish(map_scenes(replace(order, overwrite=False), local))
    found = []
    for ours, theirs in zip(local, jobs, strict=True):
        for path in sorted(ours.target.glob("*.tif")):
            if not np.array_equal(pixels(path), pixels(theirs.target / path.name)):
                found.append(f"{theirs.target.name}/{path.name}")
    return found


def pixels(path: Path) -> np.ndarray:
    """All numbers of a raster."""
    with open_raster(path, "GTiff") as dataset:
        return np.asarray(dataset.read())


def table(rows: list[Row], different: list[str]) -> list[str]:
    """The results as lines of Markdown."""
    lines = ["| workers | s | times as fast |", "|--:|--:|--:|"]
    for row in rows:
        gain = rows[0].median / row.median
        lines.append(f"| {row.n_workers} | {row.median:.1f} | {gain:.2f} |")
    said = f"differ: {', '.join(different)}" if different else "are those of the local run"
    return [*lines, "", f"Goal: 2 workers at least {GOAL} times as fast as 1. All rasters {said}."]


if __name__ == "__main__":
    sys.exit(main())
