"""One picture of a result: the scene, its abundance maps and the endmember spectra."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from unmix.report.quicklook import Quicklook

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

N_COLUMNS = 4
GAP_NM = 40.0
"""Bands farther apart than this are not joined by a line."""


def draw_preview(path: Path, abundances: Path, model: "Unmixer", look: Quicklook) -> None:
    """Draw the scene, all abundance maps and the endmember spectra into a PNG file.

    A shade around a spectrum is what the refits found, and the number beside its name is its
    stability.

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
    with _opened(abundances) as dataset:
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


@contextmanager
def _opened(path: Path) -> Iterator[DatasetReader]:
    """A raster, which may well be without georeference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            yield dataset


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

    def broken(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.insert(values.astype(float), breaks, np.nan)

    found = np.concatenate([model.endmembers_[None], model.endmember_samples_])[:, :, order]
    lowest, highest = found.min(axis=0), found.max(axis=0)
    for k, stability in enumerate(model.stability_):
        name, spectrum = model.endmember_names_[k], found[0, k]
        label = name if np.isnan(stability) else f"{name} ({stability:.2f})"
        axis.plot(broken(x), broken(spectrum), color=colours[k], lw=1.4, label=label)
        low, high = broken(lowest[k]), broken(highest[k])
        axis.fill_between(broken(x), low, high, color=colours[k], alpha=0.2, lw=0)
    axis.set_xlabel("band" if known is None else "wavelength (nm)")
    axis.set_ylabel(model.unit_)
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.25)
    title = "endmember (stability)" if len(found) > 1 else None
    axis.legend(fontsize=8, ncols=2, title=title, title_fontsize=8)
