"""What a bundle holds, read for a page: its record, its model and its maps in a small size."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenes import Grid
from scenes.acquisition import Acquisition
from unmix.errors import UnmixError, counted
from unmix.report.rasters import opened, thinned
from unmix.staging import RECORD_NAME

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

LONGEST_SIDE = 600
"""Pixels along the longer side of a map in the page."""
MOST_PIXELS = 5_000_000
"""Of all maps of a page together: 1.5 MB, or 4.5 MB of pure noise; many maps are smaller each."""
N_OTHER_MAPS = 6
MAPS = ("abundances", "uncertainty", "quality")


@dataclass(frozen=True)
class Contents:
    """A bundle as far as a page shows it."""

    folder: Path
    record: dict[str, Any]
    """What stands in ``run.json``."""
    model: "Unmixer"
    grid: Grid
    """Of the maps in full size."""
    acquisition: Acquisition
    """When and by what the scene was taken."""
    abundances: NDArray[np.float32]
    """(n_endmembers, height, width) thinned, NaN where there are none."""
    uncertainty: NDArray[np.float32]
    """The same shape."""
    quality: NDArray[np.float32]
    """(4, height, width), see `unmix.quality.QUALITY_BANDS`."""

    @property
    def names(self) -> list[str]:
        """Of the endmembers."""
        return self.model.endmember_names_


def read_record(folder: Path) -> dict[str, Any]:
    """The record of the run that wrote a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict

    Raises
    ------
    UnmixError
        If the folder is not the result of a run.
    """
    path = folder / RECORD_NAME
    if not path.is_file():
        raise UnmixError(
            f"{folder} is not the result of a run: {RECORD_NAME} is missing. Name the folder that "
            "`unmix run` or `unmix apply` wrote."
        )
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnmixError(f"{path} is no JSON ({error}). Run `unmix run` again.") from error
    if not isinstance(record, dict) or not {"input", "model"} <= record.keys():
        raise UnmixError(f"{path} does not describe a run. Name the folder of one.")
    return record


def read_contents(folder: Path) -> Contents:
    """Read what a page shows of a bundle.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Contents

    Raises
    ------
    UnmixError
        If the folder is not the result of a run, or not whole.
    """
    from unmix.unmixer import Unmixer  # here, since it loads torch

    record = read_record(folder)
    paths = [folder / f"{name}.tif" for name in MAPS]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise UnmixError(
            f"{folder} lacks {' and '.join(missing)}. Restore them, or run `unmix run` again."
        )
    grid, acquisition = read_grid(paths[0]), _acquisition(paths[0])
    model = Unmixer.load(folder / "model")
    shape = thinned_shape(grid, len(model.endmember_names_) + N_OTHER_MAPS)
    maps = [thinned(path, shape) for path in paths]
    if len(maps[0]) != len(model.endmember_names_):
        raise UnmixError(
            f"{paths[0]} has {counted(len(maps[0]), 'band')}, but the model beside it "
            f"{len(model.endmember_names_)} endmembers: they are of different runs."
        )
    return Contents(folder, record, model, grid, acquisition, *maps)


def read_grid(path: Path) -> Grid:
    """Where the pixels of a raster lie."""
    with opened(path) as dataset:
        return Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)


def _acquisition(path: Path) -> Acquisition:
    with opened(path) as dataset:
        return Acquisition.of(dataset.tags(ns="IMAGERY"))


def thinned_shape(grid: Grid, n_maps: int) -> tuple[int, int]:
    """Height and width of the maps in a page with so many of them.

    Examples
    --------
    >>> from affine import Affine
    >>> thinned_shape(Grid(None, Affine.identity(), 3000, 1500), 10)
    (600, 300)
    """
    longest = max(grid.shape)
    step = max(1.0, longest / LONGEST_SIDE)
    step = max(step, math.sqrt(n_maps * grid.height * grid.width / MOST_PIXELS))
    return max(1, round(grid.height / step)), max(1, round(grid.width / step))
