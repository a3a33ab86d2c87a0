"""Small cards that notebooks show for a scene or a library; nothing is read for them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenes.bands import BoolArray, range_text
from scenes.errors import counted

if TYPE_CHECKING:
    from scenes.library import SpectralLibrary
    from scenes.scene import Scene

_MOST_SPECTRA = 12
_WIDTH, _HEIGHT = 120, 24
"""Of the line of a spectrum, in pixels."""


def scene_card(scene: Scene, valid: BoolArray | None = None) -> str:
    """Write a table in HTML: grid, bands, unit, and what is known of the mask.

    Parameters
    ----------
    scene : Scene
    valid : bool array of shape (height, width), optional
        Which pixels are valid, if that was read already.
    """
    rows = {
        "Grid": _grid_text(scene),
        "Bands": _bands_text(scene),
        "Unit": scene.unit,
        "Valid": _mask_text(scene, valid),
    }
    return _table(scene.name, [(name, escape(text)) for name, text in rows.items()])


def library_card(library: SpectralLibrary) -> str:
    """Write a table in HTML: the first spectra by name, each with a small line of its shape.

    Parameters
    ----------
    library : SpectralLibrary
    """
    classes = library.classes
    rows = []
    for k in range(min(len(library), _MOST_SPECTRA)):
        told = "" if classes is None else f" <small>{escape(classes[k])}</small>"
        rows.append((escape(library.names[k]) + told, _line(library.spectra[k])))
    if len(library) > _MOST_SPECTRA:
        rows.append((f"and {len(library) - _MOST_SPECTRA} more", ""))
    return _table(repr(library), rows)


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A table of what is HTML already, under a title that is not."""
    lines = "".join(
        f"<tr><th style='text-align:left'>{name}</th><td style='text-align:left'>{text}</td></tr>"
        for name, text in rows
    )
    caption = f"<caption style='text-align:left'><b>{escape(title)}</b></caption>"
    return f"<table>{caption}<tbody>{lines}</tbody></table>"


def _line(spectrum: NDArray[np.floating[Any]]) -> str:
    """A spectrum, band by band from its lowest to its highest value, as a line in SVG."""
    values = np.asarray(spectrum, dtype=np.float64)
    known = np.isfinite(values)
    if not known.any():
        return "no values"
    low, high = float(values[known].min()), float(values[known].max())
    x = np.linspace(1, _WIDTH - 1, len(values))
    y = 1 + (_HEIGHT - 2) * (high - values) / (high - low if high > low else 1.0)
    breaks = np.flatnonzero(np.diff(known)) + 1
    pieces = [part for part in np.split(np.arange(len(values)), breaks) if known[part[0]]]
    points = (" ".join(f"{x[i]:.4g},{y[i]:.4g}" for i in part) for part in pieces)
    lines = "".join(f"<polyline points='{part}'/>" for part in points)
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' fill='none' stroke='currentColor' role='img' "
        f"aria-label='from {low:.3g} to {high:.3g}'>{lines}</svg>"
    )


def _grid_text(scene: Scene) -> str:
    grid = scene.grid
    size = f"{grid.height} x {grid.width} px, {grid.crs_name}"
    if scene.lookup is None:
        return size
    on_map = scene.lookup.grid
    return f"{size}; onto {on_map.height} x {on_map.width} px, {on_map.crs_name}, by a table"


def _bands_text(scene: Scene) -> str:
    n_bands = len(scene.bands)
    count = counted(n_bands, "band")
    if scene.n_bands != n_bands:
        count = f"{scene.n_bands} of {count}"
    return f"{count}, {range_text(scene.wavelengths_nm) or 'no wavelengths'}"


def _mask_text(scene: Scene, valid: BoolArray | None) -> str:
    """How many pixels are valid, if that is known, and what makes others invalid."""
    scaling = scene.source.scaling
    rules = {"nodata": scaling.nodata, "padding": scaling.padding, "saturated": scaling.saturation}
    parts = [f"{name} {value:g}" for name, value in rules.items() if value is not None]
    parts += ["a mask"] if scene.source.mask is not None else []
    without = f"without {', '.join(parts)}" if parts else "all finite numbers"
    return without if valid is None else f"{int(valid.sum())} px, {without}"
