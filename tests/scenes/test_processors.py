"""How many processors there are for us."""

import os

import pytest

from scenes.processors import gdal_threads, n_processors


def test_processors_are_those_that_the_process_may_use():
    assert 1 <= n_processors() <= os.cpu_count()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="nobody may choose processors")
def test_a_confined_process_counts_its_own_processors():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert n_processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("wanted", ["", "0", "ALL_CPUS"])
def test_gdal_takes_all_processors_unless_told_a_number(monkeypatch, wanted):
    monkeypatch.setenv("GDAL_NUM_THREADS", wanted)
    assert gdal_threads(most=10**6) == n_processors()


def test_gdal_takes_the_number_that_it_is_told_up_to_the_most(monkeypatch):
    monkeypatch.setenv("GDAL_NUM_THREADS", "3")
    assert [gdal_threads(most) for most in (2, 3, 4)] == [2, 3, 3]
