"""Many scenes on many workers: one scene is one task of Dask.

A worker that dies takes its task with it; Dask gives it to another one, which finds out what was
done already, as `resume` does. So the results are those of a run in one process, bit for bit.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from scenes.processors import n_processors
from unmix.batch import (
    Job,
    Order,
    Outcome,
    map_scene,
    without_callbacks,
)
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent
from unmix.resuming import REQUEST_NAME, remove_left_overs

LOOPBACK = "127.0.0.1"
LOST_WORKERS = 3
"""How many workers may die with a scene before it is given up; one may be too large for them."""
RETRIES = 2
"""How often a scene is tried again after an error that is none of ours."""
CONNECT_S = 30


def map_scenes_on_workers(
    order: Order,
    jobs: Sequence[Job],
    n_workers: int,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> Iterator[Outcome]:
    """Map scenes on processes of this machine, or on a cluster that is there already.

    Parameters
    ----------
    order : Order
    jobs : sequence of Job
        No two with one folder. A cluster must see all paths under the names they have here.
    n_workers : int
        Processes to start, which listen on the loopback address only.
    scheduler : str, optional
        Address of a running Dask scheduler, such as ``tcp://10.0.0.1:8786``; nothing is started.
    progress : callable
        Called with the share of the scenes that are done.

    Yields
    ------
    Outcome
        Of each scene, as soon as it is done, in any order.

    Raises
    ------
    UnmixError
        If Dask is not installed, or the scheduler cannot be reached.
    """
    distributed = _distributed()
    if not order.resume:
        for job in jobs:  # all are to be made anew, but what this run has made stays
            (job.target / REQUEST_NAME).unlink(missing_ok=True)
    order = replace(without_callbacks(order), resume=True, alone=False)
    n_threads = max(1, n_processors() // n_workers) if scheduler is None else None
    progress("scenes", 0.0)
    try:
        with _client(distributed, n_workers, scheduler) as client:
            waiting = {
                client.submit(
                    partial(_on_worker, order, job, n_threads), pure=False, retries=RETRIES
                ): job
                for job in jobs
            }
            ready = distributed.as_completed(waiting, loop=client.loop)
            for done, future in enumerate(ready, start=1):
                yield _outcome(future, waiting[future])
                progress("scenes", done / len(jobs))
    finally:
        if scheduler is None:  # its processes are dead by now
            for job in jobs:
                remove_left_overs(job.target)


def _on_worker(order: Order, job: Job, n_threads: int | None) -> Outcome:
    """What a worker does with a scene."""
    if n_threads is not None:
        torch.set_num_threads(n_threads)
        os.environ["GDAL_NUM_THREADS"] = str(n_threads)
    outcome = map_scene(order, job)
    if outcome.error is None:
        return outcome
    said = UnmixError(str(outcome.error))  # errors that are an OSError too do not travel
    return outcome._replace(error=said)


def _outcome(future: Any, job: Job) -> Outcome:  # noqa: ANN401
    """The result of a task, or why there is none."""
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    if type(error).__name__ == "KilledWorker":
        said = (
            f"{LOST_WORKERS + 1} workers died while they mapped it, most often for lack of memory. "
            "Use fewer workers, or a smaller `memory`."
        )
    else:
        said = f"the worker failed: {type(error).__name__}: {error}."
    return Outcome(job, [], UnmixError(said))


def _distributed() -> Any:  # noqa: ANN401
    try:
        import distributed
    except ImportError:
        raise UnmixError(
            "Several workers need Dask, which is not installed. Install it with "
            "`pip install 'unmix[cluster]'`, or use one worker."
        ) from None
    return distributed


@contextmanager
def _client(distributed: Any, n_workers: int, scheduler: str | None) -> Iterator[Any]:  # noqa: ANN401
    """A client of a cluster, which is stopped in the end if it was started here."""
    import dask

    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UnmixError(
                f"The scheduler at {scheduler!r} cannot be reached: {error}. Check its address, "
                "such as tcp://10.0.0.1:8786, and that it runs."
            ) from error
        with client:
            yield client
        return
    settings = {
        "distributed.scheduler.allowed-failures": LOST_WORKERS,
        "distributed.scheduler.http.routes": [],  # nothing to look at, and no fixed port
        "distributed.worker.http.routes": [],
        "distributed.worker.memory.terminate": False,  # memory is bounded by the blocks
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.target": False,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            host=LOOPBACK,
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
            silence_logs="CRITICAL",
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client
