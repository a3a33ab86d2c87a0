"""A second reading of an ENVI image: numpy, and the lines of a header that leave no doubt."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fuzzing.damage import ENVI_DTYPES

_SIZES = ("samples", "lines", "bands", "header offset", "data type", "byte order")


def plain_reading(path: Path) -> NDArray[np.float32] | None:
    """Numbers of an ENVI image, shape (bands, lines, samples), as float32.

    None where the header is not plain: not in ASCII, a field missing or given twice, a brace too
    many, compressed data.
    """
    header, data = path.with_suffix(".hdr"), path.with_suffix(".img")
    if not header.exists() or not data.exists() or not header.read_bytes().isascii():
        return None
    text = "\n".join(header.read_text(encoding="ascii").splitlines())
    braces = re.sub(r"[^{}]", "", text)
    found = {key: re.findall(rf"^{key} = (\d+)$", text, re.M) for key in _SIZES}
    order = re.findall(r"^interleave = (\w+)$", text, re.M)
    once = all(len(values) == 1 and text.count(f"{key} =") == 1 for key, values in found.items())
    if not once or len(order) != 1 or "compression" in text or braces.replace("{}", ""):
        return None
    samples, lines, bands, offset, code, big = (int(found[key][0]) for key in _SIZES)
    dtype = np.dtype(ENVI_DTYPES[code]).newbyteorder("<>"[big])
    count = samples * lines * bands
    numbers = np.frombuffer(data.read_bytes()[offset:], dtype, count)
    shape = {"bsq": (bands, lines, samples), "bil": (lines, bands, samples)}
    cube = numbers.reshape(shape.get(order[0], (lines, samples, bands)))
    axes = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (2, 0, 1)}[order[0]]
    with np.errstate(over="ignore", invalid="ignore"):
        return cube.transpose(axes).astype(np.float32)
