"""Peak memory of this process."""

import contextlib
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


def restart_peak() -> int | None:
    """Let the peak start anew from what is resident now, and return it in bytes.

    Only Linux can; elsewhere the peak goes on from the highest so far, and a later difference
    is what the process grew beyond that.
    """
    with contextlib.suppress(OSError):
        CLEAR_REFS.write_text("5")  # man 5 proc: resets the "high water mark"
    return peak_memory()


def peak_memory() -> int | None:
    """Highest resident memory so far in bytes, or None where the system does not tell."""
    if STATUS.is_file():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
