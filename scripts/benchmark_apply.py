"""How fast a model is applied to a scene, beside reading the scene and writing as many maps.

    python scripts/benchmark_apply.py                       1 GB and half of it, in both formats
    python scripts/benchmark_apply.py --sizes 0.1 --formats bil --repeats 1
    python scripts/benchmark_apply.py --sizes 1 4 16 --formats bil --repeats 0 --cold

For each format and size a scene of int16 reflectance is simulated, a model is learned, and by turns
(ENVI scenes of more than 1 GB are one of 1 GB, again and again)

* apply: all of ``unmix apply`` but its imports, ``unmix_scene(scene, model).save(folder)``, in
  a fresh process: pictures, styles, figures and records included;
* bare: all bytes of the file are read (GeoTIFF: all tiles by rasterio), and rasters of the same
  sizes and types are written, of zeros, by the same writer;
* copied: the same, with the values that apply wrote, which take longer to compress.

With ``--cold`` the system forgets the scene before it is read, so that it comes from the disk, as
scenes do that are larger than memory or used for the first time.

Medians, their ratios and the memory that apply takes above its imports go to stdout as a Markdown
table. The goal is 1.5 times the bare way and less than 1 GiB, whatever the size.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenes import Grid, open_scene
from scenes.export import CogWriter
from scenes.formats.raster_pixels import open_raster
from unmix import Unmixer
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene

SUFFIXES = {"bil": ".hdr", "tiff": ".tif"}
N_BANDS, WIDTH = 224, 1000
SIMULATED_ROWS = 2232  # 1 GB
MATERIALS = ("water", "green vegetation", "dry soil", "sand", "asphalt", "kaolinite")
GOAL, GOAL_MIB = 1.5, 1024
ROWS, PART = 16, 2**24
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}  # as `unmix.cli` sets it

APPLY = """
import json, sys, time
import unmix.report.page, unmix.report.preview
from accuracy.memory import peak_memory, restart_peak
from unmix import Unmixer, unmix_scene
scene, model, out = sys.argv[1:4]
before = restart_peak()
start = time.perf_counter()
unmix_scene(scene, Unmixer.load(model)).save(out)
seconds = time.perf_counter() - start
print(json.dumps([seconds, (peak_memory() - before) / 2**20]))
"""


@dataclass(frozen=True)
class Row:
    """Seconds of each way over one scene, one for each repeat."""

    name: str
    n_bytes: int
    seconds: dict[str, list[float]]
    peak_mib: float

    def median(self, way: str) -> float:
        """Median time of a way."""
        return statistics.median(self.seconds[way])


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.5, 1.0], help="in GB")
    parser.add_argument("--formats", nargs="+", choices=SUFFIXES, default=list(SUFFIXES))
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="passes of each way after a first one (3); 0 counts that one",
    )
    parser.add_argument("--endmembers", type=int, default=len(MATERIALS))
    parser.add_argument("--cold", action="store_true", help="read scenes from the disk")
    parser.add_argument("--folder", type=Path, help="where to write the files (temporary)")
    chosen = parser.parse_args(arguments)
    rows = []
    for name in chosen.formats:
        for size in chosen.sizes:
            with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
                height = max(64, round(size * 1e9 / (2 * N_BANDS * WIDTH)))
                path = write_scene(Path(folder), name, height)
                model = Path(folder) / "model"
                Unmixer(chosen.endmembers).fit(open_scene(path)).save(model)
                rows.append(measure(path, name, model, chosen.repeats, chosen.cold))
    print("\n".join(table(rows)))
    return 0


def write_scene(folder: Path, name: str, height: int) -> Path:
    """Simulate a scene; a GeoTIFF has compressed tiles."""
    print(f"{name}: simulating {height} x {WIDTH} pixels ...", file=sys.stderr)
    simulated = min(height, SIMULATED_ROWS) if name == "bil" else height
    simulation = Simulation(
        height=simulated,
        width=WIDTH,
        materials=MATERIALS,
        sensor="aviris",
        snr_db=40.0,
        seed=1,
        terrain=0.0,
    )
    interleave = "bil" if name == "bil" else None
    target = folder / f"scene{SUFFIXES[name]}"
    path = write_simulated_scene(simulation, target, interleave=interleave).scene
    if simulated < height:
        repeat(path, simulated, height)
    return path


def repeat(path: Path, n_rows: int, height: int) -> None:
    """Append a scene in lines to itself until it has that many rows."""
    row = path.stat().st_size // n_rows
    with path.open("rb") as source, path.open("ab") as target:
        for first in range(n_rows, height, n_rows):
            source.seek(0)
            left = min(n_rows, height - first) * row
            while left:
                left -= target.write(source.read(min(PART, left)))
    header = path.with_suffix(".hdr")
    text = header.read_text()
    header.write_text(re.sub(r"(?m)^(lines\s*=\s*)\d+", rf"\g<1>{height}", text))


def measure(path: Path, name: str, model: Path, repeats: int, cold: bool) -> Row:
    """Time all ways by turns, every other round in reverse; the first round is not counted."""
    peaks: list[float] = []
    out = path.parent / "out"

    def apply() -> float:
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-c", APPLY, str(path), str(model), str(out)]
        folder = Path(__file__).parent
        ended = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=folder, env=ENVIRONMENT
        )
        seconds, peak = json.loads(ended.stdout)
        peaks.append(peak)
        return float(seconds)

    ways: dict[str, Callable[[], float]] = {
        "apply": apply,
        "read": lambda: _timed(lambda: read_bare(path)),
        "zeros": lambda: _timed(lambda: write_like(out, path.parent, zeros=True)),
        "copies": lambda: _timed(lambda: write_like(out, path.parent, zeros=False)),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats + 1):
        for way in list(ways)[:: -1 if turn and turn % 2 else 1]:
            if cold:
                forget(path)
            took = ways[way]()
            if turn or not repeats:
                seconds[way].append(took)
        print(f"{name}: pass {turn} of {repeats}", file=sys.stderr)
    return Row(name, path.stat().st_size, seconds, max(peaks))


def forget(path: Path) -> None:
    """Let the system drop what it keeps of a file in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_bare(path: Path) -> None:
    """Read all of a file and make nothing of it."""
    if path.suffix != ".tif":
        buffer = bytearray(PART)
        with path.open("rb") as file:
            while file.readinto(buffer):
                pass
        return
    with open_raster(path, "GTiff") as dataset:
        for _, window in dataset.block_windows(1):
            dataset.read(window=window)


def write_like(out: Path, folder: Path, *, zeros: bool) -> None:
    """Write rasters like all those in a folder, of zeros or of the same values."""
    for source in sorted(out.glob("*.tif")):
        target = folder / f"like-{source.name}"
        with open_raster(source, "GTiff") as dataset:
            names, dtype = list(dataset.descriptions), dataset.dtypes[0]
            grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
            writer = CogWriter(
                target,
                grid,
                names,
                dtype=dtype,
                nodata=dataset.nodata,
                overviews="mode" if source.stem == "dominant" else "average",
            )
            with writer:
                for row in range(0, grid.height, ROWS):
                    rows = min(ROWS, grid.height - row)
                    shape = (len(names), rows, grid.width)
                    window = ((row, row + rows), (0, grid.width))
                    block = np.zeros(shape, dtype) if zeros else dataset.read(window=window)
                    writer.write(row, 0, block)
        target.unlink()


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def table(rows: list[Row]) -> list[str]:
    """The results as lines of Markdown."""
    lines = [
        "| format | GB | apply s | read s | zeros s | copies s | / bare | / copied | MiB more |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        apply, read, zeros, copies = (row.median(way) for way in row.seconds)
        cells = [row.name, f"{row.n_bytes / 1e9:.2f}"]
        cells += [f"{seconds:.1f}" for seconds in (apply, read, zeros, copies)]
        cells += [f"{apply / (read + other):.2f}" for other in (zeros, copies)]
        lines.append("| " + " | ".join([*cells, f"{row.peak_mib:.0f}"]) + " |")
    lines += ["", f"Goal: / bare at most {GOAL}, less than {GOAL_MIB} MiB more."]
    return lines


if __name__ == "__main__":
    sys.exit(main())
