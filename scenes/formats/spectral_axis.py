"""From what a file says about its bands, as text, to `Bands`: units, bad bands, what is odd."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenes.bands import Bands, BoolArray, FloatArray
from scenes.envi_header import parse_number, quoted
from scenes.errors import SceneWarning, counted

_NM_PER_UNIT = {
    "nanometers": 1.0,
    "nanometer": 1.0,
    "nanometres": 1.0,
    "nanometre": 1.0,
    "nm": 1.0,
    "micrometers": 1e3,
    "micrometer": 1e3,
    "micrometres": 1e3,
    "micrometre": 1e3,
    "microns": 1e3,
    "micron": 1e3,
    "um": 1e3,
    "µm": 1e3,  # micro sign
    "μm": 1e3,  # Greek letter mu
    "millimeters": 1e6,
    "mm": 1e6,
    "centimeters": 1e7,
    "cm": 1e7,
    "meters": 1e9,
    "m": 1e9,
    "angstroms": 0.1,
    "angstrom": 0.1,
}
_UNKNOWN = frozenset({"", "unknown", "index", "none"})
_LONGEST_UM = 100.0  # below this, numbers without a unit are micrometres
_IN_NAME = re.compile(
    r"(?<![\w.])(\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*"
    r"(nanomet(?:er|re)s?|nm|micromet(?:er|re)s?|microns?|[uµμ]m)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AxisText:
    """What a file says about its bands, one text for each band; empty where it says nothing."""

    wavelengths: Sequence[str] = ()
    unit: str = ""
    fwhm: Sequence[str] = ()
    bbl: Sequence[str] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class _Report:
    """Warns in the name of one file."""

    file: str

    def warn(self, message: str) -> None:
        warnings.warn(f"{self.file}: {message}", SceneWarning, stacklevel=6)


def bands_from_text(text: AxisText, n_bands: int, file: str) -> Bands:
    """Make the spectral axis of a file; what cannot be used is left out, with a warning.

    Parameters
    ----------
    text : AxisText
        As found in the file.
    n_bands : int
        Number of bands the file has.
    file : str
        Name of the file, for the warnings.

    Warns
    -----
    SceneWarning
        If a list has the wrong length or cannot be read, a unit is missing and guessed or
        contradicts the numbers, or all bands are marked as bad.

    Examples
    --------
    >>> bands_from_text(AxisText(["0.45", "0.55"], "Micrometers", bbl=["1", "0"]), 2, "x.hdr")
    1 of 2 bands, 450 nm
    """
    report = _Report(file)
    names = _of_length("names", text.names, n_bands, report)
    values, unit = _numbers("wavelengths", text.wavelengths, n_bands, report), text.unit
    if values is None and names:
        values, unit = wavelengths_in_names(names)
    factor = None if values is None else _nm_per_unit(values, unit, report)
    wavelengths_nm = None if values is None or factor is None else values * factor
    fwhm = _numbers("fwhm", text.fwhm, n_bands, report)
    fwhm_nm = None if fwhm is None or factor is None else fwhm * factor
    good = _good(text.bbl, n_bands, report)
    return Bands(
        wavelengths_nm=_positive("wavelengths", wavelengths_nm, report),
        fwhm_nm=_positive("fwhm", fwhm_nm, report),
        good=np.ones(n_bands, dtype=np.bool_) if good is None else good,
        names=tuple(names) if names else None,
        listed=good is not None,
    )


def wavelengths_in_names(names: Sequence[str]) -> tuple[FloatArray | None, str]:
    """Find wavelengths that stand, with a unit, in the names of all bands.

    Returns
    -------
    values : float64 array of shape (n_bands,) or None
        None unless every name has one, all in the same unit.
    unit : str

    Examples
    --------
    >>> wavelengths_in_names(["band 1 (0.424 Micrometers)", "band 2 (0.429 Micrometers)"])
    (array([0.424, 0.429]), 'Micrometers')
    """
    found = [_IN_NAME.search(name) for name in names]
    matches = [match for match in found if match is not None]
    units = {match[2].lower() for match in matches}
    if len(matches) != len(names) or len(units) != 1:
        return None, ""
    return np.array([float(match[1]) for match in matches]), matches[0][2]


def _nm_per_unit(values: FloatArray, unit: str, report: _Report) -> float | None:
    """How many nanometres the unit is; guessed where it is missing or cannot be true."""
    name = unit.strip().lower()
    largest = float(values.max())
    guess, guessed = (1e3, "micrometres") if largest < _LONGEST_UM else (1.0, "nanometres")
    factor = _NM_PER_UNIT.get(name)
    if factor is None:
        if name not in _UNKNOWN:
            report.warn(f"wavelengths in {quoted(unit)} are not understood and left out.")
            return None
        if values.size > 2 and values[0] in (0, 1) and (np.diff(values) == 1).all():
            report.warn("the wavelengths are the numbers of the bands; they are left out.")
            return None
        named = f"have the unit {quoted(unit)}" if name else "have no unit"
        report.warn(
            f"the wavelengths {named}; with a largest value of {largest:g} they are taken as "
            f"{guessed}."
        )
        return guess
    if factor in (1.0, 1e3) and factor != guess:
        report.warn(
            f"wavelengths up to {largest:g} cannot be in {quoted(unit)}; they are taken as "
            f"{guessed}."
        )
        return guess
    return factor


def _numbers(what: str, items: Sequence[str], n_bands: int, report: _Report) -> FloatArray | None:
    items = _of_length(what, items, n_bands, report)
    if not items:
        return None
    try:
        return np.array([parse_number(item) for item in items])
    except ValueError as error:
        report.warn(f"the list of {what} cannot be read ({str(error)[:80]}) and is ignored.")
        return None


def _of_length(what: str, items: Sequence[str], n_bands: int, report: _Report) -> Sequence[str]:
    """Return the items if there is one for each band, else none."""
    if items and len(items) != n_bands:
        report.warn(
            f"the list of {what} has {counted(len(items), 'entry')} for "
            f"{counted(n_bands, 'band')}; it is ignored. Correct the list to have it used."
        )
        return ()
    return items


def _positive(what: str, values: FloatArray | None, report: _Report) -> FloatArray | None:
    if values is None or (np.isfinite(values) & (values > 0)).all():
        return values
    report.warn(f"the list of {what} has numbers that are not positive; it is ignored.")
    return None


def _good(bbl: Sequence[str], n_bands: int, report: _Report) -> BoolArray | None:
    """Bands whose bbl ("bad bands list") is 1: in spite of its name, 1 means good; None without."""
    flags = _numbers("bbl (bad bands)", bbl, n_bands, report)
    if flags is None:
        return None
    good = flags > 0
    if not good.any():
        report.warn(f"bbl marks all {n_bands} bands as bad (1 means good); it is ignored.")
        return None
    return good
