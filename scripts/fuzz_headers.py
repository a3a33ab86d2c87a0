"""Opens damaged scenes by the thousand: each must be a right scene or one clear refusal.

    python scripts/fuzz_headers.py                            10 000 files, seed 0
    python scripts/fuzz_headers.py --count 100000 --seed 7
    python scripts/fuzz_headers.py --first 4711 --count 1     one file again, with its traceback

Small sound scenes (ENVI, gzip-compressed ENVI, ESRI header, GeoTIFF, HDF5 products) are written,
their headers mutated, their files truncated, and each is opened and a block of it read. Allowed
are a scene that keeps the laws below, and a SceneError; where a header leaves no doubt, numpy has
to read the same numbers. Any other exception is a find, and so are more memory than a small file
explains and more than a few seconds. Every case has its own seed: a find is named by a number that
opens it again.
Files lie in a temporary folder that is removed at the end. HDF5 files with changed bytes are opened
in a process of their own, since libhdf5 itself crashes on a few of them: that is counted, and no
find, since no code here could refuse them.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import math
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

import numpy as np
from fuzzing.damage import MAKERS as HEADER_MAKERS
from fuzzing.plain_reading import plain_reading
from fuzzing.products import make_broken_product, make_damaged_product
from rasterio.windows import Window

from scenes import Scene, SceneError, SceneWarning, open_scene
from scenes.formats.hdf import is_hdf

MAKERS = {
    **HEADER_MAKERS,
    "HDF5": make_damaged_product,
    "HDF5 bytes": make_broken_product,
}
IN_OWN_PROCESS = {"HDF5 bytes"}

SECONDS_PER_CASE = 10
MOST_PER_BYTE = 2000
"""Numbers that one byte of a file may stand for: DEFLATE packs up to 1032 bytes into one."""

BLOCK_BYTES = 2**28
"""What a block of a TIFF may take; the place of each is listed in at least 4 bytes."""

SMALL_PIXELS = 1000
"""A scene of no more pixels than this is read as a whole."""

MEMORY_BYTES = 2**30
"""What one case may take beyond what the process had: a block is held to 64 MiB."""


OUTCOMES = ("refused", "scene", "scene, as numpy reads it")


class TooSlow(Exception):
    """A case took longer than it may."""


def main(arguments: list[str] | None = None) -> int:
    """Run the cases; return 0, or 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="number of files")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, _guarded():
        outcomes, finds = fuzz(Path(folder), chosen.seed, chosen.first, chosen.count)
    for number, text in finds:
        print(f"case {number}:\n{text}")
    found = {
        "cases": chosen.count,
        "seed": chosen.seed,
        "seconds": round(time.perf_counter() - start, 1),
        "outcomes": dict(outcomes.most_common()),
        "finds": len(finds),
    }
    print(json.dumps(found))
    return 1 if finds else 0


def fuzz(
    folder: Path, seed: int, first: int, count: int
) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Run cases, each drawn by its own number; outcomes by kind, and finds with their traceback."""
    outcomes: Counter[str] = Counter()
    finds = []
    for number in range(first, first + count):
        random = Random(f"{seed}/{number}")
        path = folder / "x"
        for old in folder.iterdir():
            old.unlink()
        kind = random.choice(sorted(MAKERS))
        try:
            path = MAKERS[kind](folder, random)
            outcome = (alone if kind in IN_OWN_PROCESS else open_one)(path, random)
        except Exception:
            outcome = "FIND"
            finds.append((number, f"{kind} {path.name}\n{traceback.format_exc(limit=-6)}"))
        outcomes[f"{kind}: {outcome}"] += 1
    return outcomes, finds


def open_one(path: Path, random: Random) -> str:
    """Open a scene and read a block of it; what came out."""
    with warnings.catch_warnings(), _time_limit():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", SceneWarning)
        try:
            scene = open_scene(path)
            height, width = min(scene.height, 3), min(scene.width, 3)
            row = random.randrange(scene.height - height + 1)
            cube = scene.read(Window(0, row, width, height))
            if scene.height * scene.width <= SMALL_PIXELS:
                scene.valid_mask()
        except SceneError as error:
            _check_sentence(str(error))
            return "refused"
    n_numbers = 0 if is_hdf(path) else scene.height * scene.width * len(scene.bands)
    n_bytes = sum(file.stat().st_size for file in path.parent.iterdir())
    most = BLOCK_BYTES * n_bytes / 4 if path.suffix == ".tif" else MOST_PER_BYTE * n_bytes
    assert n_numbers <= most, f"{scene!r} in {n_bytes} bytes"
    plain = plain_reading(path)
    if plain is not None:
        raw = quietly_opened(path, scale=1.0, nodata=math.nan).read()
        expected = plain[scene.bands_used]
        expected[:, ~np.isfinite(expected).all(axis=0)] = np.nan
        assert np.array_equal(raw, expected, equal_nan=True)
    assert cube.shape == (scene.n_bands, height, width)
    assert cube.dtype == np.float32
    assert all(map(math.isfinite, scene.grid.transform))
    for values in (scene.wavelengths_nm, scene.fwhm_nm):
        assert values is None or (np.isfinite(values).all() and (values > 0).all())
    return "scene" if plain is None else "scene, as numpy reads it"


def alone(path: Path, random: Random) -> str:
    """Open a scene in a process of its own; what came out, a crash included."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        try:
            outcome = open_one(path, random)
            os._exit(OUTCOMES.index(outcome))
        except BaseException:
            traceback.print_exc(file=path.with_suffix(".txt").open("w"))
            os._exit(len(OUTCOMES))
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return f"libhdf5 crashed ({signal.Signals(os.WTERMSIG(status)).name})"
    code = os.waitstatus_to_exitcode(status)
    if code == len(OUTCOMES):
        raise AssertionError(path.with_suffix(".txt").read_text())
    return OUTCOMES[code]


def quietly_opened(path: Path, **arguments: float) -> Scene:
    """Open a scene without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)
        return open_scene(path, **arguments)


def _check_sentence(message: str) -> None:
    """A refusal is short, on one line, and ends as a sentence."""
    assert len(message) < 1200, f"a message of {len(message)} characters: {message[:200]}"
    assert message.endswith("."), message


@contextmanager
def _guarded() -> Iterator[None]:
    """Hold the memory of this process down, show crashes, and keep GDAL's log quiet."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    log = logging.getLogger("rasterio")
    level = log.level
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, before[1]))
    log.setLevel(logging.CRITICAL + 1)
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # of GDAL's log, in no encoding
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:  # libtiff writes to the file descriptor
        os.dup2(nowhere.fileno(), 2)
    faulthandler.enable(stderr)
    try:
        yield
    finally:
        faulthandler.disable()
        os.dup2(stderr, 2)
        os.close(stderr)
        sys.unraisablehook = hook
        log.setLevel(level)
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise TooSlow in a case that does not end."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS_PER_CASE} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_CASE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
