"""A disk that fills up: one sentence, and nothing is left; GDAL alone would say nothing."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are set as on Linux")

WRITE = """
import os, sys
from pathlib import Path
import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from scenes import Grid, SceneFileError
from scenes.export import CogWriter, EnviWriter, GeoTiffWriter

values = np.random.default_rng(0).random((3, 150, 600), np.float32)
grid = Grid(CRS.from_epsg(32611), Affine(30, 0, 0, 0, -30, 0), 150, 600)
makers = {
    "cog": lambda path: CogWriter(path, grid, ["a", "b", "c"], tags={"version": "1"}),
    "geotiff": lambda path: GeoTiffWriter(path, grid, ["a", "b", "c"]),
    "envi": lambda path: EnviWriter(path, grid, None, 3),
}

def attempt(kind, folder):
    path = Path(folder) / "maps.img"
    try:
        with makers[kind](path) as writer:
            for row in range(0, 150, 10):
                writer.write(row, 0, values[:, row : row + 10])
    except SceneFileError as error:
        assert str(error).startswith(f"{path} could not be written: "), error
        assert str(error).endswith(").") and "\\n" not in str(error), error
        assert " free in " in str(error), error
        assert os.listdir(folder) == [], os.listdir(folder)
        return None
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), values), "a damaged file was left"
    size = path.stat().st_size
    for file in Path(folder).iterdir():
        file.unlink()
    return size
"""

LIMITED = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kind, folder = sys.argv[1:]
size = attempt(kind, folder)
limits = [*np.linspace(0, size - 1, 12).astype(int), size - 200, size - 20_000]
outcomes = []
for limit in sorted(limits) + [2 * size]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    outcomes.append(attempt(kind, folder) is not None)
print(outcomes)
"""

TINY = """
import subprocess
kind, folder = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", folder], check=True)
print(attempt(kind, folder))
"""


def run(script, kind, folder, *prefix):
    command = [*prefix, sys.executable, "-c", WRITE + script, kind, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("kind", ["cog", "geotiff", "envi"])
def test_disk_full_at_any_point_is_noticed_and_leaves_nothing(tmp_path, kind):
    assert run(LIMITED, kind, tmp_path) == str([False] * 14 + [True])


@pytest.fixture
def own_mounts():
    """Words before a command that give it mounts of its own, gone when it ends."""
    prefix = ["unshare", "--map-root-user", "--mount"]
    try:
        subprocess.run([*prefix, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine does not let a test mount a small disk")
    return prefix


@pytest.mark.parametrize("kind", ["cog", "geotiff", "envi"])
def test_disk_of_900_kb_is_too_small_and_stays_empty(tmp_path, own_mounts, kind):
    assert run(TINY, kind, tmp_path, *own_mounts) == "None"
