"""What is odd about the bands, by their wavelengths and flags alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from scenes.bad_bands import WATER_VAPOUR_NM, detectors_of, within
from scenes.bands import BoolArray, FloatArray, range_text
from scenes.errors import counted
from scenes.preflight.finding import Finding
from scenes.scene import Scene


def axis_findings(scene: Scene) -> Iterator[Finding]:
    """Look over the wavelengths and the list of good bands."""
    known = scene.bands.wavelengths_nm
    if known is None:
        yield Finding(
            "wavelengths-missing",
            "warning",
            f"Of {counted(len(scene.bands), 'band')} none has a wavelength.",
            action="Unmixes all the same; spectra are plotted by band number, a model fits only "
            "scenes with the same number of bands, and bad bands by wavelength are not found.",
            cure="Add `wavelength` and `wavelength units` to the header, or put <name>.csv beside "
            "the image: a column wavelength_nm, one row for each band.",
        )
        return
    yield from _order(scene, known)
    yield from _band_list(scene, known)


def _order(scene: Scene, known: FloatArray) -> Iterator[Finding]:
    good = known[scene.bands.good]
    detectors = detectors_of(scene.bands)
    ends = [(known[part].min(), known[part].max()) for part in detectors]
    shared = [f"{low:.0f}-{high:.0f} nm" for (_, high), (low, _) in pairwise(ends) if low <= high]
    if shared:
        yield Finding(
            "detector-overlap",
            "note",
            f"Two detectors measure {', '.join(shared)}: wavelengths step back where one ends.",
            action="Uses both; a step between them is the same in pixels and endmembers.",
            cure="--drop-overlap keeps one band for every wavelength.",
        )
    elif good.size > 1 and not (np.diff(good) > 0).all():
        order = "descend" if (np.diff(good) < 0).all() else "are not sorted"
        yield Finding(
            "wavelengths-unsorted",
            "note",
            f"The wavelengths {order} ({range_text(good)}).",
            action="Keeps the order of the file.",
        )
    n_twice = good.size - np.unique(good).size
    if n_twice:
        yield Finding(
            "wavelengths-twice",
            "note",
            f"{counted(n_twice, 'band')} with the wavelength of another band.",
            action="Uses both.",
            cure="--drop one of them, by its number, if they are copies.",
        )


def _band_list(scene: Scene, known: FloatArray) -> Iterator[Finding]:
    wet: BoolArray = np.zeros(known.size, dtype=np.bool_)
    for window in WATER_VAPOUR_NM:
        wet |= within(scene.bands, window)
    good = scene.bands.good
    n_wet = int((wet & good).sum())
    if not wet.any():
        return
    if not scene.bands.listed and n_wet:
        yield Finding(
            "bbl-missing",
            "note",
            f"The file does not say which bands are good, and {counted(n_wet, 'band')} "
            f"{'lies' if n_wet == 1 else 'lie'} where water vapour absorbs.",
            action="Leaves these out if the pixels show nothing but noise there.",
            cure="Add `bbl` to the header (1 = good), or use --drop, or --keep-bad-bands.",
        )
    elif scene.bands.listed and good[wet].mean() > 0.5 and good[~wet].sum() < (~wet).sum() / 2:
        yield Finding(
            "bbl-inverted",
            "warning",
            f"The band list keeps {n_wet} of {int(wet.sum())} bands where water "
            f"vapour absorbs, and {int(good[~wet].sum())} of the {int((~wet).sum())} others.",
            claim="bbl: 1 = good, 0 = bad",
            action="Believes the list.",
            cure="If 1 means bad in this file, turn the list round: swap 0 and 1 in `bbl`.",
        )
