"""What the files of spectral libraries have in common: a table of spectra, and their units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenes.bands import FloatArray
from scenes.errors import SceneError, SceneFileError, counted
from scenes.formats.contents import warn

Spectra = NDArray[np.floating[Any]]

DELETED = -1.23e34
"""What USGS libraries hold in deleted channels: Kokaly et al. (2017), doi:10.3133/ds1035."""

_LARGEST_FRACTION = 2.0  # specular minerals reach 1.2
_LARGEST_PERCENT = 200.0


class Table(NamedTuple):
    """The spectra of a file, in the order of the fields of `scenes.library.SpectralLibrary`."""

    names: tuple[str, ...]
    spectra: Spectra
    wavelengths_nm: FloatArray | None
    fwhm_nm: FloatArray | None
    attributes: Mapping[str, tuple[str, ...]]


class Spectrum(NamedTuple):
    """One spectrum on its own bands."""

    name: str
    values: Spectra
    wavelengths_nm: FloatArray | None
    fwhm_nm: FloatArray | None
    attributes: Mapping[str, str]


def gather(spectra: Sequence[Spectrum], file: str) -> Table:
    """Put spectra on common bands: their own if they agree, else every wavelength there is.

    A spectrum is NaN at wavelengths of others. Widths are kept only where the bands agree.

    Raises
    ------
    SceneError
        If there is no spectrum, or some have no wavelengths while the bands differ.
    """
    if not spectra:
        raise SceneError(f"{file} holds no spectrum.")
    names = tuple(spectrum.name for spectrum in spectra)
    heads = dict.fromkeys(head for spectrum in spectra for head in spectrum.attributes)
    attributes = {head: tuple(s.attributes.get(head, "") for s in spectra) for head in heads}
    first = spectra[0]
    if all(_agree(s, first, s.wavelengths_nm, first.wavelengths_nm) for s in spectra):
        values = np.stack([spectrum.values for spectrum in spectra])
        agree = all(_agree(s, first, s.fwhm_nm, first.fwhm_nm) for s in spectra)
        return Table(
            names, values, first.wavelengths_nm, first.fwhm_nm if agree else None, attributes
        )
    axes = [s.wavelengths_nm for s in spectra if s.wavelengths_nm is not None]
    if len(axes) != len(spectra):
        raise SceneError(
            f"{file}: the spectra have different bands, and {len(spectra) - len(axes)} of "
            f"{len(spectra)} name no wavelengths, so they cannot be put side by side."
        )
    common = np.unique(np.concatenate(axes))
    values = np.full((len(spectra), common.size), np.nan)
    for row, axis, spectrum in zip(values, axes, spectra, strict=True):
        row[np.searchsorted(common, axis)] = spectrum.values
    return Table(names, values, common, None, attributes)


def _agree(
    one: Spectrum, other: Spectrum, axis: FloatArray | None, other_axis: FloatArray | None
) -> bool:
    if axis is None or other_axis is None:
        return axis is other_axis and one.values.size == other.values.size
    return np.array_equal(axis, other_axis)


def stacked(tables: Sequence[Table]) -> Table:
    """Put tables on the same bands into one; attributes that one lacks are empty there."""
    heads = dict.fromkeys(head for table in tables for head in table.attributes)
    unknown = [("",) * len(table.names) for table in tables]
    return tables[0]._replace(
        names=tuple(name for table in tables for name in table.names),
        spectra=np.concatenate([table.spectra for table in tables]),
        attributes={
            head: tuple(
                text
                for table, nothing in zip(tables, unknown, strict=True)
                for text in table.attributes.get(head, nothing)
            )
            for head in heads
        },
    )


def without_deleted(values: NDArray[np.generic]) -> Spectra:
    """Numbers with NaN where a channel was deleted; integers become float64."""
    spectra = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        spectra[np.abs(spectra / DELETED - 1) < 1e-5] = np.nan
    return spectra


def single_if_exact(spectra: FloatArray) -> Spectra:
    """What was float32 before it became text is float32 again."""
    with np.errstate(over="ignore"):
        single = spectra.astype(np.float32)
    return single if np.array_equal(spectra, single, equal_nan=True) else spectra


def as_fractions(spectra: Spectra, file: str, scale: float | None = None) -> Spectra:
    """Divide by the number that means reflectance 1; where it is not given, see which it must be.

    Parameters
    ----------
    spectra : array
        Numbers as they stand in the file.
    file : str
        For the warning.
    scale : float, optional
        The number that means reflectance 1. Default: 1, unless the numbers exceed 2; then 100 if
        they stay below 200, else 10 000.

    Warns
    -----
    SceneWarning
        If the scale was guessed.

    Raises
    ------
    SceneError
        If `scale` is not positive.
    """
    if scale is None:
        scale = _guessed_scale(spectra, file)
    elif not (np.isfinite(scale) and scale > 0):
        raise SceneError(
            f"`scale` is the number that means reflectance 1, such as 10000. Got {scale!r} instead."
        )
    return spectra if scale == 1 else spectra / scale


def _guessed_scale(spectra: Spectra, file: str) -> float:
    finite = spectra[np.isfinite(spectra)]
    largest = float(finite.max()) if finite.size else 0.0
    if largest <= _LARGEST_FRACTION:
        return 1.0
    scale, called = (100.0, "percent") if largest <= _LARGEST_PERCENT else (1e4, "1/10000")
    warn(
        f"{file} names no scale; with a largest value of {largest:g} the spectra are taken as "
        f"{called} of reflectance 1. If that is wrong, pass `scale=` (--library-scale, "
        "where a command has it); 1 keeps the numbers."
    )
    return scale


def read_text(path: Path, what: str) -> str:
    """Read a text file in UTF-8, or in latin-1 where it is not.

    Raises
    ------
    SceneError
        If it holds zero bytes, as no text does.
    SceneFileError
        If it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from error
    if b"\0" in content:
        raise SceneError(f"{path} is not {what}: it holds bytes that are no text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def checked_attributes(
    attributes: Mapping[str, Sequence[str]], n_spectra: int
) -> Mapping[str, tuple[str, ...]]:
    """Attributes that cannot be changed, one text for each spectrum."""
    texts = {str(head): tuple(map(str, values)) for head, values in attributes.items()}
    for head, values in texts.items():
        if len(values) != n_spectra:
            raise SceneError(
                f"the attribute {head!r} has {counted(len(values), 'entry')} for "
                f"{counted(n_spectra, 'spectrum')}. Give one text for each spectrum."
            )
    return MappingProxyType(texts)


def fits(text: str, patterns: str | Collection[str]) -> bool:
    """Whether a text is like one of some patterns with ``*`` and ``?``, in any case."""
    wanted = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in wanted)
