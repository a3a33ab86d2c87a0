"""What the raw numbers of some pixels show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.bad_bands import REASONS, Wanted, bad_bands, is_blank
from scenes.bands import IndexArray
from scenes.look import Look
from scenes.pixels import Float32Array, RawArray
from scenes.preflight.finding import Finding
from scenes.preparation import bands_text
from scenes.scene import Scene

_BRIGHTEST = 1.5  # reflectance; snow and specular water stay below it
_DARKEST = 0.002  # nothing on earth has so little in its brightest band
_SHARE_NEGATIVE = 0.05  # noise over dark ground makes a few
_SHARE_ONE_NEGATIVE = 0.01
_SHARE_SATURATED = 0.001
_SHARE_LOST = 0.05

_BROKEN = frozenset({"empty", "constant"})  # bands that no instrument gives
_CURES = {
    "empty": "None needed; set `bbl` to 0 for these bands to make it known to other tools.",
    "constant": "Set `bbl` to 0 for these bands, or use --keep-bad-bands.",
    "water vapour": "--keep-bad-bands keeps them; `bbl` in the header decides for good.",
    "no signal": "--keep-bad-bands keeps them; `bbl` in the header decides for good.",
    "noisy": "--drop-noisy leaves them out.",
}


def number_findings(scene: Scene, look: Look, padding: float | None) -> Iterator[Finding]:
    """Look over the numbers of a scene.

    Parameters
    ----------
    scene : Scene
        Without the padding, if there is some.
    look : Look
        What was seen of it.
    padding : float or None
        Number that undeclared pixels at its edge hold in all bands.
    """
    if padding is not None:
        yield _padding(scene, padding)
    if look.n_pixels == 0:
        yield Finding(
            "no-pixels",
            "error",
            "No pixel that was looked at holds a number.",
            claim=f"nodata = {scene.source.scaling.nodata}",
            action="There is nothing to unmix.",
            cure="Check --nodata, the mask, and whether the file was copied whole.",
        )
        return
    if is_blank(look):
        yield Finding(
            "blank",
            "error",
            f"All {look.n_pixels} pixels that were looked at have the same spectrum.",
            action="There is nothing to unmix.",
            cure="Check that the data file is the one that belongs to the header.",
        )
        return
    found = bad_bands(scene, look, Wanted(noisy=True))
    for reason, numbers in found.items():
        yield _bands(scene, reason, numbers)
    used = scene.bands_used
    rest = used[~np.isin(used, np.concatenate([[-1], *found.values()]).astype(np.intp))]
    yield from _lost(scene, look, rest)
    yield from _saturated(scene, look, rest)
    if scene.unit == "reflectance":
        yield from _reflectance(look, rest)


def _padding(scene: Scene, padding: float) -> Finding:
    nodata = scene.source.scaling.nodata
    return Finding(
        "nodata-undeclared",
        "warning",
        f"Pixels at the edge hold {padding:g} in all bands: padding, not ground.",
        claim="no nodata value" if nodata is None else f"nodata = {nodata:g}",
        action="Leaves out the pixels that hold this number in all bands.",
        cure=f"Write `data ignore value = {padding:g}` into the header, or use --nodata, if the "
        "number means nothing else; --keep-padding uses the pixels.",
    )


def _bands(scene: Scene, reason: str, numbers: IndexArray) -> Finding:
    return Finding(
        f"bands-{reason.replace(' ', '-')}",
        "warning" if reason in _BROKEN else "note",
        f"{bands_text(scene, numbers)}: {REASONS[reason]}.",
        action="Uses them." if reason == "noisy" else "Leaves them out.",
        cure=_CURES[reason],
    )


def _lost(scene: Scene, look: Look, bands: IndexArray) -> Iterator[Finding]:
    """Bands that cost many pixels, because a pixel needs a number in all bands."""
    absent = ~look.present[:, bands]
    lost = float(absent.any(axis=1).mean()) if bands.size else 0.0
    if lost > _SHARE_LOST:
        worst = bands[absent.mean(axis=0) > _SHARE_LOST / 2]
        which = bands_text(scene, worst) if worst.size else "many bands, each in other pixels"
        yield Finding(
            "nodata-partial",
            "warning",
            f"{lost:.0%} of the pixels have numbers in some bands and nodata in others: {which}.",
            action="Leaves these pixels out: a pixel needs a number in every band in use.",
            cure="--drop the bands that are missing, if the pixels matter more.",
        )


def _saturated(scene: Scene, look: Look, bands: IndexArray) -> Iterator[Finding]:
    if look.raw.dtype.kind not in "iu" or bands.size == 0:
        return
    largest = np.iinfo(look.raw.dtype).max
    share = float(((look.raw == largest) & look.present)[:, bands].any(axis=1).mean())
    if share > _SHARE_SATURATED:
        yield Finding(
            "saturated",
            "warning",
            f"{share:.1%} of the pixels have a band at {largest}, the largest number that "
            f"{look.raw.dtype.name} can hold.",
            action="Uses them.",
            cure="--drop-saturated leaves these pixels out; if the number means no data, "
            f"use --nodata {largest}.",
        )


def _reflectance(look: Look, bands: IndexArray) -> Iterator[Finding]:
    """Whether the numbers can be reflectance."""
    values = look.spectra[:, bands][look.present[:, bands]]
    if values.size == 0:
        return
    brightest = np.percentile(look.spectra[:, bands].max(axis=1), 50)
    high = np.percentile(values, 99)
    if high > _BRIGHTEST or 0 <= brightest < _DARKEST:
        yield Finding(
            "scale-implausible",
            "warning",
            f"1 % of the numbers are above {high:.4g} after the scale, and half of the pixels "
            f"reach {brightest:.4g}; reflectance lies between 0 and 1.",
            action="Uses the scale as the file gives it. Fractions do not depend on one factor "
            "for all bands; limits and units in the report do.",
            cure="Give --scale, the raw number that means reflectance 1 (often 10000), and check "
            "`byte order` and `data type`. Radiance can be unmixed, but the fractions then do not "
            "mean area.",
        )
    yield from _negative(look.raw[:, bands][look.present[:, bands]], values)


def _negative(raw: RawArray, values: Float32Array) -> Iterator[Finding]:
    """Whether many numbers are negative, and most of these one and the same: nodata, then."""
    negative = float((values < 0).mean())
    if negative <= _SHARE_ONE_NEGATIVE:
        return
    numbers, counts = np.unique(raw[values < 0], return_counts=True)
    usual = float(numbers[counts.argmax()])
    if counts.max() > counts.sum() / 2:
        yield Finding(
            "nodata-suspected",
            "warning",
            f"{negative:.1%} of the numbers in the bands in use are negative, and most of these "
            f"are {usual:g} before the scale.",
            action="Uses them as they are.",
            cure=f"If {usual:g} means no data: --nodata {usual:g}, or `data ignore value`.",
        )
    elif negative > _SHARE_NEGATIVE:
        yield Finding(
            "negative",
            "warning",
            f"{negative:.1%} of the numbers in the bands in use are negative.",
            action="Uses them as they are.",
            cure="A few come from noise over dark ground. Many, from an atmospheric correction "
            "that took too much away, or from a nodata value that is not declared: --nodata.",
        )
