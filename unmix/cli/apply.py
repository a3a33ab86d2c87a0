"""``unmix apply``: a fitted model and more scenes in, a bundle of each out."""

from pathlib import Path

import click

from unmix.cli.options import (
    device_option,
    out_option,
    overwrite_option,
    say_json,
)
from unmix.cli.save_options import with_save_options
from unmix.cli.scene_options import SceneOptions, with_pixel_options
from unmix.cli.talk import at_work
from unmix.readings import READINGS, Reading
from unmix.save_options import SaveOptions


@click.command("apply")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    "model_folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The model folder of an earlier run, such as out/model.",
)
@out_option
@click.option(
    "--reading",
    type=click.Choice(READINGS),
    help="Another reading than the model's; nnls where the light is another.",
)
@device_option
@with_pixel_options
@with_save_options
@overwrite_option
def command(
    scenes: tuple[Path, ...],
    model_folder: Path,
    out: Path,
    reading: Reading | None,
    device: str,
    overwrite: bool,
    scene_options: SceneOptions,
    save_options: SaveOptions,
) -> None:
    """Map SCENES with the endmembers of an earlier run.

    The scenes must be measured on the bands of the model, and lit like its scene unless the reading
    is nnls. One scene's results go into OUT itself,
    those of several into folders inside, named after the scenes.
    """
    from unmix.staging import check_free

    targets = _targets(scenes, out)
    for target in targets:
        check_free(target, overwrite=overwrite)
    with at_work() as talk:
        from unmix.pipeline import unmix_scene
        from unmix.unmixer import Unmixer

        model = Unmixer.load(model_folder)
        model.device, model.reading = device, reading or model.reading
        for path, target in zip(scenes, targets, strict=True):
            said = len(talk.warnings)
            result = unmix_scene(scene_options.open_for_model(path), model)
            if target == targets[0]:
                for note in result.notes:
                    click.echo(f"Warning: {note}", err=True)
            result.notes.extend(talk.warnings[said:])
            result.save(target, overwrite=overwrite, options=save_options, progress=talk.progress)
    say_json({"maps": [str(target / "abundances.tif") for target in targets]})


def _targets(scenes: tuple[Path, ...], out: Path) -> list[Path]:
    """Where the results of each scene go."""
    if len(scenes) == 1:
        return [out]
    targets = [out / scene.stem for scene in scenes]
    twice = sorted({target.name for target in targets if targets.count(target) > 1})
    if twice:
        raise click.UsageError(
            f"Two scenes are called {twice[0]!r}, so their results would meet in one folder. "
            "Apply the model to them one at a time."
        )
    return targets
