"""How the numbers lie in an ENVI data file, from the fields of its header."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scenes.envi_header import ENVI_DTYPES, quoted
from scenes.errors import SceneError
from scenes.formats.contents import warn
from scenes.formats.envi_pixels import EnviPixels


def pixels_from_fields(fields: Mapping[str, str], header: Path, data: Path) -> EnviPixels:
    """Describe the data file; its size is not looked at.

    Parameters
    ----------
    fields : mapping of str to str
        The fields of the header, as `scenes.envi_header.read_header` gives them.
    header, data : Path
        The header, for the messages, and the data file.

    Raises
    ------
    SceneError
        If a field that is needed is missing or impossible.

    Warns
    -----
    SceneWarning
        If ``byte order`` is missing.
    """
    interleave = fields.get("interleave", "").strip().lower()
    if interleave not in ("bsq", "bil", "bip"):
        raise SceneError(
            f"{header} has `interleave` = {quoted(fields.get('interleave'))}; it must be bsq, bil "
            "or bip."
        )
    code = _whole(fields, "data type", header, minimum=0)
    dtype = ENVI_DTYPES.get(code)
    if dtype is None or dtype.kind == "c":
        found = "an unknown type" if dtype is None else "complex numbers"
        known = ", ".join(str(key) for key, value in ENVI_DTYPES.items() if value.kind != "c")
        raise SceneError(f"{header} has `data type` = {code}, {found}. Read are {known}.")
    return EnviPixels(
        path=data,
        dtype=dtype.newbyteorder(_byte_order(fields, dtype, header)),
        n_bands=_whole(fields, "bands", header, minimum=1),
        height=_whole(fields, "lines", header, minimum=1),
        width=_whole(fields, "samples", header, minimum=1),
        interleave=interleave,
        offset=_whole({"header offset": "0", **fields}, "header offset", header, minimum=0),
    )


def promised_bytes(fields: Mapping[str, str]) -> int:
    """Size of the data as far as the header says; 0 where it does not."""
    try:
        sizes = [int(fields.get(key, "0")) for key in ("samples", "lines", "bands")]
        return math.prod(sizes) * ENVI_DTYPES[int(fields.get("data type", "0"))].itemsize
    except (ValueError, KeyError):
        return 0


def _byte_order(fields: Mapping[str, str], dtype: np.dtype[Any], header: Path) -> Literal["<", ">"]:
    order = fields.get("byte order", "").strip()
    if order in ("0", "1"):
        return "<" if order == "0" else ">"
    if order:
        raise SceneError(
            f"{header} has `byte order` = {quoted(order)}; it must be 0 (little-endian) or 1."
        )
    if dtype.itemsize > 1:
        warn(f"{header.name} has no `byte order`; 0 (little-endian) was assumed.")
    return "<"


def _whole(fields: Mapping[str, str], key: str, header: Path, minimum: int) -> int:
    text = fields.get(key, "").strip()
    if not text:
        raise SceneError(f"{header} has no field `{key}`, without which it cannot be read.")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= minimum and number == round(number)):
        raise SceneError(
            f"{header} has `{key}` = {quoted(text)}; it must be a whole number, at least {minimum}."
        )
    return int(number)
