"""Spectra in tables: one spectrum in a row, one in a column, or one value in a row."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scenes.bands import FloatArray
from scenes.errors import SceneError
from scenes.formats.spectral_axis import AxisText, bands_from_text
from scenes.libraries.table import (
    Spectra,
    Spectrum,
    Table,
    as_fractions,
    gather,
    read_text,
    single_if_exact,
    without_deleted,
)

_BAND = re.compile(r"(?:band[ _]?)(\d+)", re.IGNORECASE)
_HEAD = re.compile(r"[XB]?\s*([-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)\s*(nm|um|µm|μm)?", re.IGNORECASE)
_WAVELENGTH = re.compile(
    r"(?:wavelengths?|wl|lambda)[\s_(\[]*"
    r"(|nm|um|µm|μm|nanomet(?:er|re)s?|micromet(?:er|re)s?|microns?)[)\]]?",
    re.IGNORECASE,
)
_NAME_HEADS = ("name", "names", "spectra names", "spectrum", "id", "sample", "label", "class")
_VALUE_HEADS = ("reflectance", "value", "y")
_MISSING = ("", "na", "nan", "null")
_SHORTEST_NM = 100.0


class _Cells(NamedTuple):
    """A table as text, and how it is written."""

    head: list[str]
    body: list[list[str]]
    file: str
    decimal_comma: bool

    def column(self, number: int) -> tuple[str, ...]:
        return tuple(row[number].strip() for row in self.body)

    def numbers(self, columns: Sequence[int]) -> FloatArray:
        """Turn cells into numbers, (n_rows, n_columns); empty cells are NaN."""
        rows = []
        for number, row in enumerate(self.body, start=2):
            try:
                rows.append([self._number(row[i]) for i in columns])
            except ValueError as error:
                raise SceneError(
                    f"{self.file}: row {number} has a cell that is no number ({error})."
                ) from None
        return np.array(rows)

    def is_numeric(self, number: int) -> bool:
        try:
            return bool(np.isfinite(self.numbers([number])).any())
        except SceneError:
            return False

    def _number(self, cell: str) -> float:
        text = cell.strip()
        if text.lower() in _MISSING:
            return float("nan")
        return float(text.replace(",", ".") if self.decimal_comma else text)


def read_csv(path: Path, scale: float | None = None) -> Table:
    """Read a table of spectra; which way round it lies is seen from its first row.

    * ``name, class, 450, 460, ...``: one spectrum in a row, after columns of text that name it,
    * ``wavelength, sand, water, ...``: one spectrum in a column,
    * ``name, wavelength, reflectance``: one value in a row.

    Wavelengths may carry a unit (``450 nm``, ``wavelength (um)``); numbers below 100 without one
    are micrometres. A table that begins with ``name`` and has one spectrum in a row is as
    `SpectralLibrary.write_csv` writes it: its numbers are not scaled.
    """
    cells = _cells(path)
    wide = [i for i, head in enumerate(cells.head) if is_band_head(head)]
    if wide:
        return _read_wide(cells, wide, scale)
    axis = [i for i, head in enumerate(cells.head) if _WAVELENGTH.fullmatch(head)]
    if axis:
        return _read_by_wavelength(cells, axis[0], scale)
    sibling = next((p for p in (path.with_suffix(".sli"), path.with_suffix(".hdr")) if p != path
                    and p.is_file()), None)  # fmt: skip
    hint = f" It describes the spectra of {sibling.name}: read that." if sibling else ""
    raise SceneError(
        f"{path} is no spectral library: its first row has no wavelength, as in "
        f"`name, 450, 460, ...`, and no column `wavelength`.{hint}"
    )


def _cells(path: Path) -> _Cells:
    text = read_text(path, "a CSV file")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [r for r in csv.reader(text.splitlines(), delimiter=delimiter) if any(r)]
    except csv.Error as error:
        raise SceneError(f"{path} is not a CSV file ({error}).") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise SceneError(
            f"{path} is no spectral library: it needs a row `name, wavelength, wavelength, ...`, "
            "and one row for each spectrum, with commas between."
        )
    head, *body = rows
    for number, row in enumerate(body, start=2):
        if len(row) != len(head):
            raise SceneError(f"{path}: row {number} has {len(row)} cells, the first {len(head)}.")
    return _Cells([cell.strip() for cell in head], body, path.name, delimiter == ";")


def is_band_head(head: str) -> bool:
    """Whether the head of a column is a wavelength or the number of a band."""
    return _HEAD.fullmatch(head.strip()) is not None or _is_band(head.strip())


def _is_band(head: str) -> bool:
    return _BAND.fullmatch(head) is not None


def _read_wide(cells: _Cells, columns: list[int], scale: float | None) -> Table:
    text = [i for i in range(len(cells.head)) if i not in columns]
    lower = [cells.head[i].lower() for i in text]
    named = next((text[lower.index(head)] for head in _NAME_HEADS if head in lower), None)
    if named is None and text:
        named = text[0]
    spectra = without_deleted(cells.numbers(columns))
    ours = named == 0 and cells.head[0] == "name"
    return Table(
        names=_names(cells, named),
        spectra=_scaled(spectra, cells.file, 1.0 if ours and scale is None else scale),
        wavelengths_nm=_wavelengths_in_heads([cells.head[i] for i in columns], cells.file),
        fwhm_nm=None,
        attributes={
            cells.head[i]: cells.column(i)
            for i in text
            if cells.head[i] and (i != named or lower[text.index(i)] == "class")
        },
    )


def _names(cells: _Cells, column: int | None) -> tuple[str, ...]:
    if column is None:
        return tuple(f"spectrum {i + 1}" for i in range(len(cells.body)))
    return tuple(row[column] for row in cells.body)


def _scaled(spectra: Spectra, file: str, scale: float | None) -> Spectra:
    return as_fractions(single_if_exact(spectra.astype(np.float64)), file, scale)


def _wavelengths_in_heads(heads: list[str], file: str) -> FloatArray | None:
    if all(map(_is_band, heads)):
        return None
    found = [_HEAD.fullmatch(head) for head in heads]
    if None in found:
        raise SceneError(f"{file}: row 1 names wavelengths in some columns and bands in others.")
    matches = [match for match in found if match is not None]
    units = {(match[2] or "").lower() for match in matches}
    if len(units) > 1:
        raise SceneError(f"{file}: row 1 has wavelengths in several units: {sorted(units)}.")
    return _in_nm([match[1] for match in matches], units.pop(), file)


def _in_nm(texts: Sequence[str], unit: str, file: str) -> FloatArray | None:
    """Wavelengths in nanometres, which those from 100 are if they have no unit."""
    values = np.array([float(text) for text in texts])
    if not unit and values.max() >= _SHORTEST_NM:
        return values
    if not (values > 0).all():
        raise SceneError(f"{file}: wavelengths must be positive. Got {values.min():g} instead.")
    return bands_from_text(AxisText(list(texts), unit), len(texts), file).wavelengths_nm


def _read_by_wavelength(cells: _Cells, axis: int, scale: float | None) -> Table:
    unit = (_WAVELENGTH.fullmatch(cells.head[axis]) or [""] * 2)[1]
    found = _in_nm([repr(x) for x in cells.numbers([axis])[:, 0].tolist()], unit, cells.file)
    if found is None:
        raise SceneError(f"{cells.file}: column {cells.head[axis]!r} has no usable wavelengths.")
    others = [i for i in range(len(cells.head)) if i != axis]
    text = [i for i in others if not cells.is_numeric(i)]
    if text:
        table = _read_long(cells, found, text, [i for i in others if i not in text])
    else:
        values = without_deleted(cells.numbers(others)).T
        table = Table(tuple(cells.head[i] for i in others), values, found, None, {})
    return table._replace(spectra=_scaled(table.spectra, cells.file, scale))


def _read_long(
    cells: _Cells, wavelengths_nm: FloatArray, text: list[int], numeric: list[int]
) -> Table:
    lower = [head.lower() for head in cells.head]
    value = next((i for i in numeric if lower[i].startswith(_VALUE_HEADS)), None)
    value = numeric[0] if value is None and len(numeric) == 1 else value
    if value is None:
        raise SceneError(
            f"{cells.file}: with one value in a row, a column must be called `reflectance`. "
            f"Got {', '.join(cells.head)}."
        )
    named = next((i for i in text if lower[i] in _NAME_HEADS), text[0])
    values, names = without_deleted(cells.numbers([value]))[:, 0], cells.column(named)
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows_of.setdefault(name, []).append(row)
    rest = [i for i in text if i != named]
    spectra = []
    for name, rows in rows_of.items():
        if np.unique(wavelengths_nm[rows]).size != len(rows):
            raise SceneError(f"{cells.file}: {name!r} has two values for one wavelength.")
        about = {cells.head[i]: cells.body[rows[0]][i].strip() for i in rest}
        spectra.append(Spectrum(name, values[rows], wavelengths_nm[rows], None, about))
    return gather(spectra, cells.file)
