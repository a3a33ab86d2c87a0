"""Spectral libraries: named spectra with what is known about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from scenes.bands import Bands, FloatArray, range_text
from scenes.card import library_card
from scenes.errors import SceneError, counted
from scenes.libraries import read_table
from scenes.libraries.table import Spectra, Table, checked_attributes, fits, stacked
from scenes.libraries.writing import csv_files, geojson_files, sli_files, write_whole
from scenes.resampling import resample

_CLASS_HEADS = ("class", "classes", "level_1", "level 1", "type")


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
    attributes : mapping of str to sequence of str
        What else is known, such as ``class``: one text for each spectrum.

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
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
                f"`names` has {counted(len(names), 'entry')} for "
                f"{counted(len(spectra), 'spectrum')}. Give one name for each spectrum."
            )
        if not all(name.strip() for name in names):
            raise SceneError("a spectrum has an empty name. Give each of them a name.")
        if self.fwhm_nm is not None and self.wavelengths_nm is None:
            raise SceneError("`fwhm_nm` without `wavelengths_nm` says nothing. Give both.")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "spectra", spectra)
        object.__setattr__(self, "attributes", checked_attributes(self.attributes, len(names)))
        bands = self._bands
        object.__setattr__(self, "wavelengths_nm", bands.wavelengths_nm)
        object.__setattr__(self, "fwhm_nm", bands.fwhm_nm)

    @property
    def _bands(self) -> Bands:
        """The spectral axis, checked."""
        good = np.ones(self.spectra.shape[1], dtype=np.bool_)
        return Bands(self.wavelengths_nm, self.fwhm_nm, good)

    @property
    def _table(self) -> Table:
        return Table(self.names, self.spectra, self.wavelengths_nm, self.fwhm_nm, self.attributes)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The class of each spectrum, or None: of `class`, `level_1` and `type` the first there is.

        Examples
        --------
        >>> SpectralLibrary(("a", "b"), [[1], [2]], attributes={"Class": ["soil", "water"]}).classes
        ('soil', 'water')
        """
        heads = {head.lower(): head for head in self.attributes}
        found = next((heads[head] for head in _CLASS_HEADS if head in heads), None)
        return None if found is None else self.attributes[found]

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
            and self.attributes == other.attributes
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        range_nm = range_text(self.wavelengths_nm)
        n_bands = counted(self.spectra.shape[1], "band")
        size = f"{counted(len(self), 'spectrum')}, {n_bands}"
        return f"SpectralLibrary({size}, {range_nm})" if range_nm else f"SpectralLibrary({size})"

    def _repr_html_(self) -> str:
        return library_card(self)

    def take(self, index: ArrayLike) -> SpectralLibrary:
        """Return the spectra of these numbers, or where a mask is True, in the order asked for.

        Raises
        ------
        SceneError
            If nothing is chosen, or a number lies outside.
        """
        numbers = np.arange(len(self))
        try:
            chosen = np.atleast_1d(numbers[np.asarray(index)])
        except IndexError as error:
            raise SceneError(
                f"the spectra are numbered from 0 to {len(self) - 1}; {error}."
            ) from None
        if chosen.size == 0:
            raise SceneError(f"no spectrum of {len(self)} is chosen. Choose at least one.")
        return replace(
            self,
            names=tuple(self.names[i] for i in chosen),
            spectra=self.spectra[chosen],
            attributes={k: tuple(v[i] for i in chosen) for k, v in self.attributes.items()},
        )

    def select(
        self, names: str | Collection[str] = "*", classes: str | Collection[str] = "*"
    ) -> SpectralLibrary:
        """Return the spectra whose name and class fit a pattern; case does not matter.

        Parameters
        ----------
        names, classes : str or collection of str
            Patterns with ``*`` and ``?``; one of them must fit.

        Raises
        ------
        SceneError
            If no spectrum is left, or classes are asked for and there are none.

        Examples
        --------
        >>> library = SpectralLibrary(("Alunite 1", "Calcite"), [[0.3], [0.1]])
        >>> library.select("alunite*").names
        ('Alunite 1',)
        """
        own = self.classes
        if own is None and classes != "*":
            raise SceneError(
                "this library names no classes. Select by `names`, or give an attribute `class`."
            )
        chosen = [
            fits(name, names) and fits(label, classes)
            for name, label in zip(self.names, own or self.names, strict=True)
        ]
        if not any(chosen):
            raise SceneError(
                f"of {counted(len(self), 'spectrum')} none has a name like {names!r} and a class "
                f"like {classes!r}. The first names are {', '.join(self.names[:5])}."
            )
        return self.take(np.array(chosen))

    @classmethod
    def merge(cls, libraries: Sequence[SpectralLibrary]) -> SpectralLibrary:
        """Put libraries on the same bands into one; attributes that one lacks are empty there.

        Raises
        ------
        SceneError
            If there is none, or the bands differ: `resampled` puts them onto common ones.
        """
        if not libraries:
            raise SceneError("there is no library to merge.")
        first = libraries[0]
        for other in libraries[1:]:
            if other.spectra.shape[1] != first.spectra.shape[1] or other._bands != first._bands:
                raise SceneError(
                    f"{other} and {first} have different bands. Resample both onto the same "
                    "bands first (`resampled`)."
                )
        return cls(*stacked([library._table for library in libraries]))

    def resampled(
        self, wavelengths_nm: ArrayLike, fwhm_nm: ArrayLike | None = None
    ) -> SpectralLibrary:
        """Return the spectra as a sensor with these bands would see them.

        Parameters
        ----------
        wavelengths_nm, fwhm_nm : arrays of shape (n_bands,)
            Centres and widths of the sensor's bands; see `scenes.resampling.resample`.

        Raises
        ------
        SceneError
            If this library has no wavelengths, or none of its values lies in a band.

        Warns
        -----
        SceneWarning
            If the widths are not known.
        """
        if self.wavelengths_nm is None:
            raise SceneError(
                f"{self} has no wavelengths, so it cannot be put onto other bands. Add them to "
                "its file."
            )
        spectra = resample(self.spectra, self.wavelengths_nm, wavelengths_nm, fwhm_nm, self.fwhm_nm)
        return replace(
            self,
            spectra=spectra,
            wavelengths_nm=np.asarray(wavelengths_nm, np.float64),
            fwhm_nm=None if fwhm_nm is None else np.asarray(fwhm_nm, np.float64),
        )

    @classmethod
    def read(cls, path: str | Path, scale: float | None = None) -> SpectralLibrary:
        """Read a library, whatever its format.

        An ENVI ``.sli`` or its ``.hdr``; ``.csv`` with a spectrum in each row or column, or a
        value in each row; ``.txt`` of ECOSTRESS, ASTER and USGS splib07, or a folder of them;
        profiles in ``.geojson`` and ``.gpkg``; ``.npz``.

        Parameters
        ----------
        path : str or Path
            File or folder.
        scale : float, optional
            The number that means reflectance 1. Default: what the file says, or else what the
            numbers show.

        Raises
        ------
        SceneFileError
            If a file is missing, truncated or cannot be read.
        SceneError
            If it holds something else than a spectral library.

        Warns
        -----
        SceneWarning
            If something odd in the file was mended or left out, or a scale or unit was guessed.
        """
        return cls(*read_table(Path(path), scale))

    def write_sli(self, path: str | Path) -> None:
        """Write an ENVI spectral library: the spectra, and a header beside them.

        Numbers keep every bit. ENVI knows no quoting, so in names a comma becomes a semicolon,
        braces become parentheses, and several blanks become one. Attributes have no place in it;
        they are read from a CSV file of the same name beside it (`write_csv`).

        Parameters
        ----------
        path : str or Path
            The data file, usually ``.sli``; the header is called ``.hdr``.

        Raises
        ------
        SceneFileError
            If a file cannot be written, or the header would take the place of another file's.
        """
        write_whole(sli_files(self._table, Path(path)))

    def write_csv(self, path: str | Path) -> None:
        """Write a CSV file (UTF-8): a row of wavelengths in nanometres, then one row per spectrum.

        The first row begins with ``name`` and the attributes; without wavelengths it numbers the
        bands. Numbers are exact and names are quoted where necessary. FWHM have no place in such
        a table.

        Raises
        ------
        SceneFileError
            If the file cannot be written.
        """
        write_whole(csv_files(self._table, Path(path)))

    def write_json(self, path: str | Path) -> None:
        """Write a GeoJSON file of profiles, as QGIS and the EnMAP-Box keep libraries.

        It holds everything: names, attributes, wavelengths, FWHM. Numbers are exact; what is not
        finite becomes ``null``, which is read as NaN.

        Raises
        ------
        SceneFileError
            If the file cannot be written.
        """
        write_whole(geojson_files(self._table, Path(path)))
