"""``unmix apply``: a fitted model and more scenes in, a bundle of each out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unmix.cli.options import (
    device_option,
    memory_option,
    out_option,
    overwrite_option,
    say_json,
)
from unmix.cli.save_options import with_save_options
from unmix.cli.scene_options import SceneOptions, with_pixel_options
from unmix.cli.talk import Talk, at_work
from unmix.readings import READINGS, Reading
from unmix.save_options import SaveOptions

if TYPE_CHECKING:
    from unmix.batch import Job, Order, Outcome


@click.command("apply")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    "model_folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The model folder of an earlier run, such as out/model, or of unmix fit.",
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
@click.option(
    "--resume",
    is_flag=True,
    help="Skip scenes whose results are there already, made of the same file, model and options; "
    "do the others again.",
)
@click.option(
    "--workers",
    "n_workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Scenes to map at a time, each in a process of its own; needs unmix[cluster].",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a running Dask cluster, such as tcp://10.0.0.1:8786, whose workers map the scenes.",
)
@memory_option
def command(
    scenes: tuple[Path, ...],
    model_folder: Path,
    out: Path,
    scene_options: SceneOptions,
    save_options: SaveOptions,
    overwrite: bool,
    resume: bool,
    **how: object,
) -> None:
    """Map SCENES with the endmembers of an earlier run.

    The scenes must be measured on the bands of the model, and lit like its scene unless the reading
    is nnls. One scene's results go into OUT itself,
    those of several into folders inside, named after the scenes. A scene that cannot be mapped
    does not hold up the others.
    """
    from unmix.staging import check_free

    targets = _targets(scenes, out)
    for target in targets:
        check_free(target, overwrite=overwrite or resume)
    with at_work() as talk:
        from unmix.batch import Job, Order, check_outcomes
        from unmix.unmixer import Unmixer

        model = Unmixer.load(model_folder)
        reading: Reading | None = how.pop("reading")  # type: ignore[assignment]
        model.device, model.reading = str(how.pop("device")), reading or model.reading
        said = asdict(scene_options)
        order = Order(
            model=model,
            opened=scene_options.open_for_model,
            parameters=said.pop("preparation") | said,
            options=save_options,
            memory=how.pop("memory"),  # type: ignore[arg-type]
            overwrite=overwrite,
            resume=resume,
        )
        jobs = [Job(*pair) for pair in zip(scenes, targets, strict=True)]
        outcomes = _mapped(order, jobs, talk, **how)  # type: ignore[arg-type]
        check_outcomes(outcomes)
    skipped = [str(outcome.job.target) for outcome in outcomes if outcome.skipped]
    maps = {"maps": [str(target / "abundances.tif") for target in targets]}
    say_json(maps | ({"skipped": skipped} if resume else {}))


def _mapped(
    order: "Order", jobs: "list[Job]", talk: Talk, n_workers: int, scheduler: str | None
) -> "list[Outcome]":
    """Map the scenes here or on workers, and say what is to be said of each."""
    from unmix.batch import map_scenes

    for note in order.model.doubts_:
        click.echo(f"Warning: {note}", err=True)
    if n_workers > 1 or scheduler is not None:
        from unmix.workers import map_scenes_on_workers

        found = map_scenes_on_workers(order, jobs, n_workers, scheduler, talk.progress)
    else:
        found = map_scenes(order, jobs, talk.progress)
    outcomes = []
    for outcome in found:
        outcomes.append(outcome)
        for message in outcome.warnings:
            talk.say(message)
    return outcomes


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
