"""Endmembers matched to a spectral library, and when no match is good."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmix.errors import UnmixError, counted
from unmix.naming.continuum import FloatArray, Spectra
from unmix.naming.likeness import Distances, References, distances

LARGEST_ANGLE_RAD = 0.12
"""Where another sample of its mineral is the best match of a spectrum, it is nearer in 95 %."""
LARGEST_RATIO = 0.6
"""The best match must have a score below this share of that of the best other material."""
LARGEST_EXCESS_RATIO = 0.4
"""... or leave a systematic residual below this share of what the best other material leaves.

Both shares were found on noisy copies of every spectrum of the USGS library in turn (35 to 50 dB,
bands of EMIT and AVIRIS): about nine of ten materials that were taken out of the library get no
name then, and four of five to nearly all of those that are in it keep theirs.
`scripts/benchmark_naming.py` measures it again.
"""

_FEWEST_BANDS = 8
_FULL_COVER = 0.9


class Library(Protocol):
    """What is asked of a library; `scenes.SpectralLibrary` is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """One for each spectrum."""

    @property
    def spectra(self) -> Spectra:
        """Array of shape (n_spectra, n_bands), NaN where there is no value."""

    def resampled(self, wavelengths_nm: ArrayLike, fwhm_nm: ArrayLike | None = None) -> Self:
        """Return the spectra as a sensor with these bands would see them."""


@dataclass(frozen=True)
class Candidate:
    """One spectrum of the library beside an endmember; the smaller each number, the better."""

    name: str
    """As in the library."""
    material: str
    """What it is a sample of; see `material_of`."""
    index: int
    """Number of the spectrum in the library, from 0."""
    score: float
    """Geometric mean of the two angles and the root of the divergence, in radians."""
    angle_rad: float
    """Spectral angle."""
    band_angle_rad: float
    """Angle between the depths below the continuum."""
    divergence: float
    """Spectral information divergence."""


@dataclass(frozen=True)
class Match:
    """What an endmember may be."""

    name: str | None
    """Name of the best candidate, or None where no match is good."""
    reason: str
    """Why the match is good or not, in one sentence."""
    candidates: tuple[Candidate, ...]
    """Best first; without those that share too few bands with the endmember."""
    n_bands: int
    """Bands that were compared."""

    @property
    def is_good(self) -> bool:
        """Whether the best candidate may give its name."""
        return self.name is not None


def name_endmembers(
    spectra: ArrayLike,
    wavelengths_nm: ArrayLike,
    fwhm_nm: ArrayLike | None,
    library: Library,
    materials: Sequence[str] | None = None,
) -> list[Match]:
    """Find the spectra of a library that each endmember looks like.

    The library is resampled to the sensor's bands. Compared are the shape (spectral angle), the
    absorption bands below the continuum, and the spectral information divergence, none of which
    sees brightness; candidates are ordered by the geometric mean of the three.

    The match is good if the best candidate is within 0.12 rad and fits much better than any other
    material of the library: by score, or by what it leaves unexplained beyond white noise. A
    material that the library lacks has several neighbours at like distances, so it gets no name.

    Parameters
    ----------
    spectra : array of shape (n_endmembers, n_bands)
        Endmembers; NaN in bands that are not to be compared.
    wavelengths_nm : array of shape (n_bands,)
    fwhm_nm : array of shape (n_bands,) or None
    library : scenes.SpectralLibrary
    materials : sequence of str, optional
        What each spectrum of the library is a sample of. Default: `material_of` its name.

    Returns
    -------
    list of Match
        One for each endmember.

    Raises
    ------
    UnmixError
        If shapes do not fit, or an endmember shares fewer than 8 bands with every spectrum.
    """
    endmembers = np.atleast_2d(np.asarray(spectra, dtype=np.float64))
    axis = np.asarray(wavelengths_nm, dtype=np.float64)
    if endmembers.ndim != 2 or axis.shape != endmembers.shape[1:]:
        raise UnmixError(
            f"`spectra` has shape {endmembers.shape} and `wavelengths_nm` {axis.shape}. Give one "
            "row for each endmember and one wavelength for each column."
        )
    groups = list(map(material_of, library.names)) if materials is None else list(materials)
    if len(groups) != len(library.names):
        found, wanted = counted(len(groups), "entry"), counted(len(library.names), "spectrum")
        raise UnmixError(f"`materials` has {found} for {wanted}.")
    known = np.asarray(library.resampled(axis, fwhm_nm).spectra, dtype=np.float64)
    order = np.argsort(axis, kind="stable")
    shared: dict[bytes, _Shared] = {}
    matches = []
    for endmember in endmembers[:, order]:
        measured = np.isfinite(endmember)
        key = measured.tobytes()
        if key not in shared:
            shared[key] = _share(measured, known[:, order], axis[order])
        matches.append(_match(endmember, shared[key], library.names, groups))
    return matches


def material_of(name: str) -> str:
    """What a library's spectrum is a sample of: the words before the first with a digit.

    Examples
    --------
    >>> material_of("Alunite GDS84 Na03"), material_of("red clay tile 2"), material_of("Water")
    ('alunite', 'red clay tile', 'water')
    >>> material_of("alunite1.spc Alunite GDS84 Na03")
    'alunite'
    """
    words = [word for word in name.split() if not word.lower().endswith(".spc")]
    numbered = [i for i, word in enumerate(words) if any(letter.isdigit() for letter in word)]
    before = words[: numbered[0]] if numbered else words
    return " ".join(before or words).lower()


def labels(matches: Sequence[Match]) -> list[str]:
    """Different names for bands: the matches' materials, numbered where they repeat.

    Examples
    --------
    >>> water = Match("Water A1", "", (Candidate("Water A1", "water", 0, 0, 0, 0, 0),), 9)
    >>> labels([water, Match(None, "", (), 9), water])
    ['water 1', 'endmember 2', 'water 2']
    """
    found = [m.candidates[0].material if m.is_good else None for m in matches]
    total, seen = Counter(found), Counter[str]()
    result = []
    for number, material in enumerate(found, start=1):
        if material is None:
            result.append(f"endmember {number}")
            continue
        seen[material] += 1
        result.append(f"{material} {seen[material]}" if total[material] > 1 else material)
    return result


class _Shared(NamedTuple):
    """What a library and a set of bands have in common."""

    numbers: list[int]
    """Of the spectra that are compared."""
    bands: NDArray[np.bool_]
    """Bands that all of them have."""
    references: References


def _share(measured: NDArray[np.bool_], known: FloatArray, axis: FloatArray) -> _Shared:
    """Take the spectra that have nearly as many of the measured bands as any has."""
    usable = measured & np.isfinite(known)
    cover = usable.sum(axis=1)
    chosen = cover >= max(_FULL_COVER * cover.max(), 1)
    bands = usable[chosen].all(axis=0) & chosen.any()
    if bands.sum() < _FEWEST_BANDS:
        raise UnmixError(
            f"an endmember shares {counted(int(bands.sum()), 'band')} with the spectra of the "
            f"library; at least {_FEWEST_BANDS} are needed. Take a library of the sensor's range."
        )
    references = References.of(known[np.ix_(chosen, bands)], axis[bands])
    return _Shared(np.flatnonzero(chosen).tolist(), bands, references)


def _match(
    endmember: FloatArray, shared: _Shared, names: Sequence[str], groups: Sequence[str]
) -> Match:
    """Compare one endmember with the spectra that share its bands."""
    spectrum = endmember[shared.bands]
    if not np.any(spectrum):
        return Match(None, "the endmember is 0 in all bands.", (), spectrum.size)
    found = distances(spectrum, shared.references)
    candidates = tuple(
        Candidate(
            name=names[shared.numbers[i]],
            material=groups[shared.numbers[i]],
            index=shared.numbers[i],
            score=float(found.score[i]),
            angle_rad=float(found.angle_rad[i]),
            band_angle_rad=float(found.band_angle_rad[i]),
            divergence=float(found.divergence[i]),
        )
        for i in np.argsort(found.score, kind="stable").tolist()
    )
    good, reason = _verdict(candidates, found, np.array([groups[i] for i in shared.numbers]))
    return Match(candidates[0].name if good else None, reason, candidates, spectrum.size)


def _verdict(
    candidates: tuple[Candidate, ...], found: Distances, groups: NDArray[np.str_]
) -> tuple[bool, str]:
    """Whether the best candidate may give its name, and why."""
    best = candidates[0]
    if best.angle_rad > LARGEST_ANGLE_RAD:
        return False, (
            f"the nearest, {best.name}, is {best.angle_rad:.3f} rad away; samples of one material "
            f"lie within {LARGEST_ANGLE_RAD} rad."
        )
    rival = next((c for c in candidates if c.material != best.material), None)
    if rival is None:
        return True, f"{best.name} is {best.angle_rad:.3f} rad away; there is nothing else."
    ratio = best.score / rival.score
    others = groups != best.material
    least = float(found.excess[others].min())
    own = float(found.excess[int(np.argmin(found.score))])
    by_residual = least > 0 and own <= LARGEST_EXCESS_RATIO**2 * least
    good = ratio <= LARGEST_RATIO or by_residual
    verdict = "far better than" if good else "hardly better than"
    return good, (
        f"{best.name} fits {verdict} {rival.name}: their scores are {best.score:.4f} and "
        f"{rival.score:.4f} rad."
    )
