"""From a network to maps of a scene: codes, their uncertainty, and cleaned cubes."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes import Scene
from scenes.acquisition import Acquisition
from scenes.blocks import Block
from scenes.export import EnviWriter
from unmix.bundle.layers import spectral_axis, spectral_names
from unmix.bundle.map_files import MapFile, Maps, write_blocks, write_maps
from unmix.bundle.run import NODATA
from unmix.bundle.tally import Tally
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent
from unmix.metrics import rmse, spectral_angle
from unmix.networks import NetworkReading, NetworkUnmixer

QUALITY = ("residual RMSE", "residual angle", "brightness")

SideRaster = NDArray[np.float32] | None
"""(n_side, height, width) on the grid of the scene."""


def write_network_maps(
    scene: Scene,
    folder: Path,
    model: NetworkUnmixer,
    *,
    side: SideRaster = None,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write ``abundances.tif``, ``quality.tif``, and ``uncertainty.tif`` of networks that know it.

    Parameters
    ----------
    scene, folder, record, progress
        See `unmix.bundle.map_files.write_maps`; the scene on the bands of the network.
    model : NetworkUnmixer
        Fitted.
    side : array, optional

    Returns
    -------
    dict
        The scores of the record.

    Raises
    ------
    UnmixError
        If no pixel could be mapped.
    SceneError
        If the scene cannot be read.
    """
    names = model.endmember_names_
    fractions = model.network_.settings.code == "softmax"
    unit = "fraction" if fractions else "1"
    files = [
        MapFile("abundances", names, units=unit),
        MapFile("quality", QUALITY, units=(scene.unit, "radian", "1")),
    ]
    posterior = model.network_.prior is not None
    if posterior:
        files.append(MapFile("uncertainty", [f"{name} sd" for name in names], units=unit))
    tally = Tally()

    def of_block(block: Block) -> Maps:
        found = read_block(scene, model, block, side)
        quality = _quality(block.spectra, found)
        tally.add(quality[:, 0], found.codes)
        maps = {"abundances": block.to_map(found.codes), "quality": block.to_map(quality)}
        if found.deviation is not None:
            maps["uncertainty"] = block.to_map(found.deviation)
        return maps

    write_maps(scene, folder, files, of_block, record=record, progress=progress)
    rest, *means = tally.means(scene, "could be mapped. Check the mask and the nodata value.")
    return {
        "n_pixels": tally.n_mapped,
        "mean_abundances": dict(zip(names, means, strict=True)),
        "mean_residual_rmse": rest,
    }


def write_denoised(
    scene: Scene,
    folder: Path,
    model: NetworkUnmixer,
    *,
    map_format: Literal["geotiff", "envi"] = "geotiff",
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write the cube as the network explains it: ``denoised.tif``, or ``.img`` and ``.hdr``.

    Parameters
    ----------
    scene, folder, record, progress
        See `unmix.bundle.map_files.write_maps`; the scene on the bands of the network.
    model : NetworkUnmixer
        Fitted.
    map_format : {"geotiff", "envi"}

    Returns
    -------
    dict
        The scores of the record.

    Raises
    ------
    UnmixError
        If an ENVI file is asked for of a scene in sensor geometry, or no pixel could be mapped.
    SceneError
        If the scene cannot be read.
    """
    tally = Tally()

    def of_block(block: Block) -> Maps:
        found = read_block(scene, model, block, None).reconstruction
        tally.add((found - block.spectra).double().square().mean(dim=1))
        return {"denoised": block.to_map(found)}

    if map_format == "envi":
        writer = _envi_writer(scene, folder / "denoised.img")
        write_blocks(scene, {"denoised": writer}, of_block, progress)
    else:
        axis, names = spectral_axis(scene), spectral_names(scene)
        file = MapFile("denoised", names, units=scene.unit, wavelengths=axis)
        write_maps(scene, folder, [file], of_block, record=record, progress=progress)
    (squared,) = tally.means(scene, "could be mapped. Check the mask and the nodata value.")
    return {"n_pixels": tally.n_mapped, "rms_taken_away": math.sqrt(squared)}


def read_block(
    scene: Scene, model: NetworkUnmixer, block: Block, side: SideRaster
) -> NetworkReading:
    """What a network says of the valid pixels of a block.

    Networks that look at the neighbourhood get the pixels around the block too.

    Parameters
    ----------
    scene : Scene
    model : NetworkUnmixer
    block : Block
        Of the scene.
    side : array of shape (n_side, height, width) or None
    """
    valid = torch.from_numpy(block.valid).reshape(-1)
    window, halo = block.window, model.halo_
    if halo == 0:
        inside = None if side is None else _cut(side, window, 0).reshape(len(side), -1).T[valid]
        return model.read(block.spectra, inside)
    cube = with_surroundings(scene, window, halo)
    found = model.read(cube, None if side is None else _cut(side, window, halo), halo=halo)
    return found.of(valid)


def with_surroundings(scene: Scene, window: Window, halo: int) -> NDArray[np.float32]:
    """The cube of a window and the pixels around it, NaN beyond the edges of the scene."""
    top, left = int(window.row_off) - halo, int(window.col_off) - halo
    height, width = int(window.height) + 2 * halo, int(window.width) + 2 * halo
    row, column = max(top, 0), max(left, 0)
    last_row, last_column = min(top + height, scene.height), min(left + width, scene.width)
    inner = scene.read(Window(column, row, last_column - column, last_row - row))
    cube = np.full((scene.n_bands, height, width), np.nan, dtype=np.float32)
    cube[:, row - top : last_row - top, column - left : last_column - left] = inner
    return cube


def _cut(raster: NDArray[np.float32], window: Window, halo: int) -> NDArray[np.float32]:
    """A window of a raster and what is around it, the edge repeated beyond it."""
    rows = np.arange(int(window.height) + 2 * halo) + int(window.row_off) - halo
    columns = np.arange(int(window.width) + 2 * halo) + int(window.col_off) - halo
    rows = rows.clip(0, raster.shape[1] - 1)
    columns = columns.clip(0, raster.shape[2] - 1)
    return raster[:, rows[:, None], columns]


def _quality(spectra: torch.Tensor, found: NetworkReading) -> torch.Tensor:
    """(n_pixels, 3) In the order of `QUALITY`."""
    measured, explained = spectra.double(), found.reconstruction.double()
    angle = spectral_angle(measured, explained)
    rest = rmse(measured, explained, dim=1)
    return torch.stack([rest, angle, found.brightness.double()], dim=1).float()


def _envi_writer(scene: Scene, path: Path) -> EnviWriter:
    """The writer of the cube as an ENVI file on the grid of the scene."""
    if scene.lookup is not None:
        raise UnmixError(
            "`map_format` is 'envi', but the scene lies in the geometry of its sensor. Write a "
            "GeoTIFF, which is brought to the map."
        )
    fields = Acquisition.of(scene.metadata).envi_fields()
    return EnviWriter(
        path,
        scene.grid,
        spectral_axis(scene),
        scene.n_bands,
        nodata=NODATA,
        band_names=spectral_names(scene),
        metadata={"description": f"denoised {scene.name}", **fields},
    )
