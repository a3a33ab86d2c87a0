"""Accuracy, time and memory of unmix beside its peers, on scenes with known truth.

    python scripts/benchmark_accuracy.py                       every scene and method, 10 seeds
    python scripts/benchmark_accuracy.py --quick               seconds, needs no data
    python scripts/benchmark_accuracy.py --scenes samson dc1@30 --methods unmix vca --json out.json
    python scripts/benchmark_accuracy.py --sweep               small scenes of every kind, 1 seed

One Markdown table goes to stdout, everything else to stderr. Every method is told the number of
endmembers and nothing more, and its endmembers are read in the same ways:

  SAD           spectral angle in radians, mean over the endmembers after one joint Hungarian
                assignment on the angle, which serves the abundances too
  rare found    on scenes with a planted material (name+0.3%, name+15px), for which one endmember
                more is asked: seeds that found it within .05 rad and kept the others within .04
  RMSE          of abundances, as a fraction: mean over the endmembers of each one's RMSE
                (pooled RMSE is in the JSON)
    native      the method's own abundances; for VCA, N-FINDR and SISAL that is FCLS
    reflectance least squares with a sum as near to one as the scene's brightness is, which is
                learnt from its pixels
    nnls        NNLS on the endmembers as they are, over the sum
    fcls        least squares with sum-to-one
    peak, l2    NNLS on endmembers of maximum one, or of unit length, over the sum: the
                convention behind the references of samson and jasper_ridge
  fit, CPU      wall and processor time of the fit alone, after a warm-up fit
  added peak    highest resident memory during the fit less that just before it, largest over
                seeds, in a process of its own; pixels and libraries are there before

Cells are mean ± standard deviation (worst) over seeds. A seed also draws the noise of name@SNR
scenes, landscape and noise of simulated ones, and what is planted. Truth is used for scoring only.

--sweep takes simulated scenes of 60 x 60 pixels over endmembers, bands, purity, noise and
variability: the mean over each level, then every combination, all in one process.
"""

import argparse
import json
import sys
from typing import Any

import torch
from accuracy import sweep
from accuracy.arguments import add_common, available_scenes, say, scene_name
from accuracy.known_scenes import DEFAULT_SCENES, BenchmarkError
from accuracy.measuring import Job, Trial, measure, run_job
from accuracy.methods import DEFAULT_METHODS, METHODS, missing_package
from accuracy.table import as_json, markdown_table, summarise
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm

N_SEEDS, N_QUICK_SEEDS, N_SWEEP_SEEDS = 10, 2, 1


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0, or 1 if a method failed or there was nothing to run."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"{chosen.json.parent} is not a folder.")
    if chosen.sweep and chosen.scenes:
        parser.error("--sweep has scenes of its own; leave --scenes out.")
    table, found, failed = (_sweep if chosen.sweep else _scoreboard)(chosen)
    if not found:
        say("there is nothing to run.")
        return 1
    print(table)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scenes",
        nargs="+",
        type=scene_name,
        metavar="NAME",
        help=f"from {', '.join(DEFAULT_SCENES)}, tiny; any SNR after @, any amount after + "
        "(default: all but tiny)".replace("%", "%%"),
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        metavar="NAME",
        help=f"from {', '.join(METHODS)} (default: {', '.join(DEFAULT_METHODS)}; with --sweep: "
        f"{', '.join(sweep.DEFAULT_METHODS)})",
    )
    add_common(parser, n_seeds=None)
    parser.add_argument(
        "--quick", action="store_true", help="the scene tiny and 2 seeds, unless told otherwise"
    )
    parser.add_argument("--sweep", action="store_true", help="small scenes of every kind instead")
    return parser


def _scoreboard(chosen: argparse.Namespace) -> tuple[str, dict[str, Any], bool]:
    """Table, JSON (empty if there was nothing to run), and whether anything failed."""
    scenes = chosen.scenes or (["tiny"] if chosen.quick else list(DEFAULT_SCENES))
    n_seeds = chosen.seeds or (N_QUICK_SEEDS if chosen.quick else N_SEEDS)
    jobs = [
        Job(scene, method, n_seeds, chosen.threads, chosen.data)
        for scene in available_scenes(scenes, chosen.data)
        for method in _available_methods(chosen.methods or list(DEFAULT_METHODS))
    ]
    if not jobs:
        return "", {}, True
    results, failures = _run(jobs, n_seeds)
    summaries = [summarise(runs) for runs in results]
    everything = [run for each in results for run in each]
    found = as_json(everything, summaries, failures, chosen.threads)
    return markdown_table(summaries), found, bool(failures)


def _run(jobs: list[Job], n_seeds: int) -> tuple[list[list[Trial]], list[str]]:
    """Runs of every job that succeeded, and what went wrong with the others."""
    results, failures = [], []
    with tqdm(total=len(jobs) * n_seeds, unit="fit", file=sys.stderr) as progress:
        for job in jobs:
            progress.set_description(f"{job.scene}, {job.method}")
            runs: list[Trial] = []
            try:
                for run in run_job(job):
                    runs.append(run)
                    progress.update()
                results.append(runs)
            except BenchmarkError as error:
                progress.update(n_seeds - len(runs))
                failures.append(str(error))
                say(str(error))
    return results, failures


def _sweep(chosen: argparse.Namespace) -> tuple[str, dict[str, Any], bool]:
    """Table and JSON of the sweep."""
    methods = _available_methods(chosen.methods or list(sweep.DEFAULT_METHODS))
    if not methods:
        return "", {}, True
    levels = sweep.QUICK_LEVELS if chosen.quick else sweep.LEVELS
    cells = sweep.cells(levels, sweep.QUICK_SIDE_PX if chosen.quick else sweep.SIDE_PX)
    seeds = range(chosen.seeds or N_SWEEP_SEEDS)
    runs: dict[sweep.Cell, dict[str, list[Trial]]] = {}
    torch.set_num_threads(chosen.threads)
    with threadpool_limits(chosen.threads):
        for cell in tqdm(cells, unit="cell", file=sys.stderr):
            scenes = [cell.scene(seed) for seed in seeds]
            runs[cell] = {
                name: [measure(str(cell), name, METHODS[name], scenes[s], s) for s in seeds]
                for name in methods
            }
    return sweep.sweep_table(runs), sweep.sweep_json(runs, chosen.threads), False


def _available_methods(names: list[str]) -> list[str]:
    missing = {name: missing_package(name) for name in names}
    for name, package in missing.items():
        if package is not None:
            say(f"method {name} is skipped: it needs `pip install {package}`.")
    return [name for name in names if missing[name] is None]


if __name__ == "__main__":
    sys.exit(main())
