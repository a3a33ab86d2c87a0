"""Pictures of how maps agree: counts of pixels for fractions, a matrix for classes."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scenes.export.staging import Staging
from unmix.comparison import HISTOGRAM_RANGE, PairHistograms
from unmix.report.preview import columns_of

PANEL = 3.2
"""Inches of a panel's width."""
MOST_NUMBERED = 20
"""Rows or columns of a matrix beyond which its cells hold no numbers."""


def draw_histograms(path: Path, histograms: PairHistograms, titles: Sequence[str]) -> None:
    """Draw for each pair of maps how often which values meet, with the line where they agree.

    Parameters
    ----------
    path : Path
        A PNG file.
    histograms : PairHistograms
    titles : sequence of str
        One for each pair: two lines at most.
    """
    n = len(titles)
    n_columns = min(n, columns_of(n))
    size = (PANEL * n_columns, (PANEL + 0.5) * math.ceil(n / n_columns))
    figure = Figure(figsize=size, layout="constrained")
    for k, (counts, title) in enumerate(zip(histograms.counts, titles, strict=True)):
        axis = figure.add_subplot(math.ceil(n / n_columns), n_columns, k + 1)
        _draw_counts(axis, counts)
        axis.set_title(title, fontsize=9)
    _print(figure, path)


def draw_matrix(
    path: Path,
    shares: NDArray[np.float64],
    classes: Sequence[str],
    materials: Sequence[str],
    title: str,
) -> None:
    """Draw the mean fraction of each material in each class.

    Parameters
    ----------
    path : Path
        A PNG file.
    shares : array of shape (n_classes, n_materials)
        From 0 to 1.
    classes, materials : sequence of str
        Names of the rows and columns.
    title : str
    """
    n_rows, n_columns = shares.shape
    size = (3.0 + 0.6 * n_columns, 2.5 + 0.45 * n_rows)
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.add_subplot()
    shown = axis.imshow(shares, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    axis.set_xticks(range(n_columns), materials, rotation=40, ha="right", fontsize=8)
    axis.set_yticks(range(n_rows), classes, fontsize=8)
    axis.set_title(title, fontsize=9)
    if max(shares.shape) <= MOST_NUMBERED:
        for (row, column), share in np.ndenumerate(shares):
            colour = "black" if share > 0.6 else "white"
            axis.text(column, row, f"{share:.2f}", color=colour, ha="center", va="center", size=7)
    figure.colorbar(shown, label="mean fraction")
    _print(figure, path)


def _draw_counts(axis: Axes, counts: NDArray[np.int64]) -> None:
    low, high = HISTOGRAM_RANGE
    most = max(int(counts.max()), 2)
    shown = np.ma.masked_equal(counts.T, 0)
    axis.imshow(
        shown,
        origin="lower",
        extent=(low, high, low, high),
        norm=LogNorm(1, most),
        cmap="viridis",
        interpolation="nearest",
    )
    axis.plot([low, high], [low, high], color="0.5", lw=0.8)
    axis.set_xlabel("reference", fontsize=8)
    axis.set_ylabel("out", fontsize=8)
    axis.tick_params(labelsize=7)


def _print(figure: Figure, path: Path) -> None:
    with Staging(path) as staging:
        FigureCanvasAgg(figure).print_figure(staging.file(path), format="png", dpi=110)
        staging.move_into_place([path])
