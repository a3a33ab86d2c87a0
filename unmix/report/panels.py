"""The maps of a page: pictures with their colour bars and with what they show in words."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenes.export.colour import Colour
from unmix.report.contents import Contents
from unmix.report.pictures import ColourBar, Picture, dominant_picture, map_picture
from unmix.report.rasters import thinned
from unmix.report.words import region_of, short, stability_text

ABUNDANCE_MAP = "viridis"
RESIDUAL_MAP = "magma"
OTHER_MAP = "cividis"


class EndmemberPanel(NamedTuple):
    """An endmember: its map and what is known of it."""

    number: int
    name: str
    colour: str
    picture: Picture
    bar: ColourBar
    alt: str
    mean: float | None
    deviation: float | None
    stability: float | None
    stability_text: str
    n_members: int | None


class MapPanel(NamedTuple):
    """A map of quality."""

    key: str
    title: str
    unit: str
    text: str
    picture: Picture
    bar: ColourBar
    alt: str


def endmember_panels(contents: Contents, colours: Sequence[Colour]) -> list[EndmemberPanel]:
    """Abundance maps, all with colours from 0 to 1.

    Parameters
    ----------
    contents : Contents
    colours : sequence of Colour
        One for each endmember.
    """
    scores, model = contents.record.get("scores", {}), contents.record["model"]
    n = len(contents.names)
    means = scores.get("mean_abundances", [None] * n)
    deviations = scores.get("mean_uncertainty", [None] * n)
    stability, members = model.get("stability", [None] * n), model.get("n_members", [None] * n)
    panels = []
    for k, (name, values) in enumerate(zip(contents.names, contents.abundances, strict=True)):
        picture, bar = map_picture(values, 0, 1, ABUNDANCE_MAP)
        panels.append(
            EndmemberPanel(
                number=k,
                name=name,
                colour=colours[k].hex,
                picture=picture,
                bar=bar,
                alt=abundance_alt(name, values),
                mean=means[k],
                deviation=deviations[k],
                stability=stability[k],
                stability_text=stability_text(stability[k]),
                n_members=members[k],
            )
        )
    return panels


def quality_panels(contents: Contents) -> list[MapPanel]:
    """What says how far to trust the maps: residual, uncertainty, constraints, brightness."""
    residual, _, brightness, outside = contents.quality
    with np.errstate(invalid="ignore"):
        deviation = contents.uncertainty.max(axis=0)
    low, high = _range(brightness, 0.01, 0.99)
    return [
        _panel("residual", residual, (0.0, _range(residual, 0, 0.99)[1]), RESIDUAL_MAP,
               ("Residual", contents.model.unit_, "What the best mixture of the endmembers leaves "
                "unexplained. Bright places hold something the endmembers do not.")),
        _panel("uncertainty", deviation, (0.0, _range(deviation, 0, 0.99)[1]), RESIDUAL_MAP,
               ("Uncertainty", "fraction", "Standard deviation of the least certain fraction of "
                "each pixel.")),
        _panel("outside", outside, (0.0, 1.0), OTHER_MAP,
               ("Impossible without constraints", "share of the endmembers", "For how many of the "
                "endmembers a fit without constraints gives a fraction below 0 or above 1.")),
        _panel("brightness", brightness, (low, high), OTHER_MAP,
               ("Brightness", "1 = as the endmembers", "Light and shade, which the fractions are "
                "free of. Half as bright is 0.5.")),
    ]  # fmt: skip


def scene_pictures(contents: Contents, colours: Sequence[Colour]) -> dict[str, Picture | None]:
    """The scene in colours, if the bundle has it, and the material that prevails."""
    return {
        "scene": _quicklook(contents),
        "dominant": dominant_picture(contents.abundances, colours),
    }


def _quicklook(contents: Contents) -> Picture | None:
    path = contents.folder / "quicklook.tif"
    if not path.is_file():
        return None
    colours = thinned(path, contents.abundances.shape[1:])
    opacity = np.where(np.isfinite(colours).all(axis=0), 255.0, 0.0)[None]
    shown = np.concatenate([np.nan_to_num(colours), opacity]).astype(np.uint8)
    return Picture.of(np.ascontiguousarray(shown.transpose(1, 2, 0)))


def _panel(
    key: str,
    values: NDArray[np.float32],
    limits: tuple[float, float],
    colormap: str,
    texts: tuple[str, str, str],
) -> MapPanel:
    title, unit, text = texts
    picture, bar = map_picture(values, *limits, colormap)
    known = values[np.isfinite(values)]
    middle = short(float(np.median(known))) if known.size else "not known"
    alt = f"Map of the {title.lower()}: median {middle} ({unit}), highest {region_of(values)}."
    return MapPanel(key, title, unit, text, picture, bar, alt)


def _range(values: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """Quantiles of what is known."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    first, last = (float(q) for q in np.quantile(known, (low, high)))
    return first, max(last, first + 1e-9)


def abundance_alt(name: str, values: NDArray[np.float32]) -> str:
    """What a map of fractions (height, width) shows, for who does not see it."""
    known = values[np.isfinite(values)]
    if not known.size:
        return f"Map of the fraction of {name}: no data."
    most = 100 * float((known > 0.5).mean())
    return (
        f"Map of the fraction of {name}: on average {known.mean():.2f}, highest "
        f"{region_of(values)}, more than half of {most:.0f} % of the pixels."
    )
