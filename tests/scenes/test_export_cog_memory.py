"""Cloud optimized GeoTIFF of maps larger than memory."""

import subprocess
import sys

import pytest

MEMORY = """
import resource, sys
import numpy as np
from affine import Affine
from scenes import Grid
from scenes.export import CogWriter
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
grid = Grid(None, Affine(30, 0, 0, 0, -30, 0), 2700, 6000)
block = np.ones((6, 10, 6000), np.float32)
with CogWriter(sys.argv[1], grid, list("abcdef")) as writer:
    for row in range(0, 2700, 10):
        block += 1
        writer.write(row, 0, block)
print(peak() - before, 6 * 2700 * 6000 * 4 / 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured in kB on Linux")
def test_cog_writer_memory_does_not_grow_with_the_scene(tmp_path):
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "maps.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    used_mib, scene_mib = map(float, done.stdout.split())
    assert used_mib < 360 < scene_mib, used_mib
