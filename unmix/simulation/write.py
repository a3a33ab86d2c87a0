"""Simulated scenes on disk: ENVI files or GeoTIFFs like real products, with the truth beside."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from scenes.bands import Bands
from scenes.export.cog import CogWriter
from scenes.export.envi import EnviWriter
from scenes.export.geotiff import GeoTiffWriter
from scenes.export.staging import Staging
from scenes.grid import Grid
from scenes.library import SpectralLibrary
from unmix.errors import OutputError, UnmixError
from unmix.simulation.files import TIFF_SUFFIXES, WrittenScene, scene_files
from unmix.simulation.noise import Field
from unmix.simulation.simulate import Simulation
from unmix.simulation.truth import TargetRecord

Progress = Callable[[int, int], None]
"""Called with the number of rows done and the number of rows."""

Interleave = Literal["bil", "bsq", "bip"]

NODATA = -9999
REFLECTANCE_ONE = 10_000
"""The number that means reflectance 1 in an int16 scene."""

_STRIP_BYTES = 32 * 2**20
_RGB_NM = (640.0, 550.0, 470.0)


def write_simulated_scene(
    simulation: Simulation,
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
    simulation : Simulation
        What to write.
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
    simulation: Simulation,
    files: WrittenScene,
    dtype: str,
    interleave: Interleave,
    progress: Progress | None,
) -> None:
    """Write every file where `files` says."""
    grid = _grid(simulation)
    scene = _scene_writer(simulation, files.scene, grid, dtype, interleave)
    truth = CogWriter(files.truth, grid, simulation.names, units="fraction", nodata=NODATA)
    with scene, truth:
        n_rows = _strip_rows(simulation, files.scene)
        for row in range(0, simulation.height, n_rows):
            height = min(n_rows, simulation.height - row)
            numbers, abundances = _strip(simulation, row, height, dtype)
            scene.write(row, 0, numbers)
            truth.write(row, 0, abundances)
            if progress is not None:
                progress(row + height, simulation.height)
    seen = simulation.sensor_bands
    library = SpectralLibrary(
        simulation.names, simulation.endmembers, seen.wavelengths_nm, seen.fwhm_nm
    )
    library.write_sli(files.library)
    library.write_csv(files.table)
    files.settings.write_text(json.dumps(_record(simulation), indent=2) + "\n", encoding="utf-8")


def _grid(simulation: Simulation) -> Grid:
    """Grid of the scene, its rotation included."""
    try:
        crs = None if simulation.epsg is None else CRS.from_epsg(simulation.epsg)
    except CRSError as error:
        raise UnmixError(
            f"`epsg` {simulation.epsg!r} is no known coordinate reference system. Give its EPSG "
            "number, such as 32611 for UTM zone 11 North, or None."
        ) from error
    return Grid(crs, Affine(*simulation.transform), simulation.height, simulation.width)


def _scene_writer(
    simulation: Simulation, path: Path, grid: Grid, dtype: str, interleave: Interleave
) -> EnviWriter | GeoTiffWriter:
    """Open the writer that the suffix asks for."""
    seen = simulation.sensor_bands
    bands = Bands(seen.wavelengths_nm, seen.fwhm_nm, seen.good)
    scale = float(REFLECTANCE_ONE) if dtype == "int16" else None
    if path.suffix.lower() in TIFF_SUFFIXES:
        names = [f"{nm:.1f} nm" for nm in seen.wavelengths_nm]
        return GeoTiffWriter(
            path, grid, names, dtype=dtype, nodata=NODATA, scale=scale, wavelengths=bands
        )
    red_green_blue = [
        int(np.argmin(np.abs(seen.wavelengths_nm - wanted))) + 1 for wanted in _RGB_NM
    ]
    return EnviWriter(
        path,
        grid,
        bands,
        simulation.n_bands,
        dtype=dtype,
        interleave=interleave,
        nodata=NODATA,
        scale=scale,
        metadata={
            "description": f"simulated scene, seed {simulation.seed}, SNR {simulation.snr_db:g} dB",
            "sensor type": seen.name,
            "default bands": red_green_blue,
        },
    )


def _strip_rows(simulation: Simulation, path: Path) -> int:
    """How many rows to write at once: a GeoTIFF compresses each row of tiles once, when whole."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        return GeoTiffWriter.tile_shape[0]
    return max(1, _STRIP_BYTES // (4 * simulation.n_bands * simulation.width))


def _strip(
    simulation: Simulation, row: int, height: int, dtype: str
) -> tuple[NDArray[np.generic], Field]:
    """Some rows of the scene in the numbers of its file, and their true abundances."""
    shape = (height, simulation.width)
    numbers = np.empty((simulation.n_bands, *shape), dtype=dtype)
    abundances = np.empty((len(simulation.names), *shape), dtype=np.float32)
    for block in simulation.blocks(row, height):
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


def _record(simulation: Simulation) -> dict[str, Any]:
    """Describe the simulation in words and numbers that JSON can hold."""
    settings = {field.name: getattr(simulation, field.name) for field in fields(simulation)}
    del settings["targets"]
    settings["materials"] = simulation.names[: len(simulation.materials)]
    settings["sensor"] = simulation.sensor_bands.name
    if np.isinf(simulation.snr_db):
        settings["snr_db"] = None  # JSON has no infinity
    a, b, c, d, e, f = simulation.transform
    targets = []
    for target in simulation.placed_targets:
        row, column = target.centre
        x, y = a * column + b * row + c, d * column + e * row + f
        place = TargetRecord(target.name, target.area_px, row, column, x, y)
        targets.append(place._asdict())
    return {
        "settings": settings,
        "noise_sigma": simulation.noise_sigma,
        "sources": {each.name: each.source for each in simulation.all_materials},
        "targets": targets,
    }
