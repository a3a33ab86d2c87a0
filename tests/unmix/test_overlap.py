import gc
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.overlap import ahead, pipelined


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


@given(st.lists(st.integers()), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_items_come_in_their_order(items, n_ahead):
    assert list(ahead(items, n_ahead)) == items
    assert list(pipelined(items, lambda item: -item, n_workers=n_ahead)) == [-i for i in items]
    assert not threads()


@pytest.mark.parametrize("n_ahead", [1, 3])
def test_no_more_items_are_made_than_promised(n_ahead):
    made = []
    turns = ahead((made.append(k) or k for k in range(20)), n_ahead)
    for k in turns:
        deadline = time.monotonic() + 5
        while len(made) < min(20, k + 1 + n_ahead) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.002)
        assert len(made) == min(20, k + 1 + n_ahead)


def test_reading_goes_on_while_an_item_is_in_use():
    in_use, read = threading.Event(), threading.Event()

    def items():
        yield 0
        assert in_use.wait(5)
        read.set()
        yield 1

    for item in ahead(items()):
        if item == 0:
            in_use.set()
            assert read.wait(5)


def test_solving_goes_on_while_the_next_is_read():
    both = threading.Barrier(2, timeout=5)

    def items():
        yield 0
        both.wait()
        yield 1

    def work(item):
        if item == 0:
            both.wait()
        return item

    assert list(pipelined(items(), work)) == [0, 1]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StopAsyncIteration])
@pytest.mark.parametrize("in_work", [False, True])
def test_errors_are_raised_in_their_place(error, in_work):
    def items():
        for k in range(5):
            if k == 3 and not in_work:
                raise error("the disk is gone")
            yield k

    def work(item):
        if item == 3 and in_work:
            raise error("the disk is gone")
        return item

    seen = []
    with pytest.raises(error, match="the disk is gone"):
        for item in pipelined(items(), work):
            seen.append(item)
    assert seen == [0, 1, 2]
    gc.collect()
    assert not threads()


def test_closing_ends_the_threads_and_the_source():
    closed = threading.Event()

    def items():
        try:
            yield from range(1000)
        finally:
            closed.set()

    turns = pipelined(items(), lambda item: item)
    assert next(turns) == 0
    assert len(threads()) == 2
    turns.close()
    gc.collect()
    assert closed.is_set()
    assert not threads()


def test_an_error_of_the_user_ends_the_threads():
    with pytest.raises(RuntimeError):
        for _ in pipelined(range(1000), lambda item: item):
            raise RuntimeError
    gc.collect()
    assert not threads()


def test_nothing_starts_before_the_first_item_is_asked_for():
    made = []
    turns = ahead(made.append(k) for k in range(3))
    assert made == [] and not threads()
    turns.close()


def test_several_items_are_worked_on_at_a_time_and_no_more_than_promised():
    both = threading.Barrier(2, timeout=5)
    made, prepared = [], []

    def work(item):
        if item < 2:
            both.wait()
        return item

    turns = pipelined((made.append(k) or k for k in range(20)), work, 2, lambda: prepared.append(1))
    for done, item in enumerate(turns, start=1):
        assert item == done - 1
        time.sleep(0.002)
        assert len(made) <= min(20, done + 2 + 2)
    assert len(prepared) == 2
    assert not threads()
