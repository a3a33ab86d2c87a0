"""ENVI spectral libraries: a header, the numbers, and often a CSV that describes the spectra."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes.envi_header import ENVI_DTYPES, bare_name, read_header, split_list
from scenes.errors import SceneError, SceneFileError, counted
from scenes.formats.contents import warn
from scenes.formats.envi import axis_from_fields, calibration_from_fields
from scenes.formats.envi_files import find_data, find_header
from scenes.formats.spectral_axis import bands_from_text
from scenes.libraries.csv_tables import is_band_head
from scenes.libraries.table import Spectra, Table, as_fractions, read_text, without_deleted

_SCALE_IN_TITLE = re.compile(r"\*\s*(\d+)")
_NAME_HEADS = ("name", "names", "spectra names", "spectrum")


def read_sli(path: Path, scale: float | None = None) -> Table:
    """Read an ENVI spectral library, by the name of its data file or of its header."""
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    if header is None:
        raise SceneFileError(
            f"{path} has no ENVI header (.hdr) beside it, and its name is that of no other library."
        )
    fields = read_header(header)
    file_type = fields.get("file type", "")
    if "spectral library" not in file_type.lower():
        raise SceneError(
            f"{header} describes no spectral library: its `file type` is {file_type!r}. "
            "Open an image with `scenes.open_scene`."
        )
    n_spectra, n_bands = _whole(fields, "lines", header), _whole(fields, "samples", header)
    raw = _read_numbers(fields, header, None if header == path else path, n_spectra * n_bands)
    bands = bands_from_text(replace(axis_from_fields(fields), names=()), n_bands, header.name)
    names = _spectra_names(fields, n_spectra, header.name)
    spectra = _calibrated(raw.reshape(n_spectra, n_bands), fields, header.name, scale)
    if not bands.good.all():
        spectra[:, ~bands.good] = np.nan
    attributes = _attributes_beside(header.with_suffix(".csv"), names)
    return Table(names, spectra, bands.wavelengths_nm, bands.fwhm_nm, attributes)


def _read_numbers(
    fields: Mapping[str, str], header: Path, data: Path | None, count: int
) -> NDArray[np.generic]:
    """Read the numbers of an ENVI spectral library as they stand in the file."""
    code = _whole(fields, "data type", header)
    dtype = ENVI_DTYPES.get(code, np.dtype(np.complex64))
    if dtype.kind == "c":
        raise SceneError(f"{header} has `data type` = {code}, which is no type of real numbers.")
    offset = _whole({"header offset": "0", **fields}, "header offset", header)
    wanted = offset + count * dtype.itemsize
    data = find_data(header, "sli", wanted) if data is None else data
    found = data.stat().st_size
    if found < wanted:
        raise SceneFileError(
            f"{data} has {found} bytes, but its header {header.name} promises {wanted}. "
            "The file is truncated, or the header belongs to another one."
        )
    big_endian = fields.get("byte order", "0").strip() == "1"
    stored = dtype.newbyteorder(">" if big_endian else "<")
    try:
        raw = np.fromfile(data, stored, count, offset=offset)
    except OSError as error:
        raise SceneFileError(f"{data} cannot be read: {error.strerror}.") from error
    return raw.astype(dtype)


def _calibrated(
    raw: NDArray[np.generic], fields: Mapping[str, str], file: str, scale: float | None
) -> Spectra:
    """Mask first, scale second; floats that need neither are left as they are."""
    calibration, says_scale = calibration_from_fields(fields, 1, file)
    spectra = without_deleted(raw)
    if calibration.nodata is not None:
        spectra[raw == calibration.nodata] = np.nan
    if scale is None and says_scale:
        if not calibration.is_declared:
            return spectra
        gain = np.asarray(calibration.gain, dtype=np.float64)
        return spectra * gain + np.asarray(calibration.offset, dtype=np.float64)
    return as_fractions(spectra, file, _titled_scale(fields) if scale is None else scale)


def _titled_scale(fields: Mapping[str, str]) -> float | None:
    """The scale that stands in the title of the axis, as in ``reflectance [*10000]``."""
    found = _SCALE_IN_TITLE.search(fields.get("z plot titles", ""))
    return float(found[1]) if found and float(found[1]) > 0 else None


def _spectra_names(fields: Mapping[str, str], n_spectra: int, file: str) -> tuple[str, ...]:
    names = split_list(fields.get("spectra names", ""))
    if len(names) == n_spectra and all(names):
        return tuple(names)
    found, wanted = counted(len(names), "entry"), counted(n_spectra, "spectrum")
    warn(f"{file}: `spectra names` has {found} for {wanted}, or empty ones.")
    return tuple(f"spectrum {i + 1}" for i in range(n_spectra))


def _attributes_beside(path: Path, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What a CSV of the same name says about the spectra, if it names them in the same order.

    It may hold the spectra themselves too, as `scenes.SpectralLibrary.write_csv` writes them.
    """
    if not path.is_file():
        return {}
    try:
        rows = list(csv.reader(read_text(path, "a CSV file").splitlines()))
    except csv.Error as error:
        warn(f"{path.name} cannot be read as a CSV file ({error}); it is ignored.")
        return {}
    head, *body = [row for row in rows if row] or [[]]
    titles = {i: title.strip() for i, title in enumerate(head) if not is_band_head(title)}
    if titles.pop(0, "").lower() not in _NAME_HEADS or not any(titles.values()):
        return {}
    if [bare_name(row[0]) for row in body] != [bare_name(name) for name in names]:
        warn(f"{path.name} describes other spectra than those beside it; it is ignored.")
        return {}
    return {
        title: tuple(row[i].strip() if i < len(row) else "" for row in body)
        for i, title in titles.items()
        if title
    }


def _whole(fields: Mapping[str, str], key: str, header: Path) -> int:
    text = fields.get(key, "").strip()
    if not text.isdecimal():
        raise SceneError(f"{header} has `{key}` = {text!r}; it must be a whole number.")
    return int(text)
