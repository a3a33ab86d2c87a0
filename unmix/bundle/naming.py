"""Endmembers of a run, named after a spectral library."""

from typing import Any

from scenes import SpectralLibrary
from unmix.bundle.run import Run
from unmix.errors import UnmixError
from unmix.naming import Match, labels, name_endmembers
from unmix.stability import doubts

_N_CANDIDATES = 3


def name_after(run: Run, library: SpectralLibrary) -> list[Match]:
    """Give the endmembers of a run the names of the materials that they match.

    Those without a good match keep their numbers. The names go into the model, so into every file
    that is saved; what was compared goes into the record of the run.

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
    stability = model.stability_.tolist()
    old = doubts(model.endmember_names_, stability)
    model.endmember_names_ = labels(matches)
    others = [note for note in run.notes if note not in old]
    run.notes[:] = [*others, *doubts(model.endmember_names_, stability)]
    run.matches[:] = [_record(match) for match in matches]
    return matches


def _record(match: Match) -> dict[str, Any]:
    """What the record of a run says of a match."""
    return {
        "name": match.name,
        "reason": match.reason,
        "n_bands": match.n_bands,
        "candidates": [vars(candidate) for candidate in match.candidates[:_N_CANDIDATES]],
    }
