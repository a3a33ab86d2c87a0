"""How fast scenes are read: blocks of spectra against the plainest pass over the same file.

    python scripts/benchmark_reading.py                     2 GB in every format, 5 passes each
    python scripts/benchmark_reading.py --size 0.5 --formats bsq tiff --repeats 3

For each format a file of int16 reflectance is written, read once to warm the cache, and read again
by turns in three ways, in one process on one thread, in alternating order:

* blocks: ``for block in scene.blocks()``, spectra (pixels, bands) in reflectance with their mask;
* by hand: the same numbers, made with the fewest passes of NumPy from a memory map (ENVI) or from
  what rasterio reads tile by tile (TIFF);
* bare: the raw numbers copied out of the memory map, or rasterio's tiles, and nothing made of them.

One Markdown table goes to stdout: medians, ratios of medians, and by how much reading all blocks
raises the memory of a fresh process. Everything else goes to stderr.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import torch
from affine import Affine

from scenes import open_scene
from scenes.envi_header import write_header

FORMATS = ("bsq", "bil", "bip", "tiff", "tiff-deflate")
N_BANDS, WIDTH, TILE = 224, 1000, 256
ROWS = 64
NODATA, SCALE = -9999, 10000
GOALS = {"bsq": 1.3, "bil": 1.3, "bip": 1.3, "tiff": 1.2, "tiff-deflate": 1.2}
TO_PIXELS = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}

PEAK = """
import re, sys
from pathlib import Path
import torch
from scenes import open_scene
scene = open_scene(sys.argv[1])
next(scene.blocks(1))
def kib(key):
    return int(re.search(key + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
Path("/proc/self/clear_refs").write_text("5")  # starts VmHWM, the peak, anew
before = kib("VmRSS")
n = sum(len(block.spectra) for block in scene.blocks())
print((kib("VmHWM") - before) / 1024)
"""


@dataclass(frozen=True)
class Row:
    """Seconds of each way of reading one file, one for each pass."""

    name: str
    n_bytes: int
    seconds: dict[str, list[float]]
    peak_mib: float | None

    def median(self, way: str) -> float:
        """Median time of a way of reading."""
        return statistics.median(self.seconds[way])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=float, default=2.0, help="of each file, in GB (2)")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--repeats", type=int, default=5, help="passes of each way (5)")
    parser.add_argument("--folder", type=Path, help="where to write the files (temporary)")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    height = max(TILE, round(chosen.size * 1e9 / (2 * N_BANDS * WIDTH)))
    rows = []
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for name in chosen.formats:
            print(f"{name}: writing ...", file=sys.stderr)
            path = write_scene(Path(folder), name, height)
            rows.append(measure(path, name, chosen.repeats))
            path.unlink()
    print("\n".join(table(rows)))
    return 0


def write_scene(folder: Path, name: str, height: int) -> Path:
    """Write a scene of smooth random reflectance; a band at a time in bsq, else rows at a time."""
    random = np.random.default_rng(0)
    texture = random.integers(500, 4000, (height, WIDTH), dtype=np.int16)
    lift = random.integers(0, 4000, N_BANDS).astype(np.int16)
    if name.startswith("tiff"):
        return _write_tiff(folder / f"{name}.tif", texture, lift, name == "tiff-deflate")
    path = folder / f"{name}.img"
    with path.open("wb") as file:
        if name == "bsq":
            for band in lift:
                file.write((texture + band).tobytes())
        else:
            for line in texture:
                pixels = line[:, None] + lift
                file.write(np.ascontiguousarray(pixels.T if name == "bil" else pixels).tobytes())
    fields = {
        "samples": WIDTH, "lines": height, "bands": N_BANDS, "header offset": 0, "data type": 2,
        "interleave": name, "byte order": 0, "data ignore value": NODATA,
        "reflectance scale factor": SCALE,
    }  # fmt: skip
    write_header(path.with_suffix(".hdr"), fields)
    return path


def _write_tiff(path: Path, texture: np.ndarray, lift: np.ndarray, packed: bool) -> Path:
    height, width = texture.shape
    profile = {
        "driver": "GTiff", "dtype": "int16", "count": N_BANDS, "height": height, "width": width,
        "nodata": NODATA, "tiled": True, "blockxsize": TILE, "blockysize": TILE,
        "interleave": "pixel", "transform": Affine(30, 0, 5e5, 0, -30, 4e6), "crs": "EPSG:32611",
        "compress": "deflate" if packed else None, "bigtiff": "if_safer", "zlevel": 1,
    }  # fmt: skip
    if not packed:
        del profile["zlevel"]
    with rasterio.open(path, "w", **profile) as dataset:
        for _, window in dataset.block_windows(1):
            dataset.write(lift[:, None, None] + texture[window.toslices()], window=window)
        dataset.scales = (1 / SCALE,) * N_BANDS
    return path


def measure(path: Path, name: str, repeats: int) -> Row:
    """Time all ways of reading a file by turns, every other round in reverse."""
    ways = {"blocks": _blocks, "by hand": _by_hand, "bare": _bare}
    for way in ways.values():
        way(path, name)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats):
        for way in list(ways)[:: -1 if turn % 2 else 1]:
            seconds[way].append(_timed(ways[way], path, name))
        print(f"{name}: pass {turn + 1} of {repeats}", file=sys.stderr)
    return Row(name, path.stat().st_size, seconds, _peak_mib(path))


def _timed(way: Callable[[Path, str], None], path: Path, name: str) -> float:
    start = time.perf_counter()
    way(path, name)
    return time.perf_counter() - start


def _blocks(path: Path, name: str) -> None:
    for _ in open_scene(path).blocks():
        pass


def _by_hand(path: Path, name: str) -> None:
    """Spectra in reflectance and their mask, as plainly as NumPy can."""
    for raw in _raw_pixels(path, name):
        spectra = np.array(raw, dtype=np.float32, order="C").reshape(-1, N_BANDS)
        spectra /= np.float32(SCALE)
        (raw != NODATA).all(axis=2)


def _bare(path: Path, name: str) -> None:
    for raw in _raw_pixels(path, name):
        raw.copy(order="K")


def _raw_pixels(path: Path, name: str) -> Iterator[np.ndarray]:
    """Raw numbers of the file, piece by piece, as (rows, columns, bands)."""
    if name.startswith("tiff"):
        with rasterio.open(path) as dataset:
            for _, window in dataset.block_windows(1):
                yield dataset.read(window=window).transpose(1, 2, 0)
        return
    axes = TO_PIXELS[name]
    height = path.stat().st_size // (2 * N_BANDS * WIDTH)
    sizes = dict(zip(axes, (height, WIDTH, N_BANDS), strict=True))
    numbers = np.memmap(path, np.int16, mode="r", shape=tuple(sizes[axis] for axis in range(3)))
    for row in range(0, height, ROWS):
        yield numbers.transpose(axes)[row : row + ROWS]


def _peak_mib(path: Path) -> float | None:
    """Memory that reading all blocks adds to a fresh process; None where the system cannot tell."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    command = [sys.executable, "-c", PEAK, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(ended.stdout)


def table(rows: list[Row]) -> list[str]:
    """The results as lines of Markdown."""
    lines = [
        "| format | GB | blocks s | GB/s | / by hand | / bare | goal | MiB more |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        ours = row.median("blocks")
        ratios = [f"{ours / row.median(way):.2f}" for way in ("by hand", "bare")]
        peak = "?" if row.peak_mib is None else f"{row.peak_mib:.0f}"
        cells = [row.name, f"{row.n_bytes / 1e9:.2f}", f"{ours:.2f}"]
        cells += [f"{row.n_bytes / 1e9 / ours:.2f}", *ratios, f"{GOALS[row.name]}", peak]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
