"""The spectra of a bundle: the endmembers, and what they look like in a library."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenes import SpectralLibrary
from scenes.export.colour import colours_for
from unmix.bundle.run import Run, members_of
from unmix.unmixer import Unmixer

if TYPE_CHECKING:
    from unmix.networks import NetworkUnmixer  # which runs without networks need not load

SPECTRA_NAME = "endmembers.json"
MATCHES_NAME = "matches.sli"


def write_spectra(run: Run, folder: Path) -> None:
    """Write ``endmembers.sli``, ``.csv`` and ``.json``, and ``matches.sli`` after a library.

    Parameters
    ----------
    run : Run
    folder : Path
    """
    write_endmembers(run.model, folder)
    text = json.dumps(described(run), allow_nan=False, ensure_ascii=False)
    (folder / SPECTRA_NAME).write_text(f"{text}\n", encoding="utf-8", newline="\n")
    if run.references:
        _matches(run).write_sli(folder / MATCHES_NAME)


def write_endmembers(model: "Unmixer | NetworkUnmixer", folder: Path) -> None:
    """Write ``endmembers.sli`` and ``endmembers.csv``."""
    library = SpectralLibrary(
        names=tuple(model.endmember_names_),
        spectra=model.endmembers_,
        wavelengths_nm=model.wavelengths_nm_,
        fwhm_nm=model.fwhm_nm_,
    )
    library.write_sli(folder / "endmembers.sli")
    library.write_csv(folder / "endmembers.csv")


def described(run: Run) -> dict[str, Any]:
    """What ``endmembers.json`` holds: spectra with their names, colours, range and matches."""
    model = run.model
    n = model.n_endmembers_
    found = np.concatenate([model.endmembers_[None], model.endmember_samples_])
    colours = colours_for(model.endmember_names_)
    return {
        "unit": model.unit_,
        "wavelengths_nm": _list(model.wavelengths_nm_),
        "fwhm_nm": _list(model.fwhm_nm_),
        "endmembers": [
            {
                "name": model.endmember_names_[k],
                "colour": colours[k].hex,
                "spectrum": _list(model.endmembers_[k]),
                "lowest": _list(found[:, k].min(axis=0)),
                "highest": _list(found[:, k].max(axis=0)),
                "stability": _list(model.stability_)[k],
                "n_members": members_of(model)[k],
                "match": _match(run, run.matches[k]) if run.matches else None,
            }
            for k in range(n)
        ],
    }


def _match(run: Run, match: dict[str, Any]) -> dict[str, Any]:
    """A match of the record, with the spectra of its candidates."""
    candidates = [
        {**candidate, "spectrum": _list(run.references[candidate["index"]])}
        for candidate in match["candidates"]
    ]
    return {**match, "candidates": candidates}


def _matches(run: Run) -> SpectralLibrary:
    """The spectra of the library that come near an endmember, each once."""
    known = (candidate for match in run.matches for candidate in match["candidates"])
    names = {candidate["index"]: candidate["name"] for candidate in known}
    return SpectralLibrary(
        names=tuple(names[number] for number in run.references),
        spectra=np.stack(list(run.references.values())),
        wavelengths_nm=run.model.wavelengths_nm_,
        fwhm_nm=run.model.fwhm_nm_,
    )


def _list(values: NDArray[np.floating[Any]] | None) -> Any:  # noqa: ANN401
    """Numbers as JSON has them: as short as their type allows, null where there is none."""
    if values is None:
        return None
    return [json.loads(str(value)) if np.isfinite(value) else None for value in values]
