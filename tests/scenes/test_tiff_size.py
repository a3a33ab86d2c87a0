"""A TIFF that claims more than its file can hold is refused before memory is taken."""

import struct

import numpy as np
import pytest
import rasterio
from affine import Affine

from scenes import open_scene
from scenes.errors import SceneError, SceneFileError

WIDTH, LENGTH, ROWS_PER_STRIP = 256, 257, 278


def write_tiff(path, shape=(4, 20, 18), **options):
    n_bands, height, width = shape
    profile = {"height": height, "width": width, "count": n_bands, "dtype": "float32"}
    transform = Affine(30, 0, 0, 0, -30, 0)
    with rasterio.open(
        path, "w", driver="GTiff", transform=transform, **profile, **options
    ) as dataset:
        if not options.get("sparse_ok"):
            dataset.write(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    return path


def with_tag(path, **values):
    """Overwrite values of the first directory of a little-endian TIFF."""
    data = bytearray(path.read_bytes())
    start = struct.unpack_from("<I", data, 4)[0]
    numbers = {"width": WIDTH, "height": LENGTH, "rows": ROWS_PER_STRIP}
    for name, value in values.items():
        for i in range(struct.unpack_from("<H", data, start)[0]):
            if struct.unpack_from("<H", data, start + 2 + 12 * i)[0] == numbers[name]:
                struct.pack_into("<HII", data, start + 4 + 12 * i, 4, 1, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "claims",
    [
        {"height": 10**9},
        {"width": 10**9},
        {"height": 10**9, "width": 10**9},
        {"height": 10**9, "rows": 10**9},
        {"height": 2**31 - 1, "width": 2**31 - 1, "rows": 2**31 - 1},
    ],
)
def test_tiff_that_claims_too_much_is_refused(tmp_path, claims):
    path = with_tag(write_tiff(tmp_path / "x.tif"), **claims)
    with pytest.raises(SceneFileError, match=r"x\.tif .*(claims|cannot be (opened|read))"):
        open_scene(path)


@pytest.mark.parametrize("interleave", ["band", "pixel"])
@pytest.mark.parametrize("compress", ["none", "deflate"])
def test_tiff_without_its_end_is_refused_when_opened(tmp_path, interleave, compress):
    path = write_tiff(tmp_path / "x.tif", interleave=interleave, compress=compress)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SceneFileError, match=r"last block of band \d ends at byte .*truncated"):
        open_scene(path)


@pytest.mark.parametrize("options", [{}, {"tiled": True, "blockxsize": 64, "blockysize": 64}])
def test_sparse_tiff_is_a_scene(tmp_path, options):
    """Blocks that were never written take no room, and read as zero."""
    path = write_tiff(tmp_path / "x.tif", (3, 2000, 1500), sparse_ok=True, **options)
    assert path.stat().st_size < 20_000
    scene = open_scene(path)
    assert (scene.read() == 0).all()


def test_tiff_of_one_value_is_a_scene_however_well_it_packs(tmp_path):
    path = tmp_path / "x.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=2048, width=2048, count=2, dtype="float32",
        transform=Affine(30, 0, 0, 0, -30, 0), compress="zstd", blockysize=2048,
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((2, 2048, 2048), np.float32))
    assert path.stat().st_size < 16_000
    assert (open_scene(path).read() == 1).all()


@pytest.mark.parametrize("dtype", ["complex64", "complex_int16"])
def test_tiff_of_complex_numbers_is_refused(tmp_path, dtype):
    path = tmp_path / "x.tif"
    transform = Affine(30, 0, 0, 0, -30, 0)
    shape = {"height": 2, "width": 2, "count": 2}
    rasterio.open(path, "w", driver="GTiff", dtype=dtype, transform=transform, **shape).close()
    with pytest.raises(SceneError, match=f"holds {dtype} numbers"):
        open_scene(path)
