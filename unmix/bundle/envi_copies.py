"""The maps as ENVI files, beside the GeoTIFFs that they are copied from."""

from pathlib import Path

from scenes import Bands, Scene, SceneError
from scenes.acquisition import Acquisition
from scenes.export import EnviWriter
from scenes.formats.raster_pixels import open_raster
from scenes.map_info import map_info_from_grid
from unmix.bundle.classes import classes_of
from unmix.bundle.layers import CUBES, spectral_axis, spectral_names
from unmix.bundle.run import NODATA, Run, map_grid_of
from unmix.errors import UnmixError
from unmix.save_options import SaveOptions


def check_format(scene: Scene, options: SaveOptions) -> None:
    """Refuse before any work maps whose place ENVI cannot express.

    Parameters
    ----------
    scene : Scene
        What is to be mapped.
    options : SaveOptions

    Raises
    ------
    UnmixError
        If ENVI files are asked for, and the grid of the maps is sheared, or its rows run upwards.
    """
    if options.map_format != "envi":
        return
    try:
        map_info_from_grid(map_grid_of(scene))
    except SceneError as error:
        raise UnmixError(f"`map_format` is 'envi', which is not possible here: {error}") from error


def envi_copy(run: Run, source: Path) -> EnviWriter:
    """The writer of an ENVI file beside a finished layer; cubes keep their wavelengths."""
    with open_raster(source, "GTiff") as dataset:
        names = list(dataset.descriptions)
    spectral = source.stem in CUBES
    bands: Bands | None = spectral_axis(run.scene) if spectral else None
    return EnviWriter(
        source.with_suffix(".img"),
        run.map_grid,
        bands,
        len(names),
        interleave="bil" if spectral else "bsq",
        nodata=NODATA,
        band_names=spectral_names(run.scene) if spectral else names,
        metadata=_envi_metadata(run, source.stem),
    )


def envi_classes(run: Run, folder: Path) -> EnviWriter:
    """The writer of an ENVI classification: class 0 for no data, then the endmembers."""
    classes = classes_of(run.model.endmember_names_)
    colours = [value for _, colour in classes.values() for value in colour]
    return EnviWriter(
        folder / "dominant.img",
        run.map_grid,
        None,
        1,
        dtype="uint8",
        interleave="bsq",
        nodata=0,
        band_names=["dominant endmember"],
        metadata=_envi_metadata(run, "dominant")
        | {
            "file type": "ENVI Classification",
            "classes": len(classes) + 1,
            "class names": ["unclassified", *(name for name, _ in classes.values())],
            "class lookup": [0, 0, 0, *colours],
        },
    )


def _envi_metadata(run: Run, kind: str) -> dict[str, object]:
    fields = Acquisition.of(run.scene.metadata).envi_fields()
    return {"description": f"{kind} of {run.scene.name}", **fields}
