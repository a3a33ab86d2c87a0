"""A plain ENVI writer: every byte is put down here, without the code that is tested."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

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
