"""A small card that notebooks show for a scene; nothing is read for it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from scenes.bands import BoolArray, count_text, range_text

if TYPE_CHECKING:
    from scenes.scene import Scene


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
    lines = "".join(
        f"<tr><th style='text-align:left'>{name}</th>"
        f"<td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    caption = f"<caption style='text-align:left'><b>{escape(scene.name)}</b></caption>"
    return f"<table>{caption}<tbody>{lines}</tbody></table>"


def _grid_text(scene: Scene) -> str:
    grid = scene.grid
    size = f"{grid.height} x {grid.width} px, {grid.crs_name}"
    if scene.lookup is None:
        return size
    on_map = scene.lookup.grid
    return f"{size}; onto {on_map.height} x {on_map.width} px, {on_map.crs_name}, by a table"


def _bands_text(scene: Scene) -> str:
    n_bands = len(scene.bands)
    count = count_text(n_bands)
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
