import logging
import os
import signal
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from unmix import UnmixError
from unmix.batch import Job, Order, check_outcomes, map_scenes
from unmix.workers import LOOPBACK, map_scenes_on_workers

pytestmark = [
    pytest.mark.usefixtures("no_figures"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture
def distributed():
    return pytest.importorskip("distributed")


@pytest.fixture
def jobs(flight_lines, tmp_path):
    return [Job(path, tmp_path / "out" / path.stem) for path in flight_lines]


def assert_as_in_one_process(order, jobs, tmp_path, rasters_of):
    plain = [job._replace(target=tmp_path / "plain" / job.target.name) for job in jobs]
    check_outcomes(list(map_scenes(order, plain)))
    for ours, theirs in zip(jobs, plain, strict=True):
        found, expected = rasters_of(ours.target), rasters_of(theirs.target)
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert np.array_equal(found[name], values), name
    names = sorted(entry.name for entry in jobs[0].target.parent.iterdir())
    assert names == [job.target.name for job in jobs]


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing(distributed, line_model, jobs, tmp_path, rasters_of):
    psutil = pytest.importorskip("psutil")
    addresses, killed = set(), []

    def look_and_kill():
        """Note who listens where; kill the first process that is writing a scene."""
        deadline = time.monotonic() + 60
        while not killed and time.monotonic() < deadline:
            ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
            for process in ours:
                try:
                    found = process.net_connections("inet")
                    busy = process.open_files()
                except psutil.Error:
                    continue
                addresses.update(c.laddr for c in found if c.status == psutil.CONN_LISTEN)
                if process.pid != os.getpid() and any(".partial-" in f.path for f in busy):
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
                    break
            time.sleep(0.01)

    order, shares = Order(line_model), []
    watch = threading.Thread(target=look_and_kill)
    watch.start()
    turns = map_scenes_on_workers(
        order, jobs, 2, progress=lambda stage, share: shares.append((stage, share))
    )
    outcomes = list(turns)
    watch.join()
    check_outcomes(outcomes)
    assert killed
    assert {outcome.job for outcome in outcomes} == set(jobs)
    assert shares == [("scenes", done / 3) for done in range(4)]
    assert {address.ip for address in addresses} == {LOOPBACK}
    assert 8787 not in {address.port for address in addresses}
    assert_as_in_one_process(order, jobs, tmp_path, rasters_of)


def test_a_scheduler_that_runs_already_is_used_and_left_alone(
    distributed, line_model, jobs, tmp_path, rasters_of
):
    order = Order(line_model)
    missing = Job(tmp_path / "missing.tif", tmp_path / "missing")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
        host=LOOPBACK, protocol="tcp", silence_logs=logging.CRITICAL,
        scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
    ) as cluster:  # fmt: skip
        address = cluster.scheduler_address
        outcomes = list(map_scenes_on_workers(order, [*jobs, missing], 1, address))
        failed = [outcome for outcome in outcomes if outcome.error]
        assert [outcome.job for outcome in failed] == [missing]
        again = list(map_scenes_on_workers(replace(order, resume=True), jobs, 1, address))
        assert all(outcome.skipped for outcome in again)
        anew = list(map_scenes_on_workers(replace(order, overwrite=True), jobs[:1], 1, address))
        assert not anew[0].skipped and anew[0].error is None
        assert cluster.status.name == "running"
    assert_as_in_one_process(order, jobs, tmp_path, rasters_of)


def test_workers_without_dask_are_refused_in_one_sentence(line_model, jobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UnmixError, match=r"pip install 'unmix\[cluster\]'"):
        list(map_scenes_on_workers(Order(line_model), jobs, 2))


def test_a_scheduler_that_is_not_there_is_one_sentence(distributed, line_model, jobs, monkeypatch):
    monkeypatch.setattr("unmix.workers.CONNECT_S", 0.3)
    with pytest.raises(UnmixError, match=r"'tcp://127\.0\.0\.1:1' cannot be reached"):
        list(map_scenes_on_workers(Order(line_model), jobs, 1, "tcp://127.0.0.1:1"))
