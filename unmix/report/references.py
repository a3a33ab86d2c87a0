"""What a run's endmembers look like in a spectral library, read for a page."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unmix.bundle.spectra import SPECTRA_NAME
from unmix.errors import UnmixError


class Reference(NamedTuple):
    """A spectrum of a library beside the endmember that it looks like."""

    key: str
    """``k-j``: the endmember's number and the rank among its matches, from 0."""
    name: str
    """As in the library."""
    score: float
    """Distance in radians; 0 is the same shape."""
    angle_rad: float
    band_angle_rad: float
    spectrum: NDArray[np.float64]
    """(n_bands,) As bright as the endmember, since only shapes are compared; may hold NaN."""


class Likeness(NamedTuple):
    """An endmember and what it was compared with."""

    number: int
    name: str
    reason: str
    """Why it has the name that it has."""
    references: list[Reference]
    """Best first."""


def read_likenesses(folder: Path, endmembers: NDArray[np.floating[Any]]) -> list[Likeness]:
    """Read what a run found in a library.

    Parameters
    ----------
    folder : Path
        Of the bundle; without ``endmembers.json`` nothing was compared.
    endmembers : array of shape (n_endmembers, n_bands)
        Of the model.

    Returns
    -------
    list of Likeness
        One for each endmember, or none where no library was asked.

    Raises
    ------
    UnmixError
        If the file does not describe these endmembers.
    """
    path = folder / SPECTRA_NAME
    if not path.is_file():
        return []
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["endmembers"]
        if not any(one["match"] for one in known):
            return []
        pairs = zip(known, endmembers, strict=True)
        return [_likeness(k, one, spectrum) for k, (one, spectrum) in enumerate(pairs)]
    except (ValueError, KeyError, TypeError) as error:
        raise UnmixError(
            f"{path} does not describe the endmembers of the model beside it ({error!r}). Restore "
            "it, or run `unmix run` again."
        ) from error


def _likeness(k: int, one: dict[str, Any], endmember: NDArray[np.floating[Any]]) -> Likeness:
    match = one["match"]
    references = [
        Reference(
            key=f"{k}-{rank}",
            name=str(candidate["name"]),
            score=float(candidate["score"]),
            angle_rad=float(candidate["angle_rad"]),
            band_angle_rad=float(candidate["band_angle_rad"]),
            spectrum=as_bright_as(endmember, np.array(candidate["spectrum"], dtype=np.float64)),
        )
        for rank, candidate in enumerate(match["candidates"])
    ]
    return Likeness(k, str(one["name"]), str(match["reason"]), references)


def as_bright_as(
    endmember: NDArray[np.floating[Any]], spectrum: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scale a spectrum onto an endmember, by least squares over the bands that it has.

    Parameters
    ----------
    endmember, spectrum : arrays of shape (n_bands,)
        NaN in bands of `spectrum` without a value.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> as_bright_as(np.array([0.2, 0.4, 0.1]), np.array([0.1, 0.2, np.nan]))
    array([0.2, 0.4, nan])
    """
    if endmember.shape != spectrum.shape:
        raise ValueError(f"shapes {endmember.shape} and {spectrum.shape}")
    known = np.isfinite(spectrum)
    length = float(spectrum[known] @ spectrum[known])
    gain = float(endmember[known] @ spectrum[known]) / length if length > 0 else 1.0
    return gain * spectrum
