"""One picture of a result: the scene, its abundance maps and the endmember spectra."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scenes.export.colour import colours_for
from unmix.report.lines import Lines
from unmix.report.quicklook import Quicklook
from unmix.report.rasters import thinned

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

PANEL = 3.2
"""Inches of a map's width."""
SPECTRA = 3.6
"""Inches of the spectra's height."""
SHARP: dict[str, Any] = {"interpolation": "nearest"}
LEGEND_ROWS = 18
"""As many as fit beside the spectra."""


def draw_preview(path: Path, maps: Path, model: "Unmixer", look: Quicklook) -> None:
    """Draw the scene, all abundance maps, their uncertainty and the endmembers into a PNG file.

    The uncertainty is that of the least certain fraction of each pixel. A shade around a spectrum
    is what the refits found, and the number beside its name is its stability.

    Parameters
    ----------
    path : Path
        The picture.
    maps : Path
        The folder with the rasters ``abundances.tif`` and ``uncertainty.tif``, which are read
        thinned.
    model : Unmixer
        Fitted.
    look : Quicklook
        The scene in colours.
    """
    colours = endmember_colours(model.endmember_names_)
    n_columns = columns_of(len(colours) + 2)
    n_rows = math.ceil((len(colours) + 2) / n_columns)
    height, width = look.picture.shape[:2]
    tall = n_rows * (PANEL * min(max(height / width, 0.3), 2.0) + 0.3)
    figure = Figure(figsize=(PANEL * n_columns + 2.0, tall + SPECTRA), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[tall, SPECTRA])[:, 0]
    grid = above.add_gridspec(n_rows, n_columns)
    places = [grid[k // n_columns, k % n_columns] for k in range(len(colours) + 2)]
    axes = [above.add_subplot(place, xticks=[], yticks=[]) for place in places]
    axes[0].imshow(look.stretched(), **SHARP)
    axes[0].set_title("scene", fontsize=10)
    for k, fractions in enumerate(thinned(maps / "abundances.tif", (height, width))):
        shown = axes[k + 1].imshow(fractions, vmin=0, vmax=1, cmap="viridis", **SHARP)
        axes[k + 1].set_title(plain(model.endmember_names_[k]), fontsize=10, color=colours[k])
    deviation = thinned(maps / "uncertainty.tif", (height, width)).max(axis=0)
    doubtful = axes[-1].imshow(deviation, vmin=0, cmap="magma", **SHARP)
    axes[-1].set_title("uncertainty", fontsize=10)
    beside = {"ax": axes, "shrink": 0.8, "aspect": 25, "pad": 0.01}
    above.colorbar(shown, label="fraction of the pixel", **beside)
    above.colorbar(doubtful, label="uncertainty: largest sd of a fraction", **beside)
    _draw_spectra(below.add_subplot(), model, colours)
    with warnings.catch_warnings():
        ignore_missing_letters()
        canvas.print_figure(path, format="png", dpi=110)


def ignore_missing_letters() -> None:
    """Do not warn of letters that the font lacks: they are drawn as boxes."""
    warnings.filterwarnings("ignore", r"Glyph \d+ .* missing", UserWarning)


def plain(name: str) -> str:
    r"""A name as matplotlib shows it as it stands: no formula, and in the legend.

    Examples
    --------
    >>> plain("_5$ sand")
    ' _5\\$ sand'
    """
    return (f" {name}" if name.startswith("_") else name).replace("$", r"\$")


def columns_of(n_panels: int) -> int:
    """Columns that leave the fewest places of a grid empty; the more of two that are alike.

    Examples
    --------
    >>> [columns_of(n) for n in (4, 5, 6, 8, 14)]
    [4, 5, 3, 4, 5]
    """
    return min((5, 4, 3), key=lambda n_columns: -n_panels % n_columns)


def endmember_colours(names: Sequence[str]) -> list[tuple[float, float, float]]:
    """One colour for each endmember, the same in every picture."""
    return [(c.red / 255, c.green / 255, c.blue / 255) for c in colours_for(names)]


def _draw_spectra(axis: Axes, model: "Unmixer", colours: list[tuple[float, float, float]]) -> None:
    lines = Lines.along(model.wavelengths_nm_, model.n_features_in_)
    x, broken = lines.broken(lines.x), lines.broken
    found = np.concatenate([model.endmembers_[None], model.endmember_samples_])[:, :, lines.order]
    lowest, highest = found.min(axis=0), found.max(axis=0)
    for k, stability in enumerate(model.stability_):
        name, spectrum = plain(model.endmember_names_[k]), found[0, k]
        label = name if np.isnan(stability) else f"{name} ({stability:.2f})"
        axis.plot(x, broken(spectrum), color=colours[k], lw=1.4, label=label)
        low, high = broken(lowest[k]), broken(highest[k])
        axis.fill_between(x, low, high, color=colours[k], alpha=0.2, lw=0)
    axis.set_xlabel(lines.title)
    axis.set_ylabel(model.unit_)
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.25)
    title = "endmember (stability)" if len(found) > 1 else None
    axis.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),  # beside the spectra, which it would cover
        borderaxespad=0.3,
        ncols=math.ceil(len(colours) / LEGEND_ROWS),
        fontsize=8,
        title=title,
        title_fontsize=8,
    )
