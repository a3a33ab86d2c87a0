"""Several writers at a time, whose files are finished side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from rasterio.errors import NotGeoreferencedWarning

from scenes.export.tiff_writer import MOST_CACHE_BYTES, n_threads
from scenes.gdal_cache import limited_cache

Writer = AbstractContextManager[Any]


@contextmanager
def together(writers: Sequence[Writer]) -> Iterator[None]:
    """Open writers, and finish all of them when the block ends well.

    Overviews and checks of a file take one thread, so that a few files are finished at a time.
    Where one cannot be finished, the others are all the same.

    Parameters
    ----------
    writers : sequence of context managers
        Such as `CogWriter`; none writes what another reads.

    Raises
    ------
    SceneError or OSError
        What the first writer that failed raised.
    """
    with ExitStack() as stack:
        for writer in writers:
            stack.enter_context(writer)
        yield
        stack.pop_all()
    with (
        limited_cache(MOST_CACHE_BYTES),  # each writer sets it, and only we set it back for sure
        warnings.catch_warnings(),  # likewise
        ThreadPoolExecutor(n_threads(), "finishing") as pool,
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        finished = [pool.submit(writer.__exit__, None, None, None) for writer in writers]
    for future in finished:
        future.result()
