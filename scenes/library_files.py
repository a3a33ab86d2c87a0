"""What stands in the files of spectral libraries: ENVI ``.sli`` and CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenes.bands import FloatArray
from scenes.envi_header import ENVI_DTYPES, read_header, split_list
from scenes.errors import SceneError, SceneFileError
from scenes.formats.contents import warn
from scenes.formats.envi import axis_from_fields, calibration_from_fields
from scenes.formats.envi_files import find_data, find_header
from scenes.formats.spectral_axis import bands_from_text

Spectra = NDArray[np.floating[Any]]


class Table(NamedTuple):
    """The spectra of a file, in the order of the fields of `scenes.library.SpectralLibrary`."""

    names: tuple[str, ...]
    spectra: Spectra
    wavelengths_nm: FloatArray | None
    fwhm_nm: FloatArray | None


def read_sli(path: Path) -> Table:
    """Read an ENVI spectral library, by the name of its data file or of its header."""
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    if header is None:
        raise SceneFileError(f"{path} has no ENVI header (.hdr) beside it, and is not a CSV file.")
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
    return Table(
        names=_spectra_names(fields, n_spectra, header.name),
        spectra=_calibrated(raw.reshape(n_spectra, n_bands), fields, header.name),
        wavelengths_nm=bands.wavelengths_nm,
        fwhm_nm=bands.fwhm_nm,
    )


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


def _calibrated(raw: NDArray[np.generic], fields: Mapping[str, str], file: str) -> Spectra:
    """Mask first, scale second; floats that need neither are left as they are."""
    calibration, _ = calibration_from_fields(fields, 1, file)
    spectra = raw.astype(raw.dtype if raw.dtype.kind == "f" else np.float64)
    if calibration.nodata is not None:
        spectra[raw == calibration.nodata] = np.nan
    if calibration.is_declared:
        gain = np.asarray(calibration.gain, dtype=np.float64)
        spectra = spectra * gain + np.asarray(calibration.offset, dtype=np.float64)
    return spectra


def _spectra_names(fields: Mapping[str, str], n_spectra: int, file: str) -> tuple[str, ...]:
    names = split_list(fields.get("spectra names", ""))
    if len(names) == n_spectra and all(names):
        return tuple(names)
    warn(f"{file}: `spectra names` has {len(names)} usable entries for {n_spectra} spectra.")
    return tuple(f"spectrum {i + 1}" for i in range(n_spectra))


def _whole(fields: Mapping[str, str], key: str, header: Path) -> int:
    text = fields.get(key, "").strip()
    if not text.isdecimal():
        raise SceneError(f"{header} has `{key}` = {text!r}; it must be a whole number.")
    return int(text)


def read_csv(path: Path) -> Table:
    """Read a table with one row of wavelengths in nanometres, then a row for each spectrum."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SceneError(f"{path} is not a CSV file in UTF-8 ({error}).") from None
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise SceneError(
            f"{path} is no spectral library: it needs a row `name, wavelength, wavelength, ...` "
            "(in nanometres), and one row for each spectrum, with commas between."
        )
    head, *body = rows
    for number, row in enumerate(body, start=2):
        if len(row) != len(head):
            raise SceneError(f"{path}: row {number} has {len(row)} cells, the first {len(head)}.")
    spectra = np.array([_numbers(row[1:], path, number) for number, row in enumerate(body, 2)])
    with np.errstate(over="ignore"):
        single = spectra.astype(np.float32)
    if np.array_equal(spectra, single, equal_nan=True):
        spectra = single  # what was float32 comes back as float32
    numbered = [f"band {i + 1}" for i in range(len(head) - 1)]
    wavelengths_nm = None if head[1:] == numbered else np.array(_numbers(head[1:], path, 1))
    return Table(tuple(row[0] for row in body), spectra, wavelengths_nm, None)


def _numbers(cells: list[str], path: Path, row: int) -> list[float]:
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        raise SceneError(f"{path}: row {row} has a cell that is no number ({error}).") from None
