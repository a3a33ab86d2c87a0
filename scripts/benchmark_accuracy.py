"""Accuracy, time and memory of unmix beside its peers, on scenes with known truth.

    python scripts/benchmark_accuracy.py                       every scene and method, 5 seeds
    python scripts/benchmark_accuracy.py --quick               seconds, needs no data
    python scripts/benchmark_accuracy.py --scenes samson dc1@30 --methods unmix vca --json out.json

One Markdown table goes to stdout, everything else to stderr. Every method is told the number of
endmembers and nothing more, and its endmembers are read in the same ways:

  SAD           spectral angle in radians, mean over the endmembers after one joint Hungarian
                assignment on the angle, which serves the abundances too
  RMSE          of abundances, as a fraction: mean over the endmembers of each one's RMSE
                (pooled RMSE is in the JSON)
    native      the method's own abundances; for VCA that is FCLS
    reflectance NNLS on the endmembers as they are, over the sum
    fcls        least squares with sum-to-one
    peak, l2    NNLS on endmembers of maximum one, or of unit length, over the sum: the
                convention behind the references of samson and jasper_ridge
  fit, CPU      wall and processor time of the fit alone, after a warm-up fit
  added peak    highest resident memory during the fit less that just before it, largest over
                seeds, in a process of its own; pixels and libraries are there before

Cells are mean ± standard deviation (worst) over seeds. A seed also draws the noise of name@SNR
scenes, and landscape and noise of simulated ones. Truth is used for scoring only.
"""

import argparse
import json
import sys
from pathlib import Path

from accuracy.known_scenes import DEFAULT_SCENES, BenchmarkError, check_name, missing_file
from accuracy.measuring import Job, Run, run_job
from accuracy.methods import DEFAULT_METHODS, METHODS, missing_package
from accuracy.table import as_json, markdown_table, summarise
from tqdm import tqdm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0, or 1 if a method failed or there was nothing to run."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"{chosen.json.parent} is not a folder.")
    scenes = chosen.scenes or (["tiny"] if chosen.quick else list(DEFAULT_SCENES))
    n_seeds = chosen.seeds or (2 if chosen.quick else 5)
    jobs = [
        Job(scene, method, n_seeds, chosen.threads, chosen.data)
        for scene in _available_scenes(scenes, chosen.data)
        for method in _available_methods(chosen.methods or list(DEFAULT_METHODS))
    ]
    if not jobs:
        _say("there is nothing to run.")
        return 1
    results, failures = _run(jobs, n_seeds)
    summaries = [summarise(runs) for runs in results]
    print(markdown_table(summaries))
    if chosen.json is not None:
        runs = [run for each in results for run in each]
        found = as_json(runs, summaries, failures, chosen.threads)
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scenes",
        nargs="+",
        type=_scene_name,
        metavar="NAME",
        help=f"from {', '.join(DEFAULT_SCENES)}, tiny; any SNR after @ (default: all but tiny)",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        metavar="NAME",
        help=f"from {', '.join(METHODS)} (default: {', '.join(DEFAULT_METHODS)})",
    )
    parser.add_argument("--seeds", type=_count, metavar="N", help="seeds 0 to N - 1 (default: 5)")
    parser.add_argument(
        "--threads", type=_count, default=1, metavar="N", help="for each fit (default: 1)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="PATH",
        help="folder with scenes/<name>/truth.npz; scenes it lacks are skipped (default: "
        "../shared/data beside the project)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number here too")
    parser.add_argument(
        "--quick", action="store_true", help="the scene tiny and 2 seeds, unless told otherwise"
    )
    return parser


def _run(jobs: list[Job], n_seeds: int) -> tuple[list[list[Run]], list[str]]:
    """Runs of every job that succeeded, and what went wrong with the others."""
    results, failures = [], []
    with tqdm(total=len(jobs) * n_seeds, unit="fit", file=sys.stderr) as progress:
        for job in jobs:
            progress.set_description(f"{job.scene}, {job.method}")
            runs: list[Run] = []
            try:
                for run in run_job(job):
                    runs.append(run)
                    progress.update()
                results.append(runs)
            except BenchmarkError as error:
                progress.update(n_seeds - len(runs))
                failures.append(str(error))
                _say(str(error))
    return results, failures


def _available_scenes(names: list[str], data: Path) -> list[str]:
    missing = {name: missing_file(name, data) for name in names}
    for name, path in missing.items():
        if path is not None:
            _say(f"scene {name} is skipped: there is no {path}.")
    return [name for name in names if missing[name] is None]


def _available_methods(names: list[str]) -> list[str]:
    missing = {name: missing_package(name) for name in names}
    for name, package in missing.items():
        if package is not None:
            _say(f"method {name} is skipped: it needs `pip install {package}`.")
    return [name for name in names if missing[name] is None]


def _scene_name(text: str) -> str:
    try:
        return check_name(text)
    except BenchmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer of at least 1. Got {text!r}.")
    return int(text)


def _say(text: str) -> None:
    tqdm.write(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
