"""Maps of fractional cover and its uncertainty."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rasterio.windows import Window

from scenes import Scene
from scenes.blocks import Block
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.styles import DOUBTFUL, write_error_style, write_fraction_style
from unmix.bundle.tally import Tally
from unmix.cover import Cover
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent
from unmix.staging import write_record

_SAME_NM = 1.0  # how far the wavelengths of two files of the same bands may differ


def write_cover(
    scene: Scene,
    folder: Path,
    cover: Cover,
    classes: tuple[str, ...],
    *,
    uncertainty: Scene | None = None,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write fractions, their standard deviations, brightness and RMSE, and the record.

    Parameters
    ----------
    scene, folder, record, progress
        See `unmix.bundle.map_files.write_maps`; the scene on the bands of the cover.
    cover : Cover
    classes : tuple of str
        Names of the classes.
    uncertainty : Scene, optional
        On the same pixels and bands; see `on_bands_of`. A pixel without it gets no cover.

    Returns
    -------
    dict
        The scores of the record: mean fractions, standard deviations and RMSE.

    Raises
    ------
    UnmixError
        If no pixel gets a cover.
    SceneError
        If a scene cannot be read.
    """
    tally = Tally()

    def of_block(block: Block) -> Maps:
        spread = None if uncertainty is None else _pixels(uncertainty, block)
        found = cover.estimate(block.spectra, spread)
        tally.add(found.rmse, found.fractions, found.uncertainty)
        return {
            "fractions": block.to_map(found.fractions),
            "uncertainty": block.to_map(found.uncertainty),
            "brightness": block.to_map(found.brightness),
            "rmse": block.to_map(found.rmse[:, None]),
        }

    files = [
        MapFile("fractions", classes, units="fraction"),
        MapFile("uncertainty", [f"{name} sd" for name in classes], units="fraction"),
        MapFile("brightness", ["brightness", "brightness sd"], units="fraction"),
        MapFile("rmse", ["RMSE"], units=scene.unit),
    ]
    write_maps(scene, folder, files, of_block, record=record, progress=progress)
    n = len(classes)
    rmse, *means = tally.means(
        scene,
        "gets a cover: they are not positive, or their uncertainty is not known. Check the scale, "
        "the nodata value and the file of uncertainties.",
    )
    scores = {
        "n_pixels": tally.n_pixels,
        "n_without_cover": tally.n_pixels - tally.n_mapped,
        "mean_rmse": rmse,
        "mean_fractions": dict(zip(classes, means[:n], strict=True)),
        "mean_uncertainty": dict(zip(classes, means[n:], strict=True)),
    }
    write_fraction_style(folder)
    write_error_style(folder, "uncertainty", DOUBTFUL)
    write_error_style(folder, "rmse", 3 * rmse, scene.unit)
    write_record(folder, {**record, "scores": scores})
    return scores


def on_bands_of(scene: Scene, uncertainty: Scene) -> Scene:
    """Return the uncertainty of a scene on the bands in use there.

    Parameters
    ----------
    scene : Scene
    uncertainty : Scene
        Opened, and cut as the scene was.

    Raises
    ------
    UnmixError
        If it has not the same pixels and bands.
    """
    sizes = [(each.height, each.width, len(each.bands)) for each in (scene, uncertainty)]
    if sizes[0] != sizes[1]:
        raise UnmixError(
            f"{uncertainty.name} has {_size(sizes[1])}, but {scene.name} has {_size(sizes[0])}. "
            "Give the uncertainty of each pixel in each band."
        )
    own, others = scene.bands.wavelengths_nm, uncertainty.bands.wavelengths_nm
    if own is not None and others is not None:
        apart = float(np.abs(own - others).max())
        if not apart <= _SAME_NM:
            raise UnmixError(
                f"the bands of {uncertainty.name} lie up to {apart:.1f} nm from those of "
                f"{scene.name}. Give the uncertainty of each pixel in each band."
            )
    return uncertainty.with_bands(scene.bands_used)


def _size(size: tuple[int, int, int]) -> str:
    return f"{size[0]} x {size[1]} px of {size[2]} bands"


def _pixels(uncertainty: Scene, block: Block) -> torch.Tensor:
    """Of the valid pixels of a block (n_valid, n_bands), NaN where there is none."""
    window: Window = block.window
    return torch.from_numpy(np.ascontiguousarray(uncertainty.read(window)[:, block.valid].T))
