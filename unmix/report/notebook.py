"""A result as a notebook shows it: a card with small maps."""

from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.export.colour import colours_for
from unmix.report.page import template
from unmix.report.panels import abundance_alt
from unmix.report.pictures import map_picture
from unmix.report.words import count_text

if TYPE_CHECKING:
    from unmix.pipeline import Unmixing

MOST_PIXELS = 100_000
"""Of a scene whose maps are computed to be shown, which takes a second or two."""
LONGEST_SIDE = 160


def notebook_card(result: "Unmixing") -> str:
    """HTML of a result: its materials, with their maps if the scene is small.

    Parameters
    ----------
    result : Unmixing
        Nothing of it is changed or kept; maps of a small scene are computed to be shown.
    """
    scene, model = result.scene, result.model
    shown = _maps(result) if scene.height * scene.width <= MOST_PIXELS else {}
    colours = colours_for(model.endmember_names_)
    endmembers = [
        {"name": name, "colour": colours[k].hex, "picture": None, "mean": None, **shown.get(k, {})}
        for k, name in enumerate(model.endmember_names_)
    ]
    return template("card.html").render(
        name=scene.name,
        size=f"{count_text(scene.width)} by {count_text(scene.height)} pixels",
        notes=result.notes,
        endmembers=endmembers,
        hint="Fractions from 0 (dark) to 1 (bright). `save` writes maps and report."
        if shown
        else "A large scene: `save` computes its maps and writes them with a report.",
    )


def _maps(result: "Unmixing") -> dict[int, dict[str, Any]]:
    """Pictures of all abundance maps."""
    maps = result.abundances()
    step = max(1, -(-max(maps.shape[1:]) // LONGEST_SIDE))
    shown = {}
    for k, values in enumerate(maps):
        known = values[np.isfinite(values)]
        shown[k] = {
            "picture": map_picture(values[::step, ::step], 0, 1, "viridis")[0],
            "alt": abundance_alt(result.model.endmember_names_[k], values),
            "mean": float(known.mean()) if known.size else None,
        }
    return shown
