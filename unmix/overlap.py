"""Doing the next piece of work while the last one is in use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
    items: Iterable[In], work: Callable[[In], Out], n_ahead: int = 1
) -> Generator[Out, None, None]:
    """Make items in one thread and work on them in another, in their order; see `ahead`.

    Besides the result in use, `n_ahead` results and `n_ahead` items exist at a time.

    Examples
    --------
    >>> list(pipelined(range(4), lambda number: number**2))
    [0, 1, 4, 9]
    """
    made = ahead(items, n_ahead)
    try:
        yield from ahead(_each(made, work), n_ahead)
    finally:
        made.close()


def _each(items: Iterator[In], work: Callable[[In], Out]) -> Iterator[Out]:
    for item in items:
        yield work(item)
        del item  # else it would live on while the next one is made
