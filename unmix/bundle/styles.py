"""QGIS styles of the rasters of a bundle."""

from pathlib import Path

from scenes.export.colour import WHITE, Colour
from scenes.export.derived import statistics
from scenes.export.qml import class_style, ramp_style, rgb_style, write_style
from unmix.bundle.classes import classes_of
from unmix.bundle.pictures import SPLIT_FOLDER, stretch_of
from unmix.bundle.run import Run
from unmix.bundle.summary import Summary

_CERTAIN_TO_DOUBTFUL = (Colour(255, 255, 255), Colour(252, 141, 89), Colour(127, 0, 0))
_DOUBTFUL = 0.2  # standard deviation of a fraction, from which on a pixel is as red as can be
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
        "uncertainty": ramp_style(0, _DOUBTFUL, _CERTAIN_TO_DOUBTFUL),
        "quality": ramp_style(
            0, max(2 * usual, usual + 3 * spread), _CERTAIN_TO_DOUBTFUL, label=run.scene.unit
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
