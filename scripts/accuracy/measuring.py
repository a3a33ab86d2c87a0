"""One method on one scene in a process of its own: score, time and memory."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from accuracy.known_scenes import BenchmarkError, KnownScene, load_scene
from accuracy.memory import peak_memory, restart_peak
from accuracy.methods import METHODS, Fit
from accuracy.scoring import Score, score
from unmix.abundances import read_abundances
from unmix.readings import READINGS

N_WARM_UP_PIXELS = 256
PRELOADED = ["sklearn.decomposition", "unmix.unmixer", "unmix.simulation", "scenes.formats"]
"""Imported once, in the server that processes are forked from; it computes nothing."""
BYTES_PER_MB = 1e6


@dataclass(frozen=True)
class Job:
    """What one process does."""

    scene: str
    method: str
    n_seeds: int
    n_threads: int
    data: Path


@dataclass(frozen=True)
class Trial:
    """One fit and what it was worth."""

    scene: str
    method: str
    seed: int
    n_pixels: int
    n_bands: int
    n_endmembers: int
    score: Score
    fit_s: float
    """Wall time of the fit."""
    cpu_s: float
    """Processor time of the fit, all threads together."""
    peak_mb: float | None
    """Memory that the fit added at its highest, in 10^6 bytes; None where it is not known."""


def run_job(job: Job) -> Iterator[Trial]:
    """Fit with every seed in a fresh process, and give each run as it is done.

    Parameters
    ----------
    job : Job

    Yields
    ------
    Trial

    Raises
    ------
    BenchmarkError
        If the process ended before its time; it has said why on stderr.
    """
    context = _context()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs))
    process.start()
    theirs.close()
    try:
        for seed in range(job.n_seeds):
            try:
                yield ours.recv()
            except EOFError:
                process.join()
                raise BenchmarkError(
                    f"{job.method} on {job.scene} failed at seed {seed} "
                    f"(exit code {process.exitcode})."
                ) from None
    finally:
        ours.close()
        process.join()


def measure(scene: str, method: str, fit: Fit, truth: KnownScene, seed: int) -> Trial:
    """Fit once, in this process, and score.

    Time and memory are of the fit alone. Scoring, and reading abundances, come after it.
    """
    before = restart_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    fitted = fit(truth.spectra, len(truth.endmembers), seed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = peak_memory()
    abundances = {"native": fitted.native_abundances()}
    for reading in READINGS:
        found = read_abundances(truth.spectra, fitted.endmembers, reading)  # type: ignore[arg-type]
        abundances[reading] = found.fractions
    return Trial(
        scene=scene,
        method=method,
        seed=seed,
        n_pixels=len(truth.spectra),
        n_bands=truth.spectra.shape[1],
        n_endmembers=len(truth.endmembers),
        score=score(fitted.endmembers, abundances, truth),
        fit_s=wall,
        cpu_s=cpu,
        peak_mb=None if before is None or after is None else (after - before) / BYTES_PER_MB,
    )


def _context() -> ForkServerContext | SpawnContext:
    """How processes start: from a server that has the libraries, or from nothing (Windows)."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _work(job: Job, results: Connection) -> None:
    """Body of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # stdout is the table's; SPAMS chatters there
    torch.set_num_threads(job.n_threads)
    fit = METHODS[job.method]
    with threadpool_limits(job.n_threads), results:
        for seed in range(job.n_seeds):
            truth = load_scene(job.scene, seed, job.data)
            if seed == 0:
                _warm_up(fit, truth)
            results.send(measure(job.scene, job.method, fit, truth, seed))


def _warm_up(fit: Fit, truth: KnownScene) -> None:
    """Fit a few mixed random spectra, so that whatever loads at first use is there."""
    n_endmembers, n_bands = truth.endmembers.shape
    generator = torch.Generator().manual_seed(0)
    materials = torch.rand(n_endmembers, n_bands, generator=generator)
    weights = torch.rand(N_WARM_UP_PIXELS, n_endmembers, generator=generator) ** 4
    fit(weights @ materials, n_endmembers, 0)
