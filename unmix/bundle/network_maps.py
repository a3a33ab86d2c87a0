"""From a network to maps of a scene: codes, their uncertainty, and cleaned cubes."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes import Bands, Scene, SpectralLibrary
from scenes.acquisition import Acquisition
from scenes.blocks import Block
from scenes.export import EnviWriter
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.run import NODATA
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent, worked_blocks
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
    scene : Scene
        On the bands of the network.
    folder : Path
        Empty; see `unmix.staging.staged_folder`.
    model : NetworkUnmixer
        Fitted.
    side : array, optional
    record : mapping
        Where the maps come from; kept in their tags too.
    progress : callable

    Returns
    -------
    dict
        The scores of the record.
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
    sums = np.zeros(1 + len(names) + 1)

    def of_block(block: Block) -> Maps:
        found = read_block(scene, model, block, side)
        quality = _quality(block.spectra, found)
        codes = found.codes.double()
        known = codes.isfinite().all(dim=1)
        sums[0] += int(known.sum())
        sums[1:-1] += codes[known].sum(dim=0).numpy()
        sums[-1] += float(quality[known, 0].double().sum())
        maps = {"abundances": block.to_map(found.codes), "quality": block.to_map(quality)}
        if found.deviation is not None:
            maps["uncertainty"] = block.to_map(found.deviation)
        return maps

    write_maps(scene, folder, files, of_block, record=dict(record), progress=progress)
    if sums[0] == 0:
        raise UnmixError(f"{scene.name} has no pixel that could be mapped. Check mask and nodata.")
    means = sums / sums[0]
    return {
        "n_pixels": int(sums[0]),
        "mean_abundances": dict(zip(names, means[1:-1].tolist(), strict=True)),
        "mean_residual_rmse": float(means[-1]),
    }


def write_endmembers(folder: Path, model: NetworkUnmixer) -> None:
    """Write ``endmembers.sli`` and ``endmembers.csv``."""
    library = SpectralLibrary(
        names=tuple(model.endmember_names_),
        spectra=model.endmembers_,
        wavelengths_nm=model.wavelengths_nm_,
        fwhm_nm=model.fwhm_nm_,
    )
    library.write_sli(folder / "endmembers.sli")
    library.write_csv(folder / "endmembers.csv")


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
    scene : Scene
        On the bands of the network.
    folder : Path
        Empty; see `unmix.staging.staged_folder`.
    model : NetworkUnmixer
        Fitted.
    map_format : {"geotiff", "envi"}
    record : mapping
        Where the cube comes from.
    progress : callable

    Returns
    -------
    dict
        The scores of the record.

    Raises
    ------
    UnmixError
        If an ENVI file is asked for of a scene in sensor geometry.
    """
    axis = Bands(scene.wavelengths_nm, scene.fwhm_nm, np.ones(scene.n_bands, dtype=np.bool_))
    names = _band_names(scene)
    sums = np.zeros(2)

    def of_block(block: Block) -> Maps:
        found = read_block(scene, model, block, None).reconstruction
        taken = (found - block.spectra).double().square().mean(dim=1)
        known = taken.isfinite()
        sums[:] += float(taken[known].sum()), int(known.sum())
        return {"denoised": block.to_map(found)}

    if map_format == "envi":
        _write_envi(scene, folder / "denoised.img", axis, of_block, progress)
    else:
        file = MapFile("denoised", names, units=scene.unit, wavelengths=axis)
        write_maps(scene, folder, [file], of_block, record=dict(record), progress=progress)
    if sums[1] == 0:
        raise UnmixError(f"{scene.name} has no valid pixel. Check the mask and the nodata value.")
    return {"n_pixels": int(sums[1]), "rms_taken_away": float(np.sqrt(sums[0] / sums[1]))}


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
    rest = (spectra - found.reconstruction).double()
    u = torch.nn.functional.normalize(spectra.double(), dim=1)
    v = torch.nn.functional.normalize(found.reconstruction.double(), dim=1)
    angle = 2 * torch.atan2((u - v).norm(dim=1), (u + v).norm(dim=1))
    measures = (rest.square().mean(dim=1).sqrt(), angle, found.brightness.double())
    return torch.stack(measures, dim=1).float()


def _band_names(scene: Scene) -> list[str]:
    if scene.wavelengths_nm is not None:
        return [f"{wavelength:.2f} nm" for wavelength in scene.wavelengths_nm]
    known = scene.bands.names
    return [known[k] if known else f"band {k + 1}" for k in scene.bands_used]


def _write_envi(
    scene: Scene, path: Path, axis: Bands, of_block: Callable[[Block], Maps], progress: Progress
) -> None:
    """The cube as an ENVI file on the grid of the scene."""
    if scene.lookup is not None:
        raise UnmixError(
            "`map_format` is 'envi', but the scene lies in the geometry of its sensor. Write a "
            "GeoTIFF, which is brought to the map."
        )
    total, done = scene.height * scene.width, 0
    fields = Acquisition.of(scene.metadata).envi_fields()
    with ExitStack() as stack:
        writer = stack.enter_context(
            EnviWriter(
                path,
                scene.grid,
                axis,
                scene.n_bands,
                nodata=NODATA,
                band_names=_band_names(scene),
                metadata={"description": f"denoised {scene.name}", **fields},
            )
        )
        blocks = worked_blocks(scene, lambda block: (block.window, of_block(block)))
        for window, maps in blocks:
            writer.write(window.row_off, window.col_off, maps["denoised"])
            done += window.height * window.width
            progress("mapping", done / total)
