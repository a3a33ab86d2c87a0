"""Several writers at a time, whose files are finished side by side."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from rasterio.errors import NotGeoreferencedWarning

from scenes.export.tiff_writer import MOST_CACHE_BYTES, n_threads
from scenes.gdal_cache import limited_cache

Writer = AbstractContextManager[Any]
Work = Callable[[], None]


@contextmanager
def together(
    writers: Sequence[Writer],
    then: Callable[[int], Iterable[Work]] = lambda place: (),
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[None]:
    """Open writers, and finish all of them when the block ends well.

    Overviews and checks of a file take one thread, so that a few files are finished at a time.
    Where one cannot be finished, the others are all the same.

    Parameters
    ----------
    writers : sequence of context managers
        Such as `CogWriter`; none writes what another reads.
    then : callable, optional
        Called with the place of each writer whose file is finished. It gives what can be done from
        then on, each in a thread, beside the finishing of the others.
    progress : callable, optional
        Called with the share of the files that are finished.

    Raises
    ------
    SceneError or OSError
        What the first writer that failed raised, or the first work.
    """
    with ExitStack() as stack:
        for writer in writers:
            stack.enter_context(writer)
        yield
        stack.pop_all()
    works: list[Future[Any]] = []
    with (
        limited_cache(MOST_CACHE_BYTES),  # each writer sets it, and only we set it back for sure
        warnings.catch_warnings(),  # likewise
        ThreadPoolExecutor(n_threads(), "finishing") as pool,
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        places = {pool.submit(w.__exit__, None, None, None): k for k, w in enumerate(writers)}
        for done, finished in enumerate(as_completed(places), start=1):
            if finished.exception() is None:
                works += [pool.submit(work) for work in then(places[finished])]
            progress(done / len(writers))
    for future in (*places, *works):
        future.result()
