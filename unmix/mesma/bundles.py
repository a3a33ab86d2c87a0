"""Class bundles: the spectra of a library by their classes, on the bands of a scene."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from unmix.errors import UnmixError, UnmixWarning

FULL_COVER = 0.9
"""A spectrum must cover this share of the bands that the best of its library covers."""
LISTED = 8
"""Names that a message lists at most."""


class Library(Protocol):
    """What is asked of a library; `scenes.SpectralLibrary` is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """One for each spectrum."""

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """What else is known: by its field, one text for each spectrum."""

    @property
    def spectra(self) -> NDArray[np.floating[Any]]:
        """Array of shape (n_spectra, n_bands), NaN where there is no value."""

    def resampled(self, wavelengths_nm: ArrayLike, fwhm_nm: ArrayLike | None = None) -> Self:
        """Return the spectra as a sensor with these bands would see them."""


@dataclass(frozen=True, eq=False)
class Bundles:
    """Spectra of some classes."""

    classes: tuple[str, ...]
    """Names of the classes, in the order in which the library names them first."""
    class_of: tuple[int, ...]
    """Number of the class of each spectrum."""
    spectra: Tensor
    """(n_spectra, n_bands in use), float64"""
    numbers: tuple[int, ...]
    """Of each spectrum in its library, from 0."""
    bands: NDArray[np.bool_]
    """(n_bands of the scene,) Bands that all spectra cover; only these are used."""
    shade: Tensor | None = None
    """(n_bands in use,) Spectrum of shade, where the library has one."""

    @property
    def sizes(self) -> dict[str, int]:
        """How many spectra each class has."""
        return {name: self.class_of.count(k) for k, name in enumerate(self.classes)}


def bundles_of(
    library: Library,
    field: str,
    wavelengths_nm: ArrayLike,
    fwhm_nm: ArrayLike | None = None,
    *,
    shade: str | None = None,
) -> Bundles:
    """Sort the spectra of a library by their classes, resampled to the bands of a scene.

    Left out are spectra without a class, spectra that cover less than 90 % of what the best covers,
    and bands that one of the others does not cover.

    Parameters
    ----------
    library : scenes.SpectralLibrary
    field : str
        Attribute that holds the classes; case does not matter.
    wavelengths_nm, fwhm_nm : arrays of shape (n_bands,)
        Of the scene.
    shade : str, optional
        Name of the spectrum that is shade; it belongs to no class then.

    Returns
    -------
    Bundles

    Raises
    ------
    UnmixError
        If there is no such field or shade, no spectrum has a class, or no band is covered by all.

    Warns
    -----
    UnmixWarning
        For what is left out.
    """
    labels = np.array(_attribute(library, field))
    values = np.asarray(library.resampled(wavelengths_nm, fwhm_nm).spectra, dtype=np.float64)
    dark = None if shade is None else _number_of(library.names, shade)
    chosen = labels != ""
    if dark is not None:
        chosen[dark] = False
    if not chosen.any():
        raise UnmixError(f"no spectrum of the library has a class in its field {field!r}.")
    known = np.isfinite(values)
    cover = known.sum(axis=1)
    full = cover >= max(1, FULL_COVER * cover[chosen].max())
    bands = known[chosen & full].all(axis=0)
    if dark is not None:
        bands &= known[dark]
    if not bands.any():
        raise UnmixError(
            f"no band of the scene is covered by all spectra of the library ({int(chosen.sum())}). "
            "Take a library of the sensor's range."
        )
    _warn_of_gaps(chosen, full, labels, bands)
    numbers = np.flatnonzero(chosen & full)
    classes = list(dict.fromkeys(labels[numbers].tolist()))
    return Bundles(
        classes=tuple(classes),
        class_of=tuple(classes.index(label) for label in labels[numbers].tolist()),
        spectra=torch.from_numpy(values[np.ix_(numbers, bands)]),
        numbers=tuple(numbers.tolist()),
        bands=bands,
        shade=None if dark is None else torch.from_numpy(values[dark, bands]),
    )


def _attribute(library: Library, field: str) -> list[str]:
    """The class of each spectrum, without blanks around it."""
    found = [key for key in library.attributes if key.lower() == field.lower()]
    if not found:
        fields = _listed(list(library.attributes)) or "none"
        raise UnmixError(
            f"the library has no field {field!r} that could name the classes of its spectra. "
            f"Its fields are: {fields}."
        )
    exact = field if field in found else found[0]
    return [text.strip() for text in library.attributes[exact]]


def _number_of(names: Sequence[str], name: str) -> int:
    if names.count(name) != 1:
        raise UnmixError(
            f"shade must be the name of one spectrum of the library. {names.count(name)} are "
            f"called {name!r}; the first names are: {_listed(names)}."
        )
    return names.index(name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


def _warn_of_gaps(
    chosen: NDArray[np.bool_],
    full: NDArray[np.bool_],
    labels: NDArray[np.str_],
    bands: NDArray[np.bool_],
) -> None:
    """Say what is left out of the library and of the scene."""
    nameless = int((labels == "").sum())
    if nameless:
        _warn(f"{nameless} of {len(labels)} spectra of the library left out, for lack of a class.")
    short = int((chosen & ~full).sum())
    if short:
        _warn(
            f"{short} of {int(chosen.sum())} spectra of the library left out, for covering less "
            f"than {FULL_COVER:.0%} of the bands that others cover."
        )
    if not bands.all():
        _warn(
            f"the library covers {int(bands.sum())} of the scene's {len(bands)} bands in use; the "
            "others are left out."
        )


def _warn(message: str) -> None:
    warnings.warn(message, UnmixWarning, stacklevel=4)
