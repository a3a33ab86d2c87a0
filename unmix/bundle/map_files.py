"""Any maps of a scene, written in one pass over it: named, in place, in bounded memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scenes import Bands, Scene
from scenes.acquisition import Acquisition
from scenes.blocks import Block
from scenes.export import CogWriter, EnviWriter
from scenes.export.cog import Channels
from scenes.export.orthorectify import OrthoWriter
from scenes.export.together import together
from unmix.bundle.run import NODATA, TAG_NAMESPACE, map_grid_of
from unmix.mapping import Progress, silent, worked_blocks

Maps = Mapping[str, NDArray[np.float32]]
"""By the name of their file: (n_bands, height, width) of a block, NaN where there is no value."""


@dataclass(frozen=True)
class MapFile:
    """A raster to be written; fields as in `scenes.export.CogWriter`."""

    name: str
    """Of the file, without its ending."""
    band_names: Sequence[str]
    units: str | Sequence[str] = ""
    dtype: str = "float32"
    nodata: float = NODATA
    overviews: Literal["average", "mode", "nearest"] = "average"
    colormap: Mapping[int, Channels] | None = None
    class_names: Mapping[int, str] | None = None
    wavelengths: Bands | None = None


def write_maps(
    scene: Scene,
    folder: Path,
    files: Sequence[MapFile],
    of_block: Callable[[Block], Maps],
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> None:
    """Write maps of a scene on its grid, or on the map of its lookup table.

    The next block is read and the one before it worked on while one is written.

    Parameters
    ----------
    scene : Scene
    folder : Path
        Where ``<name>.tif`` appear, each a COG; see `unmix.staging.staged_folder`.
    files : sequence of MapFile
    of_block : callable
        From a block to the maps of all files.
    record : mapping
        Where the maps come from, kept in the tags of each file as JSON.
    progress : callable

    Raises
    ------
    SceneError
        If the scene cannot be read, or a value does not fit a file's type.
    SceneFileError
        If a file cannot be written, most often because the disk is full.
    """
    writers = {file.name: _writer(scene, folder, file, record) for file in files}
    write_blocks(scene, writers, of_block, progress)


def write_blocks(
    scene: Scene,
    writers: Mapping[str, CogWriter | EnviWriter | OrthoWriter],
    of_block: Callable[[Block], Maps],
    progress: Progress,
) -> None:
    """Let writers, by the names of their maps, write all blocks of a scene; see `write_maps`."""
    total, done = scene.height * scene.width, 0
    progress("mapping", 0.0)
    with together(list(writers.values())):
        for window, maps in worked_blocks(scene, lambda block: (block.window, of_block(block))):
            for name, writer in writers.items():
                writer.write(window.row_off, window.col_off, maps[name])
            done += window.height * window.width
            progress("mapping", done / total)


def _writer(
    scene: Scene, folder: Path, file: MapFile, record: Mapping[str, Any]
) -> CogWriter | OrthoWriter:
    writer = CogWriter(
        folder / f"{file.name}.tif",
        map_grid_of(scene),
        file.band_names,
        units=file.units,
        dtype=file.dtype,
        nodata=file.nodata,
        overviews=file.overviews,
        colormap=file.colormap,
        class_names=file.class_names,
        wavelengths=file.wavelengths,
        tags={"run": json.dumps(dict(record))},
        namespace=TAG_NAMESPACE,
        software=f"unmix {version('unmix')}",
        acquisition=Acquisition.of(scene.metadata),
    )
    return writer if scene.lookup is None else OrthoWriter(writer, scene.lookup)
