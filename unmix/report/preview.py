"""One picture of a result: the scene, its abundance maps and the endmember spectra."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import rasterio
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rasterio.windows import Window
from torch import Tensor

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

LONGEST_SIDE = 600
"""Pixels along the longer side of a map in the picture."""
TRUE_COLOUR_NM = (650.0, 550.0, 470.0)
N_COLUMNS = 4
GAP_NM = 40.0
"""Bands farther apart than this are not joined by a line."""


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
        values = np.full((*valid.shape, 3), np.nan, dtype=np.float32)
        values[valid] = spectra[:, list(self.bands)].numpy()
        first_row, first_column = -window.row_off % self.step, -window.col_off % self.step
        thin = values[first_row :: self.step, first_column :: self.step]
        row = (window.row_off + first_row) // self.step
        column = (window.col_off + first_column) // self.step
        self.picture[row : row + thin.shape[0], column : column + thin.shape[1]] = thin

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


def draw_preview(path: Path, abundances: Path, model: "Unmixer", look: Quicklook) -> None:
    """Draw the scene, all abundance maps and the endmember spectra into a PNG file.

    Parameters
    ----------
    path : Path
        The picture.
    abundances : Path
        The raster of abundance maps, which is read thinned.
    model : Unmixer
        Fitted.
    look : Quicklook
        The scene in colours.
    """
    n = len(model.endmembers_)
    colours = endmember_colours(n)
    n_rows = math.ceil((n + 1) / N_COLUMNS)
    height, width = look.picture.shape[:2]
    panel = 3.2
    tall = 0.9 * panel * min(max(height / width, 0.3), 2.0) + 0.3
    figure = Figure(figsize=(panel * N_COLUMNS + 0.6, tall * n_rows + 3.6), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(n_rows + 1, N_COLUMNS, height_ratios=[tall] * n_rows + [3.4])
    axes = [figure.add_subplot(grid[i // N_COLUMNS, i % N_COLUMNS]) for i in range(n + 1)]
    axes[0].imshow(look.stretched(), interpolation="nearest")
    axes[0].set_title("scene", fontsize=10)
    with rasterio.open(abundances) as dataset:
        for k, axis in enumerate(axes[1:]):
            fractions = dataset.read(k + 1, out_shape=(height, width), masked=True)
            shown = axis.imshow(fractions, vmin=0, vmax=1, cmap="viridis", interpolation="nearest")
            axis.set_title(model.endmember_names_[k], fontsize=10, color=colours[k])
    figure.colorbar(shown, ax=axes[1:], shrink=0.6, label="fraction of the pixel")
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    _draw_spectra(figure.add_subplot(grid[n_rows, :]), model, colours)
    canvas.print_figure(path, format="png", dpi=110)


def endmember_colours(n: int) -> list[tuple[float, float, float]]:
    """One colour for each endmember, the same in every picture."""
    palette = colormaps["tab10"] if n <= 10 else colormaps["tab20"]
    return [palette(k % palette.N)[:3] for k in range(n)]


def _draw_spectra(axis: Axes, model: "Unmixer", colours: list[tuple[float, float, float]]) -> None:
    known = model.wavelengths_nm_
    x = np.arange(model.n_features_in_, dtype=float) if known is None else known
    order = np.argsort(x, kind="stable")
    x = x[order]
    gap = np.inf if known is None else GAP_NM
    breaks = np.flatnonzero(np.diff(x) > gap) + 1
    for k, spectrum in enumerate(model.endmembers_):
        y = np.insert(spectrum[order].astype(float), breaks, np.nan)
        axis.plot(
            np.insert(x, breaks, np.nan),
            y,
            color=colours[k],
            lw=1.4,
            label=model.endmember_names_[k],
        )
    axis.set_xlabel("band" if known is None else "wavelength (nm)")
    axis.set_ylabel(model.unit_)
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.25)
    axis.legend(fontsize=8, ncols=2)


def _colour_bands(n_bands: int, known: NDArray[np.float64] | None) -> tuple[int, int, int]:
    """True colour where the bands see it, else three bands spread over the spectrum."""
    if known is None or known.min() > TRUE_COLOUR_NM[2] + 60 or known.max() < TRUE_COLOUR_NM[0]:
        spread = [int(k) for k in np.linspace(n_bands - 1, 0, 3).round()]
        return spread[0], spread[1], spread[2]
    red, green, blue = (int(np.abs(known - wanted).argmin()) for wanted in TRUE_COLOUR_NM)
    return red, green, blue
