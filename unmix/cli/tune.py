"""``unmix tune``: which parameters suit a scene, by scores that need no truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import (
    device_option,
    out_option,
    overwrite_option,
    reading_option,
    say_json,
    scene_argument,
    seed_option,
)
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.uses.tuning import Tuning

MOST_SAID = 10
"""Trials on stdout; run.json has all of them."""


def numbers(context: click.Context, option: click.Parameter, value: str | None) -> list[int] | None:
    """Callback that turns ``3:12`` or ``4,6,8`` into numbers of endmembers."""
    if value is None:
        return None
    first, colon, last = value.partition(":")
    try:
        found = (
            list(range(int(first), int(last) + 1))
            if colon
            else [int(word) for word in value.split(",")]
        )
    except ValueError:
        found = []
    if not found or min(found) < 2:
        raise click.BadParameter(f"{value!r} must be FIRST:LAST or N1,N2,..., from 2 on.")
    return found


def settings(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, list[Any]]:
    """Callback that turns ``NAME=V1,V2`` into a name and its values."""
    found = {}
    for value in values:
        name, equals, words = value.partition("=")
        if not equals or not words:
            raise click.BadParameter(f"{value!r} must be NAME=V1,V2,...")
        found[name.strip().replace("-", "_")] = [_value(word) for word in words.split(",")]
    return found


def _value(word: str) -> int | float | bool | str:
    """A number, a truth value or a word."""
    word = word.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


@click.command("tune")
@scene_argument
@out_option
@click.option(
    "--number",
    callback=numbers,
    metavar="FIRST:LAST|N1,N2,...",
    help="Numbers of endmembers to try; 3:8 unless settings are given.",
)
@click.option(
    "--setting",
    "choices",
    multiple=True,
    callback=settings,
    metavar="NAME=V1,V2,...",
    help="Values to try of a parameter of Unmixer or a field of FitSettings.",
)
@click.option(
    "--search",
    type=click.Choice(["grid", "random"]),
    default="grid",
    show_default=True,
    help="Try all combinations, or some.",
)
@click.option(
    "--trials",
    "n_trials",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Combinations of a random search.",
)
@click.option("--folds", "n_folds", type=click.IntRange(2, 20), default=2, show_default=True)
@click.option(
    "--pixels",
    "n_pixels",
    type=click.IntRange(min=100),
    default=20_000,
    show_default=True,
    help="To learn and to score on, from all over the scene.",
)
@click.option("--save", "saved", is_flag=True, help="Learn the best model and write it to model/.")
@reading_option
@seed_option
@device_option
@with_scene_options
@overwrite_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    overwrite: bool,
    **said: Any,  # noqa: ANN401
) -> None:
    """Try parameters on SCENE and rank them by scores that need no truth.

    The score is how well a model predicts bands of pixels that it has not seen, in decibels, less
    three decibels times the share of its endmembers that are not found again on resampled pixels.
    OUT gets run.json with all trials, tuning.png, and the best model if asked for.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        opened = scene_options.open(scene)
        if said["number"] or not said["choices"]:
            said["choices"]["n_endmembers"] = said["number"] or list(range(3, 9))
        found = _tuned(opened, said, lambda share: talk.progress("tuning", share))
        talk.close()
        with staged_folder(out, overwrite=overwrite) as staged:
            if said["saved"]:
                found.best_model.fit(opened).save(staged / "model")
            scores = _write(opened, staged, found, said, talk.warnings)
    say_json(scores | {"trials": scores["trials"][:MOST_SAID]})


def _tuned(scene: "Scene", said: dict[str, Any], progress: Any) -> "Tuning":  # noqa: ANN401
    from unmix.unmixer import Unmixer
    from unmix.uses.tuning import tune

    model = Unmixer(reading=said["reading"], random_state=said["seed"], device=said["device"])
    return tune(
        model,
        scene.sample(said["n_pixels"], random_state=said["seed"]),
        said["choices"],
        search=said["search"],
        n_trials=said["n_trials"],
        n_folds=said["n_folds"],
        random_state=said["seed"],
        progress=progress,
    )


def _write(
    scene: "Scene", folder: Path, found: "Tuning", said: dict[str, Any], notes: list[str]
) -> dict[str, Any]:
    """Write the record and the plot; returns what there is to say."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from unmix.bundle.run import input_of
    from unmix.staging import write_record
    from unmix.uses.pictures import tuning_figure

    parameter = next(iter(said["choices"]))
    if "n_endmembers" in said["choices"]:
        parameter = "n_endmembers"
    tuning_figure(found.trials, parameter).savefig(folder / "tuning.png", dpi=120)
    scores = {
        "best": found.trials[0].parameters,
        "score_db": found.trials[0].score,
        "trials": [trial._asdict() for trial in found.trials],
    }
    write_record(
        folder,
        {
            "software": f"unmix {version('unmix')}",
            "command": "tune",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "input": input_of(scene),
            "parameters": said,
            "scores": scores,
            "warnings": notes,
        },
    )
    return scores
