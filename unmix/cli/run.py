"""``unmix run``: one scene in, its bundle out."""

from pathlib import Path
from typing import Any

import click

from unmix.cli.options import (
    device_option,
    n_endmembers_option,
    nodata_option,
    out_option,
    overwrite_option,
    reading_option,
    refits_option,
    say_json,
    scale_option,
    scene_argument,
    seed_option,
)
from unmix.cli.talk import at_work


@click.command("run")
@scene_argument
@out_option
@n_endmembers_option
@reading_option
@refits_option
@seed_option
@device_option
@scale_option
@nodata_option
@overwrite_option
def command(
    scene: Path,
    out: Path,
    scale: float | None,
    nodata: float | None,
    overwrite: bool,
    **model_parameters: Any,  # noqa: ANN401  # options of one name with Unmixer's parameters
) -> None:
    """Learn the materials of SCENE and map them.

    SCENE is a raster file (ENVI header or data file, GeoTIFF). The folder OUT gets abundances.tif,
    uncertainty.tif, quality.tif, endmember spectra, a preview, the model and a record of the run.
    """
    from unmix.staging import check_free

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from scenes import open_scene
        from unmix.pipeline import unmix_scene
        from unmix.unmixer import Unmixer

        seed = model_parameters.pop("seed")
        model = Unmixer(random_state=seed, **model_parameters)
        result = unmix_scene(
            open_scene(scene, scale=scale, nodata=nodata), model, progress=talk.progress
        )
        if model.n_endmembers_reason_ is not None:
            talk.close()
            click.echo(f"{model.n_endmembers_} materials, {model.n_endmembers_reason_}.", err=True)
        result.notes.extend(talk.warnings)
        result.save(out, overwrite=overwrite, progress=talk.progress)
    say_json(summary_of(out))


def summary_of(out: Path) -> dict[str, Any]:
    """What a finished run has to say, from its record."""
    import json

    from unmix.staging import RECORD_NAME

    record = json.loads((out / RECORD_NAME).read_text(encoding="utf-8"))
    return {
        "maps": str(out / "abundances.tif"),
        "preview": str(out / "preview.png"),
        "n_endmembers": record["model"]["n_endmembers"],
        "n_endmembers_auto": record["model"]["n_endmembers_auto"],
        "endmembers": record["model"]["endmember_names"],
        "stability": record["model"]["stability"],
        **record["scores"],
        "seconds": record["seconds"],
    }
