"""A plain ENVI writer: every byte is put down here, without the code that is tested."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from rasterio.windows import Window

settings.register_profile("scenes", deadline=None)  # a busy machine is no failure
settings.load_profile("scenes")

CODES = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12, "u4": 13, "i8": 14, "u8": 15}
AXES = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}


def write_plain_envi(
    folder,
    cube,
    fields=None,
    *,
    dtype="<f4",
    interleave="bsq",
    offset=0,
    data="scene.img",
    header="scene.hdr",
):
    """Write a cube (bands, rows, columns); a field that is None is left out. Returns the data."""
    kind = np.dtype(dtype)
    described = {
        "samples": cube.shape[2],
        "lines": cube.shape[1],
        "bands": cube.shape[0],
        "header offset": offset,
        "file type": "ENVI Standard",
        "data type": CODES[kind.str[1:]],
        "interleave": interleave,
        "byte order": int(kind.str[0] == ">"),
        **(fields or {}),
    }
    lines = [f"{key} = {value}" for key, value in described.items() if value is not None]
    (folder / header).write_text("ENVI\n" + "\n".join(lines) + "\n", encoding="utf-8")
    numbers = np.ascontiguousarray(cube.transpose(AXES[interleave.lower()])).astype(kind)
    (folder / data).write_bytes(b"\x07" * offset + numbers.tobytes())
    return folder / data


@pytest.fixture(scope="session")
def write_envi() -> Callable[..., Path]:
    return write_plain_envi


@pytest.fixture(scope="session")
def small_cube() -> np.ndarray:
    """4 bands, 5 rows, 3 columns; every number is different and says where it is."""
    band, row, column = np.indices((4, 5, 3))
    return (100 * band + 10 * row + column + 1).astype(np.int16)


def check_reads_like(scene, expected):
    """Whole, in windows, in blocks, through a pickle and with chosen bands: always `expected`."""
    rng = np.random.default_rng(0)
    assert np.allclose(scene.read(), expected, rtol=1e-6, atol=1e-7, equal_nan=True)
    again = pickle.loads(pickle.dumps(scene))
    for _ in range(12):
        row, column = rng.integers(scene.height), rng.integers(scene.width)
        height = rng.integers(1, scene.height - row + 1)
        width = rng.integers(1, scene.width - column + 1)
        part = expected[:, row : row + height, column : column + width]
        window = Window(column, row, width, height)
        assert np.allclose(again.read(window), part, rtol=1e-6, atol=1e-7, equal_nan=True)
    for block in scene.blocks(max_bytes=2000):
        part = expected[(slice(None), *block.window.toslices())]
        assert np.allclose(block.to_map(block.spectra), part, rtol=1e-6, atol=1e-7, equal_nan=True)
    chosen = rng.permutation(scene.n_bands)[: max(2, scene.n_bands // 2)]
    some = scene.with_bands(scene.bands_used[chosen])
    valid = np.isfinite(expected).all(axis=0)
    assert np.allclose(some.read()[:, valid], expected[chosen][:, valid], rtol=1e-6, atol=1e-7)


@pytest.fixture(scope="session")
def reads_like() -> Callable[..., None]:
    return check_reads_like


@pytest.fixture(scope="session")
def air_nm() -> np.ndarray:
    """Band centres from the visible to the far end of the short-wave infrared."""
    return np.arange(400.0, 2500.0, 20.0)


@pytest.fixture(scope="session")
def ground(air_nm) -> np.ndarray:
    """Reflectance (105 bands, 24 rows, 30 columns): three materials, light and noise of 40 dB."""
    rng = np.random.default_rng(3)
    centres, widths = rng.uniform(300, 2600, (3, 6, 1)), rng.uniform(300, 900, (3, 6, 1))
    materials = 0.05 + 0.1 * np.exp(-(((air_nm - centres) / widths) ** 2)).sum(axis=1)
    fractions = rng.dirichlet(np.ones(3), 24 * 30) * rng.uniform(0.7, 1.2, (720, 1))
    spectra = fractions @ materials + rng.normal(0, 0.002, (720, 105))
    return np.clip(spectra, 0.002, 1).T.reshape(105, 24, 30).astype(np.float32)


@pytest.fixture
def open_ground(tmp_path, air_nm, write_envi):
    """Write a cube of reflectance as int16 with its wavelengths, and open it."""
    from scenes import open_scene

    def write(cube, fields=None, **options):
        listed = ", ".join(f"{value:g}" for value in air_nm)
        described = {
            "wavelength units": "Nanometers",
            "wavelength": f"{{{listed}}}",
            "reflectance scale factor": 10000,
            "map info": "{UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84}",
            **(fields or {}),
        }
        raw = np.round(cube * 10000)
        return open_scene(write_envi(tmp_path, raw, described, dtype="<i2", **options))

    return write
