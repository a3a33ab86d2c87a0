"""QGIS styles of the rasters of a bundle, and of the maps of other commands."""

import math
from pathlib import Path

from scenes.export.colour import WHITE, Colour, distinct_colours
from scenes.export.derived import statistics
from scenes.export.qml import class_style, ramp_style, rgb_style, write_style
from unmix.bundle.classes import classes_of
from unmix.bundle.pictures import SPLIT_FOLDER, stretch_of
from unmix.bundle.run import Run
from unmix.bundle.summary import Summary

DOUBTFUL = 0.2
"""Standard deviation of a fraction, from which on a pixel is as red as can be."""
_GOOD_TO_BAD = (WHITE, Colour(252, 141, 89), Colour(127, 0, 0))
_BYTES = ((1.0,) * 3, (255.0,) * 3)


def write_styles(run: Run, folder: Path, summary: Summary) -> None:
    """Write a style beside every raster: fractions from 0 to 1, so that layers compare.

    Parameters
    ----------
    run : Run
    folder : Path
        With all rasters.
    summary : Summary
        Of all blocks.
    """
    classes = classes_of(run.model.endmember_names_)
    ramps = [ramp_style(0, 1, (WHITE, colour)) for _, colour in classes.values()]
    found = statistics(folder / "quality.tif")  # of the residual RMSE
    usual, spread = max(found.get("mean", 0.0), 1e-6), found.get("stddev", 0.0)
    styles = {
        "abundances": ramps[0],
        "uncertainty": ramp_style(0, DOUBTFUL, _GOOD_TO_BAD),
        "quality": ramp_style(
            0, max(2 * usual, usual + 3 * spread), _GOOD_TO_BAD, label=run.scene.unit
        ),
        "dominant": class_style(classes),
        "composite": rgb_style(*_BYTES),
        "quicklook": rgb_style(*_BYTES),
    }
    low, high = stretch_of(summary.look).tolist()
    shown = [band + 1 for band in summary.look.bands]
    cubes = {
        "reconstruction": rgb_style(low, high, shown),
        "residuals": rgb_style((-3 * usual,) * 3, (3 * usual,) * 3, shown),
    }
    for name, style in (styles | cubes).items():
        if (folder / f"{name}.tif").exists():
            write_style(folder / f"{name}.tif", style)
    for raster, style in zip(sorted((folder / SPLIT_FOLDER).glob("*.tif")), ramps, strict=False):
        write_style(raster, style)


def write_fraction_style(folder: Path) -> None:
    """Write the style of ``fractions.tif``: its first band, from 0 to 1."""
    write_style(folder / "fractions.tif", ramp_style(0, 1, (WHITE, distinct_colours(1)[0])))


def write_error_style(folder: Path, name: str, largest: float, unit: str = "") -> None:
    """Write the style of a map of what is the worse the larger it is."""
    top = largest if math.isfinite(largest) and largest > 0 else 1.0
    write_style(folder / f"{name}.tif", ramp_style(0, top, _GOOD_TO_BAD, label=unit))
