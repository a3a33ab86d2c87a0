"""A look at a scene: the raw numbers of a few thousand pixels from all over it, in all bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.bands import BoolArray
from scenes.blocks import DEFAULT_BLOCK_BYTES
from scenes.pixels import Float32Array, RawArray
from scenes.sampling import Cut, spread_windows
from scenes.scene import Scene

N_PIXELS = 4096
"""As many as tell a band's noise to 1 %."""
_N_LINES = 32  # few: on a band-sequential file every window means one seek for each band
_N_TILES = 12  # fewer: a tile costs its decoding, however little of it is wanted
_MAX_WINDOWS = 512  # read in vain where a scene is nearly empty


@dataclass(frozen=True, eq=False)
class Look:
    """Pixels that have a number in at least one band, whatever the others hold.

    Parameters
    ----------
    raw : array of shape (n_pixels, n_bands of the file)
        Raw numbers.
    present : bool array of the same shape
        True where a number is finite and not nodata.
    spectra : float32 array of the same shape
        The same after the scale; of no meaning where not present.
    """

    raw: RawArray
    present: BoolArray
    spectra: Float32Array

    @property
    def n_pixels(self) -> int:
        """How many pixels were looked at."""
        return len(self.raw)


def look_at(scene: Scene, n_pixels: int = N_PIXELS, n_windows: int | None = None) -> Look:
    """Read some pixels that lie evenly over a scene, the same ones every time.

    Parameters
    ----------
    scene : Scene
        Its mask counts, its choice of bands does not.
    n_pixels : int
        How many are wanted; fewer come back where a scene has less, or hardly any.
    n_windows : int, optional
        Among how many windows they are shared out, by default 32 lines or 12 tiles.

    Returns
    -------
    Look
    """
    source, n_bands = scene.source, len(scene.bands)
    every = np.arange(n_bands)
    shape = scene.grid.shape
    max_rows = next(source.windows(n_bands, DEFAULT_BLOCK_BYTES)).height
    tile = source.reader.block_shape
    n_windows = n_windows or (_N_LINES if tile[1] >= scene.width else _N_TILES)
    cut = Cut.of_scene(shape, tile, max_rows, n_pixels, n_windows)
    random = np.random.default_rng(0)
    found, missing = [], n_pixels
    for number, (window, share) in enumerate(spread_windows(*shape, cut, seed=0)):
        raw, usable = source.read_raw(window, every)
        usable &= ~source.scaling.missing(raw).all(axis=1)
        usable &= ~source.scaling.is_padding(raw[:, scene.bands_used])
        chosen = random.permutation(np.flatnonzero(usable))[: min(share, missing)]
        found.append(raw[chosen])
        missing -= chosen.size
        if missing == 0 or number == _MAX_WINDOWS:
            break
    numbers = np.concatenate(found)
    present = ~source.scaling.missing(numbers)
    spectra, _ = source.scaling.apply(numbers.copy())
    return Look(numbers, present, spectra)
