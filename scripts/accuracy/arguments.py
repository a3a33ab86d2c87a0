"""Command-line arguments that the benchmarks share."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from accuracy.known_scenes import BenchmarkError, check_name, missing_file

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def add_common(parser: argparse.ArgumentParser, n_seeds: int | None) -> None:
    """Add --seeds, --threads, --data and --json."""
    parser.add_argument(
        "--seeds",
        type=count,
        default=n_seeds,
        metavar="N",
        help="seeds 0 to N - 1" + ("" if n_seeds is None else f" (default: {n_seeds})"),
    )
    parser.add_argument(
        "--threads", type=count, default=1, metavar="N", help="for each fit (default: 1)"
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


def available_scenes(names: Iterable[str], data: Path) -> list[str]:
    """The scenes whose files are there; says which are skipped."""
    missing = {name: missing_file(name, data) for name in names}
    for name, path in missing.items():
        if path is not None:
            say(f"scene {name} is skipped: there is no {path}.")
    return [name for name, path in missing.items() if path is None]


def scene_name(text: str) -> str:
    """Return the name of a scene, for argparse."""
    try:
        return check_name(text)
    except BenchmarkError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """Return a number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer of at least 1. Got {text!r}.")
    return int(text)


def say(text: str) -> None:
    """Write to stderr, past the progress bar."""
    tqdm.write(text, file=sys.stderr)
