"""ASCII files of the USGS spectral library 7: values, wavelengths and widths in files apart.

Kokaly et al. (2017), doi:10.3133/ds1035.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scenes.bands import FloatArray
from scenes.errors import SceneError
from scenes.libraries.table import Spectrum, as_fractions, read_text, without_deleted

_TITLE = re.compile(r"\s*(?:splib07|s07)\S*\s+Record=\d+:\s*(.+?)\s*", re.IGNORECASE)
_TAIL = re.compile(r"(.*?)\s+([A-Z]\w*?)([a-d]{0,2})\s+([A-Z]{4})")
_AXES = ("wavelengths", "bandpass", "errorbar", "resolution")
_CHAPTER = re.compile(r"Chapter[A-Z]_(\w+)")
_LEVELS = 3  # folders up from a spectrum in which its wavelengths may lie
_NM_PER_MICROMETRE = 1e3


class _Axis(NamedTuple):
    """One file of wavelengths or widths."""

    file: str
    values_nm: FloatArray


def is_splib07(text: str) -> bool:
    """Whether a text begins as the files of this library do."""
    return _TITLE.fullmatch(text.partition("\n")[0]) is not None


def is_axis(path: Path) -> bool:
    """Whether a file holds wavelengths, widths or errors and no spectrum."""
    return any(word in path.name.lower() for word in _AXES)


def read_splib07(path: Path, scale: float | None = None) -> Spectrum:
    """Read one spectrum; its wavelengths are sought in its folder and those above.

    Raises
    ------
    SceneError
        If the file is no reflectance spectrum, or no file of wavelengths belongs to it.
    """
    if is_axis(path):
        raise SceneError(f"{path} holds an axis of the library and no spectrum.")
    title, values = _column(path)
    found = _TAIL.fullmatch(title)
    name, instrument, kind = (found[1], found[2], found[4]) if found else (title, "", "")
    if kind.upper().startswith("TRAN"):
        raise SceneError(f"{path} holds a transmittance, which is no reflectance.")
    wavelengths_nm = _matching(_axes(path.parent, "wavelengths"), instrument, values.size)
    if wavelengths_nm is None:
        raise SceneError(
            f"{path} has {values.size} values measured by {instrument or 'an unknown device'}, "
            f"but no `..._Wavelengths_...txt` in its folder or the {_LEVELS - 1} above fits. Put "
            "that file of the library beside it."
        )
    chapter = _CHAPTER.search(str(path.parent))
    return Spectrum(
        name=name,
        values=as_fractions(without_deleted(values), path.name, scale),
        wavelengths_nm=wavelengths_nm,
        fwhm_nm=_matching(_axes(path.parent, "bandpass"), instrument, values.size),
        attributes={
            **({"Class": chapter[1]} if chapter else {}),
            **({"Spectrometer": instrument} if instrument else {}),
        },
    )


def _column(path: Path) -> tuple[str, FloatArray]:
    """Title and numbers of a file."""
    first, _, rest = read_text(path, "a file of the USGS library").partition("\n")
    title = _TITLE.fullmatch(first)
    try:
        return (title[1] if title else first.strip()), np.array(rest.split(), dtype=np.float64)
    except ValueError as error:
        raise SceneError(f"{path} has a line that is no number ({error}).") from None


def _axes(folder: Path, what: str) -> tuple[_Axis, ...]:
    """All files of wavelengths or widths in a folder and those above, the nearest first."""
    folders = [folder, *folder.parents][:_LEVELS]
    return tuple(_axis(path) for place in folders for path in _files(place, what))


def _files(folder: Path, what: str) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.txt")) if what in path.name.lower())


def _axis(path: Path) -> _Axis:
    return _read_axis(path, path.stat().st_mtime_ns)


@cache
def _read_axis(path: Path, changed: int) -> _Axis:
    """Read once for all spectra, and again if the file was changed."""
    return _Axis(path.name, _column(path)[1] * _NM_PER_MICROMETRE)


def _matching(axes: tuple[_Axis, ...], instrument: str, n_values: int) -> FloatArray | None:
    """The axis of an instrument: its name and length agree, or only one has the length."""
    fitting = [axis for axis in axes if axis.values_nm.size == n_values]
    named = [axis for axis in fitting if instrument and _is_of(axis.file, instrument)]
    if named:
        return named[0].values_nm
    different = {axis.values_nm.tobytes(): axis for axis in fitting}
    return next(iter(different.values())).values_nm if len(different) == 1 else None


def _is_of(file: str, instrument: str) -> bool:
    """Whether a part of a file's name is the instrument, or its family (ASD of ASDFR)."""
    parts = [part for part in re.split(r"[_.]", file) if len(part) >= 3]
    return any(part == instrument for part in parts) or any(
        instrument.startswith(part) for part in parts
    )
