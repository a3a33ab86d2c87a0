"""The truth beside a simulated scene, for scoring."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes.formats import open_scene
from scenes.library import SpectralLibrary
from unmix.errors import UnmixError
from unmix.simulation.files import scene_files


class TargetRecord(NamedTuple):
    """A target as it lies in a written scene."""

    material: str
    """Name of its material."""
    area_px: float
    """Area in pixels."""
    row: float
    """Centre, counted in pixels from the upper edge of the scene."""
    column: float
    """Centre, counted in pixels from the left edge of the scene."""
    x: float
    """Centre in map coordinates."""
    y: float
    """Centre in map coordinates."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known about a simulated scene."""

    names: tuple[str, ...]
    """Materials."""
    endmembers: NDArray[np.float32]
    """Reflectance, (n_materials, n_bands), on all bands of the scene in file order."""
    abundances: NDArray[np.float32]
    """Abundance maps, (n_materials, height, width), NaN where there are no data."""
    targets: tuple[TargetRecord, ...]
    """Small objects with their places and areas."""


def read_truth(path: str | Path) -> Truth:
    """Read what lies beside a simulated scene.

    Parameters
    ----------
    path : str or Path
        The scene, as it was written.

    Returns
    -------
    Truth

    Raises
    ------
    UnmixError
        If there is no truth beside the scene, or its files do not fit each other.
    """
    files = scene_files(path)
    missing = [
        file.name for file in (files.truth, files.table, files.settings) if not file.exists()
    ]
    if missing:
        raise UnmixError(
            f"{files.scene.name} has no truth beside it: {', '.join(missing)} is missing. "
            "Only scenes written by `unmix simulate` or `unmix demo` have one."
        )
    maps = open_scene(files.truth)
    abundances = maps.read(Window(0, 0, maps.width, maps.height))
    library = SpectralLibrary.read(files.table)
    names = maps.bands.names or ()
    if names != tuple(library.names):
        raise UnmixError(
            f"{files.truth.name} names {', '.join(names) or 'nothing'}, but {files.table.name} "
            f"names {', '.join(library.names)}. They belong to different scenes; simulate again."
        )
    record = json.loads(files.settings.read_text(encoding="utf-8"))
    targets = tuple(TargetRecord(**each) for each in record["targets"])
    return Truth(names, np.asarray(library.spectra, dtype=np.float32), abundances, targets)
