"""Spectral libraries in NumPy's ``.npz`` archives, read without unpickling."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.errors import SceneError, SceneFileError, counted
from scenes.formats.spectral_axis import AxisText, bands_from_text
from scenes.libraries.table import Table, as_fractions, without_deleted

Arrays = Mapping[str, NDArray[Any]]

_DAMAGE = (ValueError, RuntimeError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive may raise."""


def read_npz(path: Path, scale: float | None = None) -> Table:
    """Read the arrays ``spectra``, ``names``, ``wavelengths``, ``fwhm`` and ``classes``.

    Only ``spectra`` must be there; ``_nm`` may end the name of an axis.
    """
    arrays = _arrays(path)
    spectra = arrays.get("spectra")
    if spectra is None or spectra.ndim != 2 or spectra.dtype.kind not in "iuf":
        raise SceneError(
            f"{path} is no spectral library: it needs an array `spectra` of real numbers, "
            f"(n_spectra, n_bands). It has {', '.join(sorted(arrays)) or 'none'}."
        )
    n_spectra, n_bands = spectra.shape
    axis = AxisText(
        wavelengths=_texts(arrays, "wavelengths_nm", "wavelengths", "wavelength"),
        unit="nm" if "wavelengths_nm" in arrays else "",
        fwhm=_texts(arrays, "fwhm_nm", "fwhm"),
    )
    if not axis.unit and axis.wavelengths and max(map(float, axis.wavelengths)) >= 100:
        axis = AxisText(axis.wavelengths, "nm", axis.fwhm)
    bands = bands_from_text(axis, n_bands, path.name)
    names = _texts(arrays, "names", "name") or [f"spectrum {i + 1}" for i in range(n_spectra)]
    classes = _texts(arrays, "classes", "class")
    if classes and len(classes) != n_spectra:
        raise SceneError(f"{path} has {counted(len(classes), 'class')} for {n_spectra} spectra.")
    return Table(
        names=tuple(names),
        spectra=as_fractions(without_deleted(spectra), path.name, scale),
        wavelengths_nm=bands.wavelengths_nm,
        fwhm_nm=bands.fwhm_nm,
        attributes={"class": tuple(classes)} if classes else {},
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an archive but those of Python objects."""
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as file:
                    name = member.removesuffix(".npy")
                    arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    except _DAMAGE as error:
        raise SceneError(f"{path} cannot be read as an .npz archive ({error}).") from None
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from error
    return arrays


def _texts(arrays: Arrays, *names: str) -> Sequence[str]:
    found = next((arrays[name] for name in names if name in arrays), None)
    return [] if found is None else [str(item) for item in found.ravel().tolist()]
