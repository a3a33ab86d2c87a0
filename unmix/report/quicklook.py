"""A small colour picture of a scene of any size."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window
from torch import Tensor

from scenes.lookup import Lookup

LONGEST_SIDE = 600
"""Pixels along the longer side of the picture."""
ROWS_AT_ONCE = 64
"""Rows of a picture on the map that are looked up in one piece."""
TRUE_COLOUR_NM = (650.0, 550.0, 470.0)


@dataclass
class Quicklook:
    """A thinned colour picture of the scene, gathered block by block."""

    bands: tuple[int, int, int]
    """Which bands of the spectra are red, green and blue."""
    step: int
    """Every how many rows and columns a pixel is taken."""
    picture: NDArray[np.float32]
    """(height, width, 3) Reflectance, NaN where invalid."""

    @classmethod
    def empty(
        cls, height: int, width: int, n_bands: int, wavelengths_nm: NDArray[np.float64] | None
    ) -> Self:
        """A picture of a scene of that size, with nothing in it yet."""
        step = max(1, math.ceil(max(height, width) / LONGEST_SIDE))
        size = (math.ceil(height / step), math.ceil(width / step), 3)
        bands = _colour_bands(n_bands, wavelengths_nm)
        return cls(bands, step, np.full(size, np.nan, dtype=np.float32))

    def add(self, window: Window, spectra: Tensor, valid: NDArray[np.bool_]) -> None:
        """Put the pixels of a block in their place."""
        rows = slice(-window.row_off % self.step, None, self.step)
        columns = slice(-window.col_off % self.step, None, self.step)
        shown = np.zeros_like(valid)
        shown[rows, columns] = True
        thin = np.full((*valid[rows, columns].shape, 3), np.nan, dtype=np.float32)
        found = spectra[torch.from_numpy(shown[valid])]
        thin[valid[rows, columns]] = found[:, list(self.bands)].numpy()
        row = -(-window.row_off // self.step)
        column = -(-window.col_off // self.step)
        self.picture[row : row + thin.shape[0], column : column + thin.shape[1]] = thin

    def on_map(self, lookup: Lookup) -> Self:
        """Bring the picture of a scene in sensor geometry to its map, thinned anew.

        Parameters
        ----------
        lookup : Lookup
            Of the scene.
        """
        height, width = lookup.grid.shape
        step = max(1, math.ceil(max(height, width) / LONGEST_SIDE))
        turned = np.full((math.ceil(height / step), math.ceil(width / step), 3), np.nan, np.float32)
        for first in range(0, height, ROWS_AT_ONCE * step):
            n_rows = min(ROWS_AT_ONCE * step, height - first)
            found = lookup.read(Window(0, first, width, n_rows))
            rows, columns = (index[::step, ::step] for index in found)
            known = rows >= 0
            strip = turned[first // step : first // step + len(rows)]
            strip[known] = self.picture[rows[known] // self.step, columns[known] // self.step]
        return replace(self, step=step, picture=turned)

    def stretched(self) -> NDArray[np.float32]:
        """The picture in 0..1, each colour from its 2nd to 98th percentile; invalid is white."""
        out = np.ones_like(self.picture)
        for k in range(3):
            band = self.picture[..., k]
            seen = np.isfinite(band)
            if seen.any():
                low, high = np.percentile(band[seen], (2, 98))
                out[seen, k] = np.clip((band[seen] - low) / max(high - low, 1e-9), 0, 1)
        return out


def _colour_bands(n_bands: int, known: NDArray[np.float64] | None) -> tuple[int, int, int]:
    """True colour where the bands see it, else three bands spread over the spectrum."""
    if known is None or known.min() > TRUE_COLOUR_NM[2] + 60 or known.max() < TRUE_COLOUR_NM[0]:
        spread = [int(k) for k in np.linspace(n_bands - 1, 0, 3).round()]
        return spread[0], spread[1], spread[2]
    red, green, blue = (int(np.abs(known - wanted).argmin()) for wanted in TRUE_COLOUR_NM)
    return red, green, blue
