"""``unmix fit``: many scenes in, one model out."""

from pathlib import Path
from typing import Any

import click

from unmix.cli.options import (
    device_option,
    n_endmembers_option,
    overwrite_option,
    reading_option,
    refits_option,
    say_json,
    seed_option,
)
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work


@click.command("fit")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the model; new or empty.",
)
@n_endmembers_option
@reading_option
@refits_option
@seed_option
@device_option
@with_scene_options
@overwrite_option
def command(
    scenes: tuple[Path, ...],
    out: Path,
    scene_options: SceneOptions,
    overwrite: bool,
    **model_parameters: Any,  # noqa: ANN401  # options of one name with Unmixer's parameters
) -> None:
    """Learn one model from SCENES, for unmix apply.

    Pixels are drawn from every scene by the number of valid ones that it has. The scenes must be
    measured on the same bands, and be in the same unit.
    """
    with at_work() as talk:
        from unmix.many import fit_scenes
        from unmix.model_file import check_free
        from unmix.unmixer import Unmixer

        check_free(out, overwrite)
        seed = model_parameters.pop("seed")
        model = Unmixer(
            random_state=seed,
            progress=lambda share: talk.progress("learning", share),
            **model_parameters,
        )
        fit_scenes([scene_options.open(scene) for scene in scenes], model)
        talk.close()
        for note in model.doubts_:
            click.echo(f"Warning: {note}", err=True)
        model.save(out, overwrite=overwrite)
    say_json(
        {
            "model": str(out),
            "scenes": [str(scene) for scene in scenes],
            "n_endmembers": model.n_endmembers_,
            "n_endmembers_auto": model.n_endmembers_reason_ is not None,
            "endmembers": model.endmember_names_,
            "stability": [None if s != s else float(s) for s in model.stability_],
            "n_bands": model.n_features_in_,
        }
    )
