"""How many processors there are for us."""

import os


def n_processors() -> int:
    """Processors that this process may use: a container may give it fewer than there are."""
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gdal_threads(most: int) -> int:
    """Threads for GDAL: those of ``GDAL_NUM_THREADS``, or as many as there are processors.

    Parameters
    ----------
    most : int
        More would not be faster.
    """
    wanted = os.environ.get("GDAL_NUM_THREADS", "")
    return min(most, int(wanted) if wanted.isdecimal() and int(wanted) else n_processors())
