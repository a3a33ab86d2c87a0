"""Which bands should not be used, and why: what the numbers and the wavelengths themselves show.

A band list of the file (``bbl``) is read with the file and always respected. Where there is none,
the absorption windows of water vapour are left out if the pixels show that nothing comes through.
Wavelengths alone do not decide that: a scene of the laboratory sees clay and moisture there
without any air in between, and other files had the windows removed or interpolated before.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scenes.bands import Bands, BoolArray, FloatArray, IndexArray
from scenes.look import Look, look_at
from scenes.scene import Scene

WATER_VAPOUR_NM = ((1340.0, 1450.0), (1790.0, 1960.0))
"""Where water vapour lets next to nothing through, in nanometres. Between the lists in use (the
good bands of EMIT L2A leave out about 1325-1435 and 1770-1965; others 1310-1490 and 1770-2050):
wide enough for sea level, and short of the features of hydroxyl and of plants beside them. Beyond
2450 nm detectors are weak but the air is clear, so that those bands stay."""
_CORES_NM = ((1355.0, 1410.0), (1810.0, 1930.0))  # opaque anywhere on earth; decide for the windows
_OPAQUE_SHARE = 0.2
_OPAQUE_SNR = 50.0
_NOISY_SHARE = 0.1
_LOUD = 3.0
_MIN_PIXELS = 64  # fewer say little about a band
_N_NEIGHBOURS = 2
_LEAST_PRESENT = 0.5  # a pixel is valid only if all bands are: such a band costs too many
_N_PIXELS_OPENING, _N_WINDOWS_OPENING = 1024, 8

REASONS = {
    "empty": "no number in most pixels that were looked at",
    "constant": "the same number in all pixels that were looked at",
    "water vapour": "nothing but noise where water vapour absorbs",
    "no signal": "more noise than signal, and several times the noise of other bands",
    "overlap": "another detector measures the same wavelengths",
    "noisy": f"a signal-to-noise ratio below {_NOISY_SHARE:.0%} of the usual band's",
}
"""Every reason that `bad_bands` may give, with what it means."""


@dataclass(frozen=True)
class Wanted:
    """Which bands to look for.

    Parameters
    ----------
    noisy : bool
        Bands far noisier than the others. Not by default: they carry some signal still.
    overlap : bool
        Bands that another detector measures too. Not by default: two measurements are better than
        one, and a step between detectors is the same in pixels and endmembers.
    """

    noisy: bool = False
    overlap: bool = False


def bad_bands(scene: Scene, look: Look, wanted: Wanted | None = None) -> dict[str, IndexArray]:
    """Find the bands in use that should not be, each with the first reason that holds.

    Empty bands are always found, since a pixel is valid only if all bands in use are. The same
    number everywhere, water vapour, and noise without signal, are looked for only where the file
    has no band list of its own.

    Parameters
    ----------
    scene : Scene
        Judged are its bands in use.
    look : Look
        What `scenes.look.look_at` saw of it.
    wanted : Wanted, optional
        What else to look for.

    Returns
    -------
    dict of str to int array
        Reason (see `REASONS`) to numbers of bands, counted from 0; reasons without bands are left
        out.
    """
    wanted = wanted or Wanted()
    bands = scene.bands
    flags = {"empty": empty_bands(look)}
    if not bands.listed:
        flags["constant"] = constant_bands(look)
    if wanted.overlap:
        flags["overlap"] = overlapping_bands(bands)
    if wanted.noisy or not bands.listed:
        snr = signal_to_noise(bands, look)
        if not bands.listed:
            flags["water vapour"] = opaque_bands(bands, snr)
            flags["no signal"] = bands_without_signal(look, snr)
        if wanted.noisy:
            flags["noisy"] = noisy_bands(snr)
    left = np.zeros(len(bands), dtype=np.bool_)
    left[scene.bands_used] = True
    found = {}
    for reason, flag in flags.items():
        numbers = np.flatnonzero(flag & left)
        if numbers.size:
            found[reason] = numbers
            left[numbers] = False
    return found


def empty_bands(look: Look) -> BoolArray:
    """Bands without a number in most of the pixels, shape (n_bands,); none if no pixel was seen.

    Pixels that have no number in any band do not count: they lie outside of the image.
    """
    if look.n_pixels == 0:
        return np.zeros(look.raw.shape[1], dtype=np.bool_)
    return np.asarray(look.present.mean(axis=0) < _LEAST_PRESENT)


def without_empty_bands(scene: Scene) -> Scene:
    """Mark empty bands as bad, by a short look at the pixels: for products known to have some.

    EnMAP, DESIS, PRISMA and AVIRIS leave bands empty where the atmosphere lets nothing through,
    and their metadata do not say which. As one such band in use makes every pixel invalid,
    `scenes.open_scene` does this for them, and for no other file. It is the rule of
    `empty_bands`, which `bad_bands` applies to every scene that is prepared.

    Returns
    -------
    Scene
        The same where no band is empty, or all are.
    """
    empty = empty_bands(look_at(scene, _N_PIXELS_OPENING, _N_WINDOWS_OPENING))
    good = scene.bands.good & ~empty
    return scene.with_good(good) if empty.any() and good.any() else scene


def constant_bands(look: Look) -> BoolArray:
    """Bands with one and the same number everywhere, shape (n_bands,); none if all are so."""
    flags = _constant(look)
    return np.zeros_like(flags) if is_blank(look) else flags


def is_blank(look: Look) -> bool:
    """Whether no band shows any difference between pixels: the scene is blank, not its bands."""
    return look.n_pixels >= _MIN_PIXELS and bool((_constant(look) | empty_bands(look)).all())


def _constant(look: Look) -> BoolArray:
    flags = np.zeros(look.raw.shape[1], dtype=np.bool_)
    for band in np.flatnonzero(look.present.sum(axis=0) >= _MIN_PIXELS).tolist():
        numbers = look.raw[look.present[:, band], band]
        flags[band] = numbers.min() == numbers.max()
    return flags


def signal_to_noise(bands: Bands, look: Look) -> FloatArray:
    """Ratio of the mean of each band to its noise.

    The noise is what the two neighbours on each side in wavelength do not predict by linear
    regression over the pixels.

    Parameters
    ----------
    bands : Bands
        All bands of the file.
    look : Look
        Pixels in all of these bands.

    Returns
    -------
    float64 array of shape (n_bands,)
        0 for bands that are empty or constant, NaN where too few pixels or bands were seen.

    References
    ----------
    Roger and Arnold (1996), doi:10.1080/01431169608949369, with spectral neighbours only.
    """
    live = ~empty_bands(look) & ~constant_bands(look)
    whole = look.present[:, live].all(axis=1)
    snr = np.where(live, np.nan, 0.0)
    if whole.sum() < _MIN_PIXELS or live.sum() <= 2 * _N_NEIGHBOURS:
        return snr
    numbers = np.flatnonzero(live)
    if bands.wavelengths_nm is not None:
        numbers = numbers[np.argsort(bands.wavelengths_nm[numbers], kind="stable")]
    spectra = look.spectra[np.ix_(whole, numbers)].astype(np.float64)
    means = spectra.mean(axis=0)
    spectra -= means
    for place, band in enumerate(numbers.tolist()):
        start = max(0, place - _N_NEIGHBOURS)
        near = np.delete(spectra[:, start : place + _N_NEIGHBOURS + 1], place - start, axis=1)
        weights = np.linalg.lstsq(near, spectra[:, place])[0]
        noise = float(np.std(spectra[:, place] - near @ weights))
        snr[band] = abs(means[place]) / max(noise, 1e-9 * abs(means[place]), 1e-30)
    return snr


def opaque_bands(bands: Bands, snr: FloatArray) -> BoolArray:
    """Bands in those windows of water vapour in whose middle there is nothing but noise.

    A window is left alone where its middle was not measured, or is measured as well as the rest.

    Parameters
    ----------
    bands : Bands
        All bands of the file.
    snr : float64 array of shape (n_bands,)
        As `signal_to_noise` gives it.

    Returns
    -------
    bool array of shape (n_bands,)
    """
    opaque = np.zeros(len(bands), dtype=np.bool_)
    limit = min(_OPAQUE_SNR, _OPAQUE_SHARE * usual(snr))
    if bands.wavelengths_nm is None or not np.isfinite(limit):
        return opaque
    for window, core in zip(WATER_VAPOUR_NM, _CORES_NM, strict=True):
        seen = snr[within(bands, core)]
        seen = seen[np.isfinite(seen)]
        if seen.size >= 2 and np.median(seen) < limit:
            opaque |= within(bands, window)
    return opaque


def bands_without_signal(look: Look, snr: FloatArray) -> BoolArray:
    """Bands with more noise than signal, and several times as much noise as the usual band.

    The second condition spares bands that are dark, such as the infrared over water: their noise
    is that of the others.

    Parameters
    ----------
    look : Look
        Pixels in all bands.
    snr : float64 array of shape (n_bands,)
        As `signal_to_noise` gives it.

    Returns
    -------
    bool array of shape (n_bands,)
    """
    n_present = np.maximum(look.present.sum(axis=0), 1)
    values = np.where(look.present, look.spectra, 0).astype(np.float64)
    alive = np.isfinite(snr) & (snr > 0)
    noise = np.abs(values.sum(axis=0) / n_present) / np.where(alive, snr, np.inf)
    limit = _LOUD * float(np.median(noise[alive])) if alive.any() else np.inf
    return np.asarray(alive & (snr < 1) & (noise > limit))


def noisy_bands(snr: FloatArray) -> BoolArray:
    """Bands whose signal-to-noise ratio is below a tenth of the usual one."""
    limit = _NOISY_SHARE * usual(snr)
    return np.asarray((snr > 0) & (snr < limit))


def usual(snr: FloatArray) -> float:
    """Signal-to-noise ratio of the usual band: the median of those that have one, else NaN."""
    alive = snr[np.isfinite(snr) & (snr > 0)]
    return float(np.median(alive)) if alive.size else np.nan


def overlapping_bands(bands: Bands) -> BoolArray:
    """Bands to leave out so that every wavelength is measured by one detector only.

    A new detector begins where the wavelengths of the file step back. Of two that overlap, each
    keeps its half of the range: both are weakest at their ends.

    Parameters
    ----------
    bands : Bands
        All bands of the file; only good ones count.

    Returns
    -------
    bool array of shape (n_bands,)

    Examples
    --------
    >>> bands = Bands(np.array([900.0, 950, 1000, 960, 1010, 1060]), None, np.ones(6, bool), None)
    >>> overlapping_bands(bands)
    array([False, False,  True,  True, False, False])
    """
    doubled = np.zeros(len(bands), dtype=np.bool_)
    known = bands.wavelengths_nm
    detectors = detectors_of(bands)
    if known is None:
        return doubled
    for first, second in pairwise(detectors):
        low, high = known[second].min(), known[first].max()
        if low <= high:
            middle = (low + high) / 2
            doubled[first[known[first] > middle]] = True
            doubled[second[known[second] <= middle]] = True
    return doubled


def detectors_of(bands: Bands) -> list[IndexArray]:
    """Numbers of the good bands of each detector, from short to long wavelengths."""
    numbers = np.flatnonzero(bands.good)
    if bands.wavelengths_nm is None or numbers.size < 3:
        return [numbers]
    steps = np.diff(bands.wavelengths_nm[numbers])
    forward = np.sign(np.median(np.sign(steps))) or 1.0
    parts = np.split(numbers, np.flatnonzero(np.sign(steps) == -forward) + 1)
    known = bands.wavelengths_nm
    return sorted(parts, key=lambda part: float(known[part].min()))


def within(bands: Bands, range_nm: tuple[float, float]) -> BoolArray:
    """Bands whose centre lies in a range of wavelengths, its ends included."""
    if bands.wavelengths_nm is None:
        return np.zeros(len(bands), dtype=np.bool_)
    low, high = range_nm
    return np.asarray((bands.wavelengths_nm >= low) & (bands.wavelengths_nm <= high))
