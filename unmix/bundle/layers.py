"""The maps that are written in one pass over the scene."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scenes import Bands, Scene
from scenes.acquisition import Acquisition
from scenes.blocks import map_from_pixels
from scenes.export import CogWriter
from scenes.export.orthorectify import OrthoWriter
from scenes.export.tiff_writer import TiffWriter
from scenes.export.together import Work, together
from unmix.bundle.run import NODATA, TAG_NAMESPACE, Run
from unmix.bundle.summary import Summary, check_mapped
from unmix.mapping import Progress, UnmixedBlock, unmixed_blocks
from unmix.quality import QUALITY_BANDS, QUALITY_UNITS
from unmix.report.quicklook import Quicklook
from unmix.save_options import SaveOptions
from unmix.unmixer import Unmixer

RAW_PICTURE = "colours"
"""The scene's three bands for the quicklook, which is made from them at the end."""

CUBES = ("residuals", "reconstruction")
"""Layers with as many bands as the scene."""

Map = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """A raster to be written, and what it holds of a block."""

    name: str
    band_names: Sequence[str]
    units: str | Sequence[str]
    of_block: Callable[[UnmixedBlock], Map]
    """Gives (n_bands, height, width), NaN where there is no value."""
    wavelengths: Bands | None = None


def write_layers(
    run: Run,
    folder: Path,
    options: SaveOptions,
    tags: dict[str, Any],
    progress: Progress,
    then: Callable[[Path, Summary], Iterable[Work]],
) -> Summary:
    """Write all layers in one pass over the scene.

    Parameters
    ----------
    run : Run
    folder : Path
    options : SaveOptions
    tags : dict
        Fields of `CogWriter` that say where the maps come from; see `labels_of`.
    progress : callable
    then : callable
        Called with the file of each layer that is finished, and what is said of the whole scene:
        gives what can be done from then on, beside the finishing of the others.

    Returns
    -------
    Summary

    Raises
    ------
    UnmixError
        If no pixel of the scene can be mapped.
    """
    scene = run.scene
    summary = Summary(
        Quicklook.empty(scene.height, scene.width, scene.n_bands, scene.wavelengths_nm)
    )
    progress("mapping", 0.0)
    layers = layers_of(run, summary.look, options)
    writers = [_writer(run, folder, layer, tags) for layer in layers]

    def follow(place: int) -> Iterable[Work]:
        return then(_path(folder, layers[place]), summary)

    with together(writers, follow, partial(progress, "writing")):
        for block, share in _with_share(run):
            for layer, writer in zip(layers, writers, strict=True):
                writer.write(block.window.row_off, block.window.col_off, layer.of_block(block))
            summary.add(block)
            progress("mapping", share)
        check_mapped(summary, scene)
        if scene.lookup is not None:
            summary.look = summary.look.on_map(scene.lookup)
        progress("writing", 0.0)
    return summary


def layers_of(run: Run, look: Quicklook, options: SaveOptions) -> list[Layer]:
    """All layers of a run."""
    scene, model = run.scene, run.model
    names = model.endmember_names_
    deviations = [f"{name} sd" for name in names]
    quality_units = [unit or scene.unit for unit in QUALITY_UNITS]
    layers = [
        Layer("abundances", names, "fraction", lambda block: block.abundances),
        Layer("uncertainty", deviations, "fraction", lambda block: block.uncertainty),
        Layer("quality", QUALITY_BANDS, quality_units, lambda block: block.quality),
        Layer(
            RAW_PICTURE,
            picture_bands(run, look),
            scene.unit,
            lambda block: _picture(block, look.bands),
        ),
    ]
    wanted = (options.residuals, options.reconstruction)
    for name, is_wanted, of_block in zip(CUBES, wanted, (_residuals, _mixtures), strict=True):
        if is_wanted:
            of_model = partial(of_block, model)
            layers.append(
                Layer(name, spectral_names(scene), scene.unit, of_model, spectral_axis(scene))
            )
    return layers


def labels_of(run: Run, provenance: str, software: str) -> dict[str, Any]:
    """Fields of `CogWriter` that say where the maps of a run come from."""
    return {
        "tags": {"run": provenance},
        "namespace": TAG_NAMESPACE,
        "software": software,
        "acquisition": Acquisition.of(run.scene.metadata),
    }


def spectral_axis(scene: Scene) -> Bands:
    """The bands in use."""
    return Bands(scene.wavelengths_nm, scene.fwhm_nm, np.ones(scene.n_bands, dtype=np.bool_))


def spectral_names(scene: Scene) -> list[str]:
    """A name for each band in use: its wavelength, its own name, or its number in the file."""
    if scene.wavelengths_nm is not None:
        return [f"{wavelength:.2f} nm" for wavelength in scene.wavelengths_nm]
    known = scene.bands.names
    return [known[k] if known else f"band {k + 1}" for k in scene.bands_used]


def picture_bands(run: Run, look: Quicklook) -> list[str]:
    """Names of the bands that the quicklook shows as red, green and blue."""
    names = spectral_names(run.scene)
    return [names[band] for band in look.bands]


def _picture(block: UnmixedBlock, bands: tuple[int, int, int]) -> Map:
    colours = torch.stack([block.spectra[:, band] for band in bands])  # band by band is faster
    return map_from_pixels(colours.T, block.valid)


def _mixtures(model: Unmixer, block: UnmixedBlock) -> Map:
    """The nonnegative mixtures nearest to the spectra, whose distance is the residual RMSE."""
    found = model.read(block.spectra, "nnls")
    codes = found.fractions * found.brightness[:, None]
    return map_from_pixels(codes @ torch.as_tensor(model.endmembers_), block.valid)


def _residuals(model: Unmixer, block: UnmixedBlock) -> Map:
    return map_from_pixels(block.spectra, block.valid) - _mixtures(model, block)


def _writer(
    run: Run, folder: Path, layer: Layer, labels: dict[str, Any]
) -> TiffWriter | OrthoWriter:
    kind = TiffWriter if layer.name == RAW_PICTURE else CogWriter
    writer = kind(
        _path(folder, layer),
        run.map_grid,
        layer.band_names,
        units=layer.units,
        nodata=NODATA,
        wavelengths=layer.wavelengths,
        **labels,
    )
    lookup = run.scene.lookup
    return writer if lookup is None else OrthoWriter(writer, lookup)


def _path(folder: Path, layer: Layer) -> Path:
    return folder / f"{layer.name}.tif"


def _with_share(run: Run) -> Iterator[tuple[UnmixedBlock, float]]:
    """Blocks, each with the share of the scene that is done after it."""
    total, done = run.scene.height * run.scene.width, 0
    for block in unmixed_blocks(run.scene, run.model, run.kept):
        done += block.valid.size
        yield block, done / total
