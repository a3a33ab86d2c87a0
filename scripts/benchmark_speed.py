"""How fast abundances are solved for: pixels per second of every solver, beside its peers.

    python scripts/benchmark_speed.py                          3, 6, 12 and 20 endmembers, 5 repeats
    python scripts/benchmark_speed.py --endmembers 6 --pixels 20000 --json out.json
    python scripts/benchmark_speed.py --library usgs1995.npz   spectra (n, n_bands) from a file

Pixels are float32 mixtures at 30 dB of random endmembers, or of spectra of a library; their
fractions are Dirichlet(1), where most pixels hold all endmembers, or Dirichlet(0.3), where most do
not. All runs on one thread and is timed in processor time, by turns, every other round in reverse;
a rate is that of the median. One Markdown table goes to stdout, everything else to stderr:

  product     the bare matrix product ``Y @ E.T`` in float32, the least that any solver needs
  ucls ...    `unmix.least_squares` under each constraint
  spams       SPAMS' decompSimplex (FCLS) in float64, its faster precision, if installed
  pysptools   its FCLS (cvxopt) on few pixels, if installed
  scipy       `scipy.optimize.nnls`, pixel by pixel, on few pixels
  / ...       the rate of our fcls over the other's
  off         largest difference of an abundance from a slow float64 solution, of nnls and of fcls

All rates are in thousands of pixels per second; what is not installed is left out ("-").
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import scipy.optimize
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from unmix.least_squares import Constraint, least_squares

SNR = 1000.0
CONCENTRATIONS = (1.0, 0.3)
OURS = get_args(Constraint)
PEERS = ("spams", "pysptools", "scipy")
RATIOS = ("product", "spams", "pysptools")


class Problem(NamedTuple):
    """Pixels and endmembers, float32 numbers as arrays of both precisions."""

    spectra: np.ndarray
    endmembers: np.ndarray
    few: np.ndarray
    """The first pixels in float64, for slow solvers."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endmembers", type=int, nargs="+", default=[3, 6, 12, 20], metavar="N")
    parser.add_argument("--bands", type=int, default=200, help="of random endmembers (200)")
    parser.add_argument("--pixels", type=int, default=100_000, help="of each problem (100 000)")
    parser.add_argument("--few", type=int, default=200, help="pixels for slow solvers (200)")
    parser.add_argument("--repeats", type=int, default=5, help="of each solver (5)")
    parser.add_argument("--library", type=Path, help="an .npz with an array `spectra`")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    chosen = parser.parse_args(arguments)
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"{chosen.json.parent} is not a folder.")
    torch.set_num_threads(1)
    found = []
    with threadpool_limits(1):
        for n in chosen.endmembers:
            for concentration in CONCENTRATIONS:
                sys.stderr.write(f"{n} endmembers, Dirichlet({concentration:g}) ...\n")
                problem = make_problem(n, concentration, chosen)
                row = {"endmembers": n, "concentration": concentration}
                row |= {"bands": problem.spectra.shape[1], "pixels": len(problem.spectra)}
                found.append(row | measure(problem, chosen.repeats))
    print("\n".join(table(found)))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 0


def make_problem(n: int, concentration: float, chosen: argparse.Namespace) -> Problem:
    """Noisy mixtures of random spectra."""
    random = np.random.default_rng(n)
    if chosen.library is None:
        endmembers = random.random((n, chosen.bands))
    else:
        with np.load(chosen.library) as file:
            spectra = file["spectra"]
        spectra = spectra[np.isfinite(spectra).all(axis=1)]
        endmembers = spectra[random.choice(len(spectra), n, replace=False)]
    endmembers = endmembers.astype(np.float32)
    spectra = random.dirichlet(np.full(n, concentration), chosen.pixels) @ endmembers
    spectra += np.sqrt(np.mean(spectra**2) / SNR) * random.standard_normal(spectra.shape)
    spectra = spectra.astype(np.float32)
    return Problem(spectra, endmembers, spectra[: chosen.few].astype(np.float64))


def measure(problem: Problem, repeats: int) -> dict[str, Any]:
    """Rates of all solvers by turns, and how far ours are off."""
    solvers = solvers_of(problem)
    for solve, _ in solvers.values():
        solve()
    seconds: dict[str, list[float]] = {name: [] for name in solvers}
    for turn in range(repeats):
        for name in list(solvers)[:: -1 if turn % 2 else 1]:
            start = time.process_time()
            solvers[name][0]()
            seconds[name].append(time.process_time() - start)
    rates = {
        name: n_pixels / max(statistics.median(seconds[name]), 1e-9)
        for name, (_, n_pixels) in solvers.items()
    }
    return {"pixels_per_second": rates, "off": off(problem)}


def solvers_of(problem: Problem) -> dict[str, tuple[Callable[[], Any], int]]:
    """Every solver that is installed, with the number of its pixels."""
    spectra, endmembers = torch.from_numpy(problem.spectra), torch.from_numpy(problem.endmembers)
    every, few = len(problem.spectra), len(problem.few)
    double = problem.endmembers.astype(np.float64)
    solvers: dict[str, tuple[Callable[[], Any], int]] = {
        "product": (lambda: spectra @ endmembers.T, every)
    }
    for name in OURS:
        solvers[name] = (partial(least_squares, spectra, endmembers, name), every)
    if find_spec("spams"):
        solve = import_module("spams").decompSimplex
        columns = (np.asfortranarray(a.T.astype(np.float64)) for a in problem[:2])
        y, e = columns
        solvers["spams"] = (lambda: solve(y, e, computeXtX=True, numThreads=1), every)
    if find_spec("pysptools"):
        slow = import_module("pysptools.abundance_maps.amaps").FCLS
        solvers["pysptools"] = (lambda: slow(problem.few, double), few)
    solvers["scipy"] = (lambda: slow_nnls(problem.few, double), few)
    return solvers


def off(problem: Problem) -> dict[str, float]:
    """Largest difference of an abundance from the slow solutions."""
    few = torch.from_numpy(problem.spectra[: len(problem.few)])
    endmembers = torch.from_numpy(problem.endmembers)
    double = problem.endmembers.astype(np.float64)
    slow = {
        "nnls": (least_squares(few, endmembers, "nnls"), slow_nnls(problem.few, double)),
        "fcls": (least_squares(few, endmembers, "fcls"), slow_fcls(problem.few, double)),
    }
    return {
        name: float(np.abs(ours.numpy() - theirs).max()) for name, (ours, theirs) in slow.items()
    }


def slow_nnls(spectra: np.ndarray, endmembers: np.ndarray) -> np.ndarray:
    """Nonnegative least squares pixel by pixel."""
    return np.array([scipy.optimize.nnls(endmembers.T, pixel)[0] for pixel in spectra])


def slow_fcls(spectra: np.ndarray, endmembers: np.ndarray) -> np.ndarray:
    """The same with a sum of one, which is NNLS on what the endmembers are off each pixel.

    For ``x = t z`` with ``sum(z) = 1``, the least ``|t z D|^2 + (t - 1)^2`` over t grows with
    ``|z D|^2``, so NNLS of (0, 1) on (D, 1) finds the nearest z, times t.
    """
    rows = []
    for pixel in spectra:
        differences = np.column_stack([endmembers - pixel, np.ones(len(endmembers))])
        x = scipy.optimize.nnls(differences.T, np.append(np.zeros(len(pixel)), 1.0))[0]
        rows.append(x / x.sum())
    return np.array(rows)


def table(found: list[dict[str, Any]]) -> list[str]:
    """The results as lines of Markdown."""
    names = ("product", *OURS, *PEERS)
    titles = ["n", "Dirichlet", *names, *(f"/ {name}" for name in RATIOS), "off nnls", "off fcls"]
    lines = [_line(titles), "|" + "--:|" * len(titles)]
    for row in found:
        rates = row["pixels_per_second"]
        cells = [str(row["endmembers"]), f"{row['concentration']:g}"]
        cells += [f"{rates[name] / 1000:.3g}" if name in rates else "-" for name in names]
        cells += [f"{rates['fcls'] / rates[name]:.3g}" if name in rates else "-" for name in RATIOS]
        lines.append(_line([*cells, *(f"{row['off'][name]:.0e}" for name in ("nnls", "fcls"))]))
    return lines


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
