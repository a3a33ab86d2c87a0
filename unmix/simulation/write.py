"""Simulated scenes on disk: ENVI files or GeoTIFFs like real products, with the truth beside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from scenes.export.cog import CogWriter
from scenes.export.envi import EnviWriter
from scenes.export.geotiff import GeoTiffWriter
from scenes.export.staging import Staging
from scenes.library import SpectralLibrary
from unmix.errors import OutputError, UnmixError
from unmix.simulation.contents import SceneContents, simulated_contents
from unmix.simulation.files import TIFF_SUFFIXES, WrittenScene, scene_files
from unmix.simulation.noise import Field
from unmix.simulation.simulate import Simulation

Progress = Callable[[int, int], None]
"""Called with the number of rows done and the number of rows."""

Interleave = Literal["bil", "bsq", "bip"]

NODATA = -9999
REFLECTANCE_ONE = 10_000
"""The number that means reflectance 1 in an int16 scene."""

_STRIP_BYTES = 32 * 2**20
_RGB_NM = (640.0, 550.0, 470.0)


def write_simulated_scene(
    simulation: Simulation | SceneContents,
    path: str | Path,
    *,
    dtype: Literal["int16", "float32"] = "int16",
    interleave: Interleave | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> WrittenScene:
    """Write a simulated scene and its truth, block by block in bounded memory.

    Parameters
    ----------
    simulation : Simulation or SceneContents
        What to write; contents for scenes from elsewhere, see `unmix.simulation.drawn`.
    path : str or Path
        ``.tif`` writes a GeoTIFF; ``.hdr``, ``.img``, ``.dat``, ``.raw``, ``.bin``, ``.bil``,
        ``.bsq`` or ``.bip`` an ENVI pair. The truth lies beside it: ``<stem>_truth.tif``,
        ``<stem>_endmembers.sli`` and ``.csv``, ``<stem>_simulation.json``.
    dtype : "int16" or "float32"
        int16 holds reflectance times 10 000, as products do; float32 reflectance itself. Pixels
        without data hold -9999 in both.
    interleave : "bil", "bsq", "bip" or None
        Order of an ENVI file. None: what the suffix says, else ``bil``.
    overwrite : bool
        Replace files that are already there.
    progress : callable or None
        Called as ``progress(rows_done, n_rows)`` after each block.

    Returns
    -------
    WrittenScene
        Paths of all files. They appear together at the end; after an error there is none.

    Raises
    ------
    UnmixError
        If the suffix or another argument means no format.
    OutputError
        If a file is there already, or cannot be written.
    """
    target = Path(path)
    files = scene_files(target)
    interleave = _interleave_of(target, interleave)
    if dtype not in ("int16", "float32"):
        raise UnmixError(f"`dtype` must be 'int16' or 'float32'. Got {dtype!r} instead.")
    present = [str(file) for file in _all_files(files) if file.exists()]
    if present and not overwrite:
        raise OutputError(
            f"{', '.join(present)} exist(s) already and will not be replaced. "
            "Choose another name, or pass `overwrite`."
        )
    if isinstance(simulation, Simulation):
        simulation = simulated_contents(simulation)
    hidden = ""
    try:
        with Staging(files.scene) as staging:
            hidden = str(staging.file(files.scene).parent)
            staged = WrittenScene(*(staging.file(file) for file in files))
            _write_all(simulation, staged, dtype, interleave, progress)
            staging.move_into_place(_all_files(files))
    except OSError as error:  # SceneFileError is one too
        message = str(error).replace(hidden, str(files.scene.parent)) if hidden else str(error)
        raise OutputError(message) from error
    return files


def _interleave_of(path: Path, wanted: Interleave | None) -> Interleave:
    """Interleave asked for, or said by the suffix, or BIL; refused where the two disagree."""
    said = path.suffix.lower().lstrip(".")
    if said not in ("bil", "bsq", "bip"):
        return wanted or "bil"
    if wanted not in (None, said):
        raise UnmixError(
            f"{path.name!r} says {said}, but `interleave` is {wanted!r}. "
            "Leave `interleave` out, or change the suffix."
        )
    return cast(Interleave, said)


def _all_files(files: WrittenScene) -> list[Path]:
    """Every file of the scene, ENVI headers included, the scene itself last."""
    scene, *others = files
    headers = [files.library.with_suffix(".hdr")]
    if scene.suffix.lower() not in TIFF_SUFFIXES:
        headers.append(scene.with_suffix(".hdr"))
    return [*others, *headers, scene]


def _write_all(
    contents: SceneContents,
    files: WrittenScene,
    dtype: str,
    interleave: Interleave,
    progress: Progress | None,
) -> None:
    """Write every file where `files` says."""
    grid, bands = contents.grid, contents.bands
    scene = _scene_writer(contents, files.scene, dtype, interleave)
    truth = CogWriter(files.truth, grid, contents.names, units="fraction", nodata=NODATA)
    with scene, truth:
        n_rows = _strip_rows(contents, files.scene)
        for row in range(0, grid.height, n_rows):
            height = min(n_rows, grid.height - row)
            numbers, abundances = _strip(contents, row, height, dtype)
            scene.write(row, 0, numbers)
            truth.write(row, 0, abundances)
            if progress is not None:
                progress(row + height, grid.height)
    library = SpectralLibrary(
        contents.names, contents.endmembers, bands.wavelengths_nm, bands.fwhm_nm
    )
    library.write_sli(files.library)
    library.write_csv(files.table)
    files.settings.write_text(json.dumps(contents.record, indent=2) + "\n", encoding="utf-8")


def _scene_writer(
    contents: SceneContents, path: Path, dtype: str, interleave: Interleave
) -> EnviWriter | GeoTiffWriter:
    """Open the writer that the suffix asks for."""
    bands, known = contents.bands, contents.bands.wavelengths_nm
    scale = float(REFLECTANCE_ONE) if dtype == "int16" else None
    if path.suffix.lower() in TIFF_SUFFIXES:
        if known is None:
            names = [f"band {k + 1}" for k in range(len(bands))]
        else:
            names = [f"{nm:.1f} nm" for nm in known]
        return GeoTiffWriter(
            path, contents.grid, names, dtype=dtype, nodata=NODATA, scale=scale, wavelengths=bands
        )
    shown = {}
    if known is not None:
        nearest = [int(np.argmin(np.abs(known - wanted))) + 1 for wanted in _RGB_NM]
        shown = {"default bands": nearest}
    return EnviWriter(
        path,
        contents.grid,
        bands,
        len(bands),
        dtype=dtype,
        interleave=interleave,
        nodata=NODATA,
        scale=scale,
        metadata=contents.metadata | shown,
    )


def _strip_rows(contents: SceneContents, path: Path) -> int:
    """How many rows to write at once: a GeoTIFF compresses each row of tiles once, when whole."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        return GeoTiffWriter.tile_shape[0]
    return max(1, _STRIP_BYTES // (4 * len(contents.bands) * contents.grid.width))


def _strip(
    contents: SceneContents, row: int, height: int, dtype: str
) -> tuple[NDArray[np.generic], Field]:
    """Some rows of the scene in the numbers of its file, and their true abundances."""
    shape = (height, contents.grid.width)
    numbers = np.empty((len(contents.bands), *shape), dtype=dtype)
    abundances = np.empty((len(contents.names), *shape), dtype=np.float32)
    for block in contents.blocks(row, height):
        part = np.s_[:, block.row - row : block.row - row + block.cube.shape[1]]
        if dtype == "int16":
            _scale_to_int16(block.cube)
        block.cube[:, np.isnan(block.abundances[0])] = NODATA
        numbers[part] = block.cube
        abundances[part] = block.abundances
    return numbers, abundances


def _scale_to_int16(cube: Field) -> None:
    """Turn reflectance into the whole numbers of the file, in place."""
    cube *= np.float32(REFLECTANCE_ONE)
    np.rint(cube, out=cube)
    np.clip(cube, NODATA + 1, np.iinfo(np.int16).max, out=cube)  # -9999 is kept for no data
