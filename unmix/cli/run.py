"""``unmix run``: one scene in, its bundle out."""

from pathlib import Path
from typing import Any

import click

from unmix.cli.options import (
    device_option,
    memory_option,
    n_endmembers_option,
    out_option,
    overwrite_option,
    reading_option,
    refits_option,
    say_json,
    scene_argument,
    seed_option,
)
from unmix.cli.save_options import with_save_options
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work
from unmix.save_options import SaveOptions


@click.command("run")
@scene_argument
@out_option
@n_endmembers_option
@reading_option
@refits_option
@seed_option
@device_option
@with_scene_options
@click.option(
    "--library",
    type=click.Path(path_type=Path),
    help="Spectral library (file, or folder of spectra) to name the materials after.",
)
@with_save_options
@overwrite_option
@memory_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    save_options: SaveOptions,
    library: Path | None,
    overwrite: bool,
    memory: int,
    **model_parameters: Any,  # noqa: ANN401  # options of one name with Unmixer's parameters
) -> None:
    """Learn the materials of SCENE and map them.

    SCENE is a raster file (ENVI header or data file, GeoTIFF). The folder OUT gets abundances.tif,
    uncertainty.tif, quality.tif, dominant.tif, pictures, styles for QGIS, endmember spectra, a
    preview, the model, a STAC item and a record of the run.
    """
    from unmix.staging import check_free

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from scenes import SpectralLibrary
        from unmix.bundle import name_after
        from unmix.bundle.envi_copies import check_format
        from unmix.mapping import limited_memory
        from unmix.pipeline import unmix_scene
        from unmix.unmixer import Unmixer

        opened = scene_options.open(scene)
        check_format(opened, save_options)
        references = None if library is None else SpectralLibrary.read(library)
        seed = model_parameters.pop("seed")
        model = Unmixer(random_state=seed, **model_parameters)
        result = unmix_scene(opened, model, progress=talk.progress)
        talk.close()
        if model.n_endmembers_reason_ is not None:
            click.echo(f"{model.n_endmembers_} materials, {model.n_endmembers_reason_}.", err=True)
        if references is not None:
            matches = name_after(result, references)
            for name, match in zip(model.endmember_names_, matches, strict=True):
                click.echo(f"{name}: {match.reason}", err=True)
        for note in result.notes:
            click.echo(f"Warning: {note}", err=True)
        result.notes.extend(talk.warnings)
        with limited_memory(memory):
            result.save(out, overwrite=overwrite, options=save_options, progress=talk.progress)
    say_json(summary_of(out))


def summary_of(out: Path) -> dict[str, Any]:
    """What a finished run has to say, from its record."""
    import json

    from unmix.staging import RECORD_NAME

    record = json.loads((out / RECORD_NAME).read_text(encoding="utf-8"))
    return {
        "maps": str(out / "abundances.tif"),
        "preview": str(out / "preview.png"),
        "report": str(out / "report.html"),
        "n_endmembers": record["model"]["n_endmembers"],
        "n_endmembers_auto": record["model"]["n_endmembers_auto"],
        "endmembers": record["model"]["endmember_names"],
        "stability": record["model"]["stability"],
        **record["scores"],
        "seconds": record["seconds"],
    }
