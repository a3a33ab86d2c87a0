"""Maps of multiple endmember spectral mixture analysis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scenes import Scene
from scenes.blocks import Block
from scenes.export.colour import Colour
from scenes.export.qml import class_style, ramp_style, write_style
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.styles import write_error_style, write_fraction_style
from unmix.bundle.tally import Tally
from unmix.mapping import Progress, silent
from unmix.mesma import Bundles, Mesma
from unmix.staging import write_record

NO_LEVEL = 255
"""Nodata of ``level.tif``; 0 is a valid pixel that no model explains."""
_LEVEL_COLOURS = {
    0: Colour(128, 128, 128),
    2: Colour(255, 255, 204),
    3: Colour(161, 218, 180),
    4: Colour(65, 182, 196),
    5: Colour(34, 94, 168),
}
_DARK = (Colour(255, 255, 255), Colour(0, 0, 0))


def write_mesma(
    scene: Scene,
    folder: Path,
    models: Mesma,
    bundles: Bundles,
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write fractions, shade, RMSE, level and spectra of each pixel's mixture, and the record.

    Parameters
    ----------
    scene, folder, record, progress
        See `unmix.bundle.map_files.write_maps`; the scene on the bands of the models.
    models : Mesma
    bundles : Bundles
        That the models were made of.

    Returns
    -------
    dict
        The scores of the record: pixels of each level, mean RMSE and mean fractions.

    Raises
    ------
    UnmixError
        If no pixel has a model.
    SceneError
        If the scene cannot be read.
    """
    tally, levels = Tally(), np.zeros(6, dtype=np.int64)
    numbers = torch.tensor(bundles.numbers)

    def of_block(block: Block) -> Maps:
        found = models.unmix(block.spectra)
        tally.add(found.rmse, found.without_shade)
        levels[:] += np.bincount(found.level.numpy(), minlength=6)
        spectra = torch.where(found.members < 0, -1, numbers[found.members.clamp(min=0)])
        return {
            "fractions": block.to_map(found.without_shade),
            "shade": block.to_map(found.shade[:, None]),
            "rmse": block.to_map(found.rmse[:, None]),
            "level": block.to_map(found.level[:, None]),
            "spectra": block.to_map(spectra),
        }

    files = _files(bundles.classes, scene.unit)
    write_maps(scene, folder, files, of_block, record=record, progress=progress)
    rmse, *means = tally.means(
        scene,
        "has a model within its limits. Check that scene and library are both reflectance from "
        f"0 to 1, or allow more than a `max_rmse` of {models.settings.max_rmse:g}.",
    )
    scores = {
        "n_pixels": tally.n_pixels,
        "n_without_model": int(levels[0]),
        "n_of_level": {str(level): n for level, n in enumerate(levels.tolist()) if level and n},
        "mean_rmse": rmse,
        "mean_fractions": dict(zip(bundles.classes, means, strict=True)),
    }
    write_fraction_style(folder)
    write_error_style(folder, "rmse", models.settings.max_rmse, scene.unit)
    write_style(folder / "shade.tif", ramp_style(0, 1, _DARK))
    write_style(folder / "level.tif", class_style(_levels()))
    write_record(folder, {**record, "scores": scores})
    return scores


def _files(classes: tuple[str, ...], unit: str) -> list[MapFile]:
    levels = _levels()
    return [
        MapFile("fractions", classes, units="fraction"),
        MapFile("shade", ["shade"], units="fraction"),
        MapFile("rmse", ["RMSE"], units=unit),
        MapFile(
            "level",
            ["endmembers, shade among them"],
            dtype="uint8",
            nodata=NO_LEVEL,
            overviews="mode",
            colormap={level: colour for level, (_, colour) in levels.items()},
            class_names={level: name for level, (name, _) in levels.items()},
        ),
        MapFile("spectra", classes, dtype="int32", overviews="nearest"),
    ]


def _levels() -> dict[int, tuple[str, Colour]]:
    """Name and colour of each value of ``level.tif``."""
    names = {0: "no model", 2: "1 class and shade"}
    names |= {level: f"{level - 1} classes and shade" for level in (3, 4, 5)}
    return {level: (names[level], colour) for level, colour in _LEVEL_COLOURS.items()}
