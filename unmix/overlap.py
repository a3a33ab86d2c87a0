"""Doing the next piece of work while the last one is in use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

In = TypeVar("In")
Out = TypeVar("Out")

_END = object()


def ahead(items: Iterable[Out], n_ahead: int = 1) -> Generator[Out, None, None]:
    """Go through items in their order, making the next ones in a thread meanwhile.

    Reading, solving and compressing let go of Python's interpreter lock, so that stages behind
    each other overlap. What is raised while an item is made is raised here, in its place.

    Parameters
    ----------
    items : iterable
        Used by the thread alone, until the generator is closed.
    n_ahead : int
        Items that are made or wait at a time, beside the one in use.

    Yields
    ------
    object
        Each item. When the generator ends or is closed, the thread has ended too.

    Examples
    --------
    >>> list(ahead(range(4), n_ahead=2))
    [0, 1, 2, 3]
    """
    iterator = iter(items)

    def following() -> object:
        return next(iterator, _END)

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting = deque(pool.submit(following) for _ in range(n_ahead))
        try:
            while (item := waiting.popleft().result()) is not _END:
                waiting.append(pool.submit(following))
                yield cast(Out, item)
        finally:
            pool.shutdown(cancel_futures=True)


def pipelined(
    items: Iterable[In],
    work: Callable[[In], Out],
    n_workers: int = 1,
    prepare: Callable[[], None] | None = None,
) -> Generator[Out, None, None]:
    """Make items in one thread and work on them in others; results come in the items' order.

    Besides the result in use, one item and `n_workers` + 1 others, in work or done, exist at a
    time.

    Parameters
    ----------
    items : iterable
    work : callable
        With several workers, it is called for several items at a time.
    n_workers : int
    prepare : callable, optional
        Called in each thread before it works.

    Yields
    ------
    object
        Each result. When the generator ends or is closed, the threads have ended too.

    Examples
    --------
    >>> list(pipelined(range(4), lambda number: number**2, n_workers=2))
    [0, 1, 4, 9]
    """
    made = ahead(items)
    with ThreadPoolExecutor(n_workers, "ahead-worker", prepare or _nothing) as pool:
        waiting: deque[Future[Out]] = deque()
        try:
            for future in _begun(pool, work, made):
                waiting.append(future)
                if len(waiting) > n_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            made.close()


def _begun(
    pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Iterable[In]
) -> Iterator["Future[Out]"]:
    """Futures of the work on each item; of an item that could not be made, of why."""
    try:
        for item in items:
            yield pool.submit(work, item)
            del item  # else it would live on while the next one is made
    except GeneratorExit:
        raise
    except BaseException as error:
        failed: Future[Out] = Future()
        failed.set_exception(error)
        yield failed


def _nothing() -> None:
    """What there is to prepare where nothing was said."""
