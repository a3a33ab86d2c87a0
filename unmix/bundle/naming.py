"""Endmembers of a run, named after a spectral library."""

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import SpectralLibrary
from scenes.errors import SceneWarning
from unmix.bundle.run import Run
from unmix.errors import UnmixError
from unmix.naming import Match, labels, name_endmembers

_N_CANDIDATES = 3
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
"""Control characters and what is no character; neither GDAL nor XML can carry them."""


def name_after(run: Run, library: SpectralLibrary) -> list[Match]:
    """Give the endmembers of a run the names of the materials that they match.

    Those without a good match keep their numbers. The names go into the model, so into every file
    that is saved; what was compared goes into the record of the run, and the spectra of the library
    that come nearest are kept for ``endmembers.json`` and ``matches.sli``.

    Parameters
    ----------
    run : Run
        Its model is changed.
    library : SpectralLibrary

    Returns
    -------
    list of Match
        One for each endmember.

    Raises
    ------
    UnmixError
        If the scene has no wavelengths, or shares too few bands with the library.
    """
    model = run.model
    if model.wavelengths_nm_ is None:
        raise UnmixError(
            f"{run.scene.name} has no wavelengths, so its endmembers cannot be compared with a "
            "library. Add the wavelengths to its header."
        )
    matches = name_endmembers(model.endmembers_, model.wavelengths_nm_, model.fwhm_nm_, library)
    old = model.doubts_
    model.endmember_names_ = [_fit(label, k) for k, label in enumerate(labels(matches), start=1)]
    others = [note for note in run.notes if note not in old]
    run.notes[:] = [*others, *model.doubts_]
    run.matches[:] = [_record(match) for match in matches]
    run.references.clear()
    axis = model.wavelengths_nm_, model.fwhm_nm_
    run.references.update(_nearest(matches, library, *axis))
    return matches


def check_names(names: list[str]) -> None:
    """Refuse names that no map can carry.

    Raises
    ------
    UnmixError
        If a name is empty, or has a control character or half a character in it.
    """
    for number, name in enumerate(names, start=1):
        if not name.strip() or _UNFIT.search(name):
            raise UnmixError(
                f"{name!r}, the name of endmember {number}, is empty or has characters that maps "
                "cannot carry. Set `endmember_names_` of the model to others, such as "
                f"{_fit(name, number)!r}."
            )


def _fit(name: str, number: int) -> str:
    """A name without what maps cannot carry."""
    return " ".join(_UNFIT.sub(" ", name).split()) or f"endmember {number}"


def _nearest(
    matches: list[Match],
    library: SpectralLibrary,
    wavelengths_nm: NDArray[np.float64],
    fwhm_nm: NDArray[np.float64] | None,
) -> dict[int, NDArray[np.floating[Any]]]:
    """Spectra of the best candidates on the scene's bands, by their numbers in the library."""
    best = (candidate for match in matches for candidate in match.candidates[:_N_CANDIDATES])
    numbers = sorted({candidate.index for candidate in best})
    if not numbers:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)  # said when the names were looked for
        chosen = library.take(numbers).resampled(wavelengths_nm, fwhm_nm)
    return dict(zip(numbers, chosen.spectra, strict=True))


def _record(match: Match) -> dict[str, Any]:
    """What the record of a run says of a match."""
    return {
        "name": match.name,
        "reason": match.reason,
        "n_bands": match.n_bands,
        "candidates": [vars(candidate) for candidate in match.candidates[:_N_CANDIDATES]],
    }
