"""Text files of the ECOSTRESS and ASTER spectral libraries: one spectrum in a file.

Baldridge et al. (2009), doi:10.1016/j.rse.2008.11.007; Meerdink et al. (2019),
doi:10.1016/j.rse.2019.05.015.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from scenes.errors import SceneError
from scenes.formats.contents import warn
from scenes.libraries.table import Spectra, Spectrum, as_fractions, read_text, without_deleted

_KEYS = (
    "Name", "Type", "Class", "Subclass", "Particle Size", "Genus", "Species", "Sample No.",
    "Owner", "Wavelength Range", "Origin", "Collection Date", "Description", "Measurement",
    "First Column", "Second Column", "X Units", "Y Units", "First X Value", "Last X Value",
    "Number of X Values", "Additional Information",
)  # fmt: skip
_KEY = re.compile(rf"({'|'.join(map(re.escape, _KEYS))})\s*:(.*)", re.IGNORECASE)
_KEPT = ("Class", "Type", "Subclass", "Particle Size", "Genus", "Species", "Sample No.", "Owner")
_NM_PER_UNIT = {"micro": 1e3, "nano": 1.0}
_LARGEST_FRACTION = 1.0  # nothing natural reflects less than 1 % everywhere


def is_ecostress(text: str) -> bool:
    """Whether a text begins as the files of these libraries do."""
    return re.match(r"\s*Name\s*:", text, re.IGNORECASE) is not None


def read_ecostress(path: Path, scale: float | None = None) -> Spectrum:
    """Read a ``.spectrum.txt`` file: lines ``key: value``, then wavelengths and percent.

    Raises
    ------
    SceneError
        If there are no numbers, the units are not those of a reflectance spectrum, or the file
        has another number of values than it says.
    """
    lines = read_text(path, "a spectrum").splitlines()
    rows = [_two_numbers(line) for line in lines]
    start = len(rows)
    while start > 0 and (rows[start - 1] is not None or not lines[start - 1].strip()):
        start -= 1
    points = np.array([row for row in rows[start:] if row is not None])
    fields = _fields(lines[:start])
    if points.size == 0:
        raise SceneError(
            f"{path} has no columns of wavelength and reflectance. If it is an ancillary file, "
            "read the spectrum of that sample (.spectrum.txt)."
        )
    _check_count(fields, len(points), path)
    wavelengths_nm = points[:, 0] * _nm_per_unit(fields.get("x units", ""), path)
    values = without_deleted(points[:, 1])
    _, first = np.unique(wavelengths_nm, return_index=True)  # ascending, each only once
    return Spectrum(
        name=fields.get("name") or path.stem,
        values=_fractions(values[first], fields.get("y units", ""), path, scale),
        wavelengths_nm=wavelengths_nm[first],
        fwhm_nm=None,
        attributes={key: fields[key.lower()] for key in _KEPT if fields.get(key.lower())},
    )


def _two_numbers(line: str) -> tuple[float, float] | None:
    try:
        x, y = map(float, line.split())
    except ValueError:
        return None
    return x, y


def _fields(lines: list[str]) -> dict[str, str]:
    """Collect ``key: value``; a line without a key goes on with the value before it."""
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        found = _KEY.match(line.strip())
        if found and found[1].lower() not in fields:
            last = found[1].lower()
            fields[last] = found[2].strip()
        elif last and line.strip():
            fields[last] = f"{fields[last]} {line.strip()}".strip()
    return fields


def _check_count(fields: dict[str, str], n_points: int, path: Path) -> None:
    said = fields.get("number of x values", "")
    if said.isdecimal() and int(said) != n_points:
        raise SceneError(
            f"{path} has {n_points} values, but says it has {said}. The file is truncated or "
            "was changed; fetch it again."
        )


def _nm_per_unit(unit: str, path: Path) -> float:
    for word, factor in _NM_PER_UNIT.items():
        if word in unit.lower():
            return factor
    raise SceneError(
        f"{path} has its values over {unit or 'an axis without a unit'!r}; only wavelengths in "
        "micrometres or nanometres are read."
    )


def _fractions(values: Spectra, unit: str, path: Path, scale: float | None) -> Spectra:
    if "reflectance" not in unit.lower():
        raise SceneError(
            f"{path} holds {unit or 'numbers without a unit'!r}, which is no reflectance."
        )
    if scale is None and "percent" in unit.lower():
        largest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
        scale = 100.0
        if largest <= _LARGEST_FRACTION:
            warn(
                f"{path.name} says percent, but its largest value is {largest:g}, which no "
                "material is so dark to have; the values are taken as fractions."
            )
            scale = 1.0
    return as_fractions(values, path.name, scale)
