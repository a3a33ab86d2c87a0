"""ENVI images: a text header, which is the authority, and a file of plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scenes.envi_header import ENVI_DTYPES, split_list
from scenes.errors import SceneError
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.envi_files import find_data
from scenes.formats.envi_pixels import EnviPixels
from scenes.formats.spectral_axis import AxisText, bands_from_text
from scenes.map_info import grid_from_map_info


def read_envi(header: Path, fields: Mapping[str, str], data: Path | None = None) -> Contents:
    """Read what an ENVI image says about itself; not yet its pixels.

    Parameters
    ----------
    header : Path
        The header file.
    fields : mapping of str to str
        Its fields, as `scenes.envi_header.read_header` gives them.
    data : Path, optional
        The data file; looked for beside the header if not given.

    Raises
    ------
    SceneFileError
        If the data file is missing or shorter than the header promises.
    SceneError
        If the header lacks a field, or describes something that is not read here.

    Warns
    -----
    SceneWarning
        If something was assumed or left out.
    """
    _refuse_what_is_no_scene(fields, header)
    if data is None:
        data = find_data(header, fields.get("interleave", "").lower(), _promised_bytes(fields))
    pixels = _pixels(fields, header, data)
    pixels.check_size()
    calibration, says_scale = calibration_from_fields(fields, pixels.n_bands, header.name)
    return Contents(
        path=data,
        reader=pixels,
        grid=grid_from_map_info(fields, pixels.height, pixels.width),
        bands=bands_from_text(axis_from_fields(fields), pixels.n_bands, header.name),
        calibration=calibration,
        metadata=fields,
        says_scale=says_scale,
    )


def axis_from_fields(fields: Mapping[str, str]) -> AxisText:
    """Collect what the fields of an ENVI header say about the bands."""
    return AxisText(
        wavelengths=split_list(fields.get("wavelength", "")),
        unit=fields.get("wavelength units", ""),
        fwhm=split_list(fields.get("fwhm", "")),
        bbl=split_list(fields.get("bbl", "")),
        names=split_list(fields.get("band names", "")),
    )


def calibration_from_fields(
    fields: Mapping[str, str], n_bands: int, file: str
) -> tuple[Calibration, bool]:
    """Read scale and nodata from the fields of an ENVI header.

    Returns
    -------
    calibration : Calibration
    says_scale : bool
        Whether the header names a scale, be it 1.

    Raises
    ------
    SceneError
        If there are gains or offsets, but not one for each band.
    """
    gain = _per_band(fields, "data gain values", n_bands, file)
    offset = _per_band(fields, "data offset values", n_bands, file)
    nodata = _number(fields, "data ignore value", file)
    factor = _number(fields, "reflectance scale factor", file)
    if factor is not None and not (math.isfinite(factor) and factor > 0):
        warn(f"{file}: `reflectance scale factor` is {factor:g}; it is ignored.")
        factor = None
    with_gains = Calibration(
        1.0 if gain is None else gain, 0.0 if offset is None else offset, nodata
    )
    if with_gains.is_declared:
        if factor is not None and factor != 1:
            warn(
                f"{file} has `data gain values` and `reflectance scale factor` = {factor:g}; "
                "only the gains are used. Pass `scale=` if that is wrong."
            )
        return with_gains, True
    says_scale = factor is not None or gain is not None
    return Calibration(1 / (factor or 1.0), 0.0, nodata), says_scale


def _refuse_what_is_no_scene(fields: Mapping[str, str], header: Path) -> None:
    file_type = fields.get("file type", "").lower()
    if "spectral library" in file_type:
        raise SceneError(
            f"{header} describes a spectral library, not an image. "
            "Read it with `scenes.SpectralLibrary.read`."
        )
    if "classification" in file_type:
        raise SceneError(
            f"{header} describes a classification: its numbers are classes, not reflectance. "
            "Open the image it was made from."
        )
    if fields.get("file compression", "0").strip() not in ("", "0"):
        raise SceneError(
            f"{header} says that its data are compressed (`file compression = "
            f"{fields['file compression']}`), which is not read here. Unpack the data file with "
            "gzip and delete that line of the header."
        )
    for field in ("major frame offsets", "minor frame offsets"):
        if any(item not in ("", "0") for item in split_list(fields.get(field, ""))):
            raise SceneError(
                f"{header} has `{field}`: bytes between the lines, which are not read here. "
                "Save the image again in ENVI without them."
            )


def _pixels(fields: Mapping[str, str], header: Path, data: Path) -> EnviPixels:
    """Describe the data file; every missing or impossible field is an error."""
    interleave = fields.get("interleave", "").strip().lower()
    if interleave not in ("bsq", "bil", "bip"):
        raise SceneError(
            f"{header} has `interleave` = {fields.get('interleave')!r}; it must be bsq, bil or bip."
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


def _byte_order(fields: Mapping[str, str], dtype: np.dtype[Any], header: Path) -> Literal["<", ">"]:
    order = fields.get("byte order", "").strip()
    if order in ("0", "1"):
        return "<" if order == "0" else ">"
    if order:
        raise SceneError(
            f"{header} has `byte order` = {order!r}; it must be 0 (little-endian) or 1."
        )
    if dtype.itemsize > 1:
        warn(f"{header.name} has no `byte order`; 0 (little-endian) was assumed.")
    return "<"


def _promised_bytes(fields: Mapping[str, str]) -> int:
    """Size of the data, as far as the header says; to tell a data file from others."""
    try:
        sizes = [int(fields.get(key, "0")) for key in ("samples", "lines", "bands")]
        return math.prod(sizes) * ENVI_DTYPES[int(fields.get("data type", "0"))].itemsize
    except (ValueError, KeyError):
        return 0


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
            f"{header} has `{key}` = {text!r}; it must be a whole number, at least {minimum}."
        )
    return int(number)


def _number(fields: Mapping[str, str], key: str, file: str) -> float | None:
    items = set(split_list(fields.get(key, "")))
    if not items:
        return None
    try:
        (number,) = {float(item) for item in items}
    except ValueError:
        warn(f"{file}: `{key}` = {fields[key]!r} is not one number; it is ignored.")
        return None
    return number


def _per_band(fields: Mapping[str, str], key: str, n_bands: int, file: str) -> list[float] | None:
    items = split_list(fields.get(key, ""))
    if not items:
        return None
    try:
        numbers = [float(item) for item in items]
    except ValueError as error:
        raise SceneError(f"{file}: `{key}` cannot be read ({error}).") from None
    if len(numbers) not in (1, n_bands):
        raise SceneError(
            f"{file}: `{key}` has {len(numbers)} entries for {n_bands} bands. "
            "Give one for each band, or delete the field and pass `scale=`."
        )
    return numbers
