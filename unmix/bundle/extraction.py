"""Endmembers of a scene by extraction alone: spectra of pixels, and the pixels they are.

Methods whose every choice is the largest of all pixels go over all blocks of a scene and give the
same as if it were in memory; the others see an even sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from scenes import Scene
from scenes.blocks import Block
from scenes.gathering import drawn_places
from unmix.count import choose_n_endmembers
from unmix.endmembers.atgp import atgp_score
from unmix.endmembers.edaa import archetype_spectra, entropic_archetypes
from unmix.endmembers.greedy import Picks, pick_greedily
from unmix.endmembers.nfindr import nfindr
from unmix.endmembers.ppi import pick_purest
from unmix.endmembers.signal import BLACK, GLARING, check_extraction, relative_length
from unmix.endmembers.sivm import sivm_score
from unmix.endmembers.smacc import smacc_score
from unmix.endmembers.vca import vca
from unmix.errors import UnmixError, counted
from unmix.mapping import Progress, silent, worked_blocks

GREEDY = {"atgp": atgp_score, "sivm": sivm_score, "smacc": smacc_score}
METHODS = ("vca", "nfindr", "sivm", "ppi", "atgp", "smacc", "edaa")
SAMPLE, EDAA_SAMPLE = 50_000, 10_000
"""Pixels that are drawn: for VCA and N-FINDR (and to see what is usual), and for EDAA."""
EDAA_STARTS = 20
HELD_BYTES = 256 * 2**20
"""Scenes whose spectra take no more are read once and kept in memory."""

Indices = NDArray[np.intp]


class Extracted(NamedTuple):
    """What a method found."""

    spectra: Tensor
    """(n_endmembers, n_bands) Of pixels; EDAA's are means of several."""
    rows: Indices
    """(n_endmembers,) Where the pixels lie in the scene; EDAA's is the one that weighs most."""
    columns: Indices
    n_pixels: int
    """That were looked at."""
    of_all: bool
    """Whether these are all usable pixels of the scene."""
    reason: str | None
    """Why there are as many endmembers, where the number was chosen."""


def extract(
    scene: Scene,
    method: str,
    n_endmembers: int | Literal["auto"],
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Extracted:
    """Extract endmembers from the valid pixels of a scene that are neither black nor glaring.

    Parameters
    ----------
    scene : Scene
    method : str
        One of `METHODS`.
    n_endmembers : int or "auto"
        The latter as `unmix.count` recommends.
    seed : int
        Of the sample, and of methods that draw at random.
    progress : callable

    Raises
    ------
    UnmixError
        If there is no such method, or the spectra do not hold as many endmembers.
    """
    if method not in METHODS:
        raise UnmixError(f"`method` must be one of {', '.join(METHODS)}. Got {method!r}.")
    sample = _sample_of(scene, EDAA_SAMPLE if method == "edaa" else SAMPLE, seed)
    reason = None
    if n_endmembers == "auto":
        choice = choose_n_endmembers(
            sample.spectra,
            wavelengths_nm=scene.wavelengths_nm,
            seed=seed,
            progress=lambda share: progress("counting", share),
        )
        n_endmembers, reason = choice
    check_extraction(sample.spectra, n_endmembers)
    if method in ("vca", "nfindr", "edaa"):
        spectra, picks = _from_sample(sample.spectra, method, n_endmembers, seed)
        places = sample.rows[picks], sample.columns[picks]
        return Extracted(spectra, *places, len(sample.spectra), sample.of_all, reason)
    pixels = UsablePixels(scene, sample.usual, progress, _passes(method, n_endmembers))
    found = _from_all(pixels, method, n_endmembers, seed)
    places = pixels.places(found.indices.numpy())
    return Extracted(found.spectra, *places, pixels.n_pixels, True, reason)


class _Sample(NamedTuple):
    """Usable pixels from all over a scene, and where they lie."""

    spectra: Tensor
    rows: Indices
    columns: Indices
    usual: float
    """Length of a usual spectrum."""
    of_all: bool


def _sample_of(scene: Scene, n_pixels: int, seed: int) -> _Sample:
    drawn, rows, columns = drawn_places(scene.source, scene.bands_used, n_pixels, seed)
    spectra = torch.from_numpy(drawn)
    usual = _usual_length(spectra)
    lit = _usable(spectra, usual)
    if not lit.any():
        raise UnmixError(
            f"of {counted(len(drawn), 'valid pixel')} of {scene.name} none is lit, so there is "
            "nothing to extract. Check the mask, the nodata value and the scale."
        )
    of_all = len(drawn) < n_pixels or n_pixels >= scene.height * scene.width
    return _Sample(spectra[lit], rows[lit.numpy()], columns[lit.numpy()], usual, of_all)


def _from_sample(sample: Tensor, method: str, n: int, seed: int) -> tuple[Tensor, Indices]:
    """Endmembers of a sample, and the numbers of their pixels."""
    if method == "edaa":
        unit = normalize(sample, dim=1)
        weights = entropic_archetypes(unit, n, seed, n_starts=EDAA_STARTS).weights
        return archetype_spectra(weights, sample), weights.argmax(dim=1).numpy()
    picks = (vca if method == "vca" else nfindr)(sample, n, seed)
    return sample[picks], picks.numpy()


def _from_all(pixels: "UsablePixels", method: str, n: int, seed: int) -> Picks:
    if method == "ppi":
        return pick_purest(pixels.parts, n, seed)
    return pick_greedily(pixels.parts, n, GREEDY[method])


def _passes(method: str, n: int) -> int:
    """How often all pixels are gone through, the search for the places of the picks included."""
    return 3 if method == "ppi" else n + 1


class Part(NamedTuple):
    """The usable pixels of a block."""

    spectra: Tensor
    rows: Indices
    columns: Indices
    n_read: int
    """All pixels of the block."""


@dataclass
class UsablePixels:
    """The pixels of a scene that have a shape to look at, part by part and as often as wanted."""

    scene: Scene
    usual_length: float
    progress: Progress = silent
    n_passes: int = 1
    n_pixels: int = field(default=0, init=False)
    """As the last pass has found."""
    _n_read: int = field(default=0, init=False)
    _held: list[Part] = field(default_factory=list, init=False)

    def parts(self) -> Iterator[Tensor]:
        """All spectra, (n, n_bands) at a time, in the same order at each call."""
        return (part.spectra for part in self._placed())

    def places(self, indices: Indices) -> tuple[Indices, Indices]:
        """Rows and columns in the scene of pixels counted through the parts."""
        rows, columns = np.empty_like(indices), np.empty_like(indices)
        start = 0
        for part in self._placed():
            here = (indices >= start) & (indices < start + len(part.rows))
            rows[here] = part.rows[indices[here] - start]
            columns[here] = part.columns[indices[here] - start]
            start += len(part.rows)
        return rows, columns

    def _placed(self) -> Iterator[Part]:
        scene = self.scene
        if self._held:
            yield from self._held
            return
        fits = 4 * scene.height * scene.width * scene.n_bands <= HELD_BYTES
        held, self.n_pixels = [], 0
        for part in worked_blocks(scene, partial(_usable_part, usual=self.usual_length)):
            self.n_pixels += len(part.rows)
            self._n_read += part.n_read
            n_passes = 1 if fits else self.n_passes
            self.progress("extracting", self._n_read / (n_passes * scene.height * scene.width))
            held += [part] if fits else []
            yield part
        self._held = held


def _usable_part(block: Block, usual: float) -> Part:
    kept = _usable(block.spectra, usual)
    places = np.flatnonzero(block.valid)[kept.numpy()]
    rows, columns = np.divmod(places, block.window.width)
    rows, columns = rows + block.window.row_off, columns + block.window.col_off
    return Part(block.spectra[kept], rows, columns, block.valid.size)


def _usual_length(spectra: Tensor) -> float:
    """Length of the median spectrum that is finite and not black."""
    length = torch.linalg.vector_norm(spectra, dim=1, dtype=torch.float64)
    relative = relative_length(spectra)
    return float((length / relative).nanmedian()) if len(spectra) else 1.0


def _usable(spectra: Tensor, usual: float) -> Tensor:
    """Which spectra are finite, not black and not glaring, beside a usual one."""
    length = torch.linalg.vector_norm(spectra, dim=1, dtype=torch.float64) / usual
    return (length > BLACK) & (length < GLARING)
