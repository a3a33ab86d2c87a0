"""Spectral libraries: named spectra, read from and written to ENVI ``.sli`` files and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenes.bands import Bands, FloatArray, range_text
from scenes.envi_header import envi_code, format_header
from scenes.errors import SceneError, SceneFileError
from scenes.export.envi_names import claim_header
from scenes.export.staging import Staging
from scenes.library_files import Spectra, read_csv, read_sli


@dataclass(frozen=True, eq=False, repr=False)
class SpectralLibrary:
    """Named reference spectra on common bands.

    Parameters
    ----------
    names : sequence of str
        One for each spectrum; may repeat.
    spectra : float32 or float64 array of shape (n_spectra, n_bands)
        Usually reflectance, 0 to 1. NaN where there is no value.
    wavelengths_nm : float64 array of shape (n_bands,) or None
        Centre of each band in nanometres.
    fwhm_nm : float64 array of shape (n_bands,) or None
        Full width at half maximum of each band in nanometres.

    Raises
    ------
    SceneError
        If there is no spectrum, a name is empty, or the lengths differ.

    Examples
    --------
    >>> library = SpectralLibrary(("sand", "water"), [[0.3, 0.4], [0.1, 0.0]], [550.0, 850.0])
    >>> library
    SpectralLibrary(2 spectra, 2 bands, 550-850 nm)
    >>> library["water"]
    array([0.1, 0. ])
    """

    names: tuple[str, ...]
    spectra: Spectra
    wavelengths_nm: FloatArray | None = None
    fwhm_nm: FloatArray | None = None

    def __post_init__(self) -> None:
        spectra = np.array(self.spectra)
        if spectra.dtype not in (np.float32, np.float64):
            spectra = spectra.astype(np.float64)
        if spectra.ndim != 2 or spectra.size == 0:
            raise SceneError(
                f"`spectra` must be (n_spectra, n_bands), at least 1 x 1. "
                f"Got shape {spectra.shape} instead."
            )
        spectra.flags.writeable = False
        names = tuple(map(str, self.names))
        if len(names) != len(spectra):
            raise SceneError(
                f"`names` has {len(names)} entries for {len(spectra)} spectra. "
                "Give one name for each spectrum."
            )
        if not all(name.strip() for name in names):
            raise SceneError("a spectrum has an empty name. Give each of them a name.")
        if self.fwhm_nm is not None and self.wavelengths_nm is None:
            raise SceneError("`fwhm_nm` without `wavelengths_nm` says nothing. Give both.")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "spectra", spectra)
        bands = self._bands
        object.__setattr__(self, "wavelengths_nm", bands.wavelengths_nm)
        object.__setattr__(self, "fwhm_nm", bands.fwhm_nm)

    @property
    def _bands(self) -> Bands:
        """The spectral axis, checked."""
        good = np.ones(self.spectra.shape[1], dtype=np.bool_)
        return Bands(self.wavelengths_nm, self.fwhm_nm, good)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, key: str | int) -> Spectra:
        if not isinstance(key, str):
            spectrum: Spectra = self.spectra[key]
            return spectrum
        count = self.names.count(key)
        if count != 1:
            found = f"{count} spectra" if count else "no spectrum"
            raise SceneError(
                f"{found} of {len(self)} has the name {key!r}. Use its number instead."
            )
        return self[self.names.index(key)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpectralLibrary):
            return NotImplemented
        return (
            self.names == other.names
            and np.array_equal(self.spectra, other.spectra, equal_nan=True)
            and self._bands == other._bands
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        range_nm = range_text(self.wavelengths_nm)
        size = f"{len(self)} spectra, {self.spectra.shape[1]} bands"
        return f"SpectralLibrary({size}, {range_nm})" if range_nm else f"SpectralLibrary({size})"

    @classmethod
    def read(cls, path: str | Path) -> SpectralLibrary:
        """Read a library: an ENVI ``.sli`` or its ``.hdr``, or a CSV as `write_csv` writes it.

        Raises
        ------
        SceneFileError
            If a file is missing, truncated or cannot be read.
        SceneError
            If it holds something else than a spectral library.

        Warns
        -----
        SceneWarning
            If something odd in the file was mended or left out.
        """
        path = Path(path)
        if not path.is_file():
            raise SceneFileError(f"there is no file {path}.")
        return cls(*(read_csv(path) if path.suffix.lower() == ".csv" else read_sli(path)))

    def write_sli(self, path: str | Path) -> None:
        """Write an ENVI spectral library: the spectra, and a header beside them.

        Numbers keep every bit. ENVI knows no quoting, so in names a comma becomes a semicolon,
        braces become parentheses, and several blanks become one.

        Parameters
        ----------
        path : str or Path
            The data file, usually ``.sli``; the header is called ``.hdr``.

        Raises
        ------
        SceneFileError
            If a file cannot be written, or the header would take the place of another file's.
        """
        path = Path(path)
        header = claim_header(path)
        spectra = self.spectra.astype(self.spectra.dtype.newbyteorder("<"))
        text = format_header(self._header_fields())
        _write_whole({path: spectra.tobytes(), header: text.encode()})

    def write_csv(self, path: str | Path) -> None:
        """Write a CSV file (UTF-8): a row of wavelengths in nanometres, then one row per spectrum.

        The first row begins with ``name``; without wavelengths it numbers the bands. Numbers are
        exact and names are quoted where necessary. FWHM have no place in such a table.

        Raises
        ------
        SceneFileError
            If the file cannot be written.
        """
        head = [f"band {i + 1}" for i in range(self.spectra.shape[1])]
        if self.wavelengths_nm is not None:
            head = [repr(wavelength) for wavelength in self.wavelengths_nm.tolist()]
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(["name", *head])
        for name, spectrum in zip(self.names, self.spectra.tolist(), strict=True):
            table.writerow([name, *map(repr, spectrum)])
        _write_whole({Path(path): text.getvalue().encode()})

    def _header_fields(self) -> dict[str, object]:
        n_spectra, n_bands = self.spectra.shape
        return {
            "samples": n_bands,
            "lines": n_spectra,
            "bands": 1,
            "header offset": 0,
            "file type": "ENVI Spectral Library",
            "data type": envi_code(self.spectra.dtype),
            "interleave": "bsq",
            "byte order": 0,
            "spectra names": list(self.names),
            "wavelength units": None if self.wavelengths_nm is None else "Nanometers",
            "wavelength": self.wavelengths_nm,
            "fwhm": self.fwhm_nm,
        }


def _write_whole(contents: Mapping[Path, bytes]) -> None:
    """Write some files next to each other: all of them or none."""
    targets = list(contents)
    with Staging(targets[0], sum(map(len, contents.values()))) as staging:
        for target, content in contents.items():
            try:
                staging.file(target).write_bytes(content)
            except OSError as error:
                raise staging.failure(error) from error
        staging.move_into_place(targets)
