"""``unmix endmembers``: a scene in, a library of its endmembers and their places out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import (
    memory_option,
    n_endmembers_option,
    out_option,
    overwrite_option,
    say_json,
    scene_argument,
    seed_option,
)
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import Talk, at_work
from unmix.errors import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from scenes import Scene

METHODS = ("vca", "nfindr", "sivm", "ppi", "atgp", "smacc", "edaa")
"""Of `unmix.bundle.extraction`, known without loading it."""
MEASURES = ("ear", "masa", "cob", "spread")
"""Of `unmix.representatives`."""


@click.command("endmembers")
@scene_argument
@out_option
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="How pixels are chosen.",
)
@n_endmembers_option
@seed_option
@click.option(
    "--training",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the labelled pixels instead: points or polygons (GeoJSON; others with "
    "unmix[vector]), or a raster of class numbers on the grid of the scene.",
)
@click.option("--class", "field", help="Field of the training data that holds the class.")
@click.option(
    "--all-touched", is_flag=True, help="Take all pixels that a polygon touches, not its inside."
)
@click.option(
    "--per-class",
    type=click.IntRange(min=1),
    help="How many labelled pixels of each class to keep; all by default.",
)
@click.option(
    "--choose",
    type=click.Choice(MEASURES),
    default=MEASURES[0],
    show_default=True,
    help="By what --per-class chooses: least average error (EAR) or angle (MASA) when modelling "
    "the class, most modelled (CoB), or most different.",
)
@with_scene_options
@overwrite_option
@memory_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    overwrite: bool,
    memory: int,
    **said: Any,  # noqa: ANN401  # how endmembers are chosen
) -> None:
    """Extract endmembers of SCENE: spectra of its pixels, without learning or mapping.

    OUT gets them as a spectral library (endmembers.sli, .csv, .json), the places of their pixels
    (places.csv; where the scene has a CRS also places.geojson, and places.gpkg with unmix[vector])
    and run.json. With --training, the pixels at labelled places become the library, with their
    classes.
    """
    from unmix.staging import check_free, staged_folder

    _check_options(said)
    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from scenes.places import Places
        from unmix.bundle.endmember_files import write_endmembers
        from unmix.mapping import limited_memory

        opened = scene_options.open(scene)
        how = _labelled if said["training"] else _extracted
        with limited_memory(memory):
            spectra, places, classes, told = how(opened, said, talk)
        record = {
            "parameters": {k: str(v) if isinstance(v, Path) else v for k, v in said.items()},
            **told,
            "warnings": talk.warnings,
        }
        with staged_folder(out, overwrite=overwrite) as staged:
            names = write_endmembers(
                opened,
                staged,
                spectra,
                Places.of_pixels(opened, *places),
                classes=classes,
                record=record,
            )
    say_json(
        {
            "library": str(out / "endmembers.sli"),
            "places": str(out / "places.csv"),
            "n_endmembers": len(names),
            **({} if classes else {"endmembers": names}),
            **told,
        }
    )


Found = tuple[
    "Tensor", "tuple[NDArray[np.intp], NDArray[np.intp]]", list[str], dict[str, Any]
]  # spectra, rows and columns, classes, what is said of them


def _check_options(said: dict[str, Any]) -> None:
    """Refuse options that would have no effect."""
    given = click.get_current_context().get_parameter_source
    flags = {"field": "--class", "per_class": "--per-class", "choose": "--choose",
             "all_touched": "--all-touched"}  # fmt: skip
    if said["training"]:
        flags = {"method": "--method", "n_endmembers": "--number"}
    source = click.core.ParameterSource.COMMANDLINE
    useless = [flag for name, flag in flags.items() if given(name) == source]
    if useless:
        why = "takes labelled pixels" if said["training"] else "is not there"
        raise click.UsageError(f"{useless[0]} has no effect, because --training {why}.")
    if given("choose") == source and said["per_class"] is None:
        raise click.UsageError("--choose has no effect without --per-class: all are kept.")


def _extracted(scene: "Scene", said: dict[str, Any], talk: Talk) -> Found:
    from unmix.bundle.extraction import extract

    found = extract(
        scene, said["method"], said["n_endmembers"], seed=said["seed"], progress=talk.progress
    )
    talk.close()
    if found.reason is not None:
        click.echo(f"{len(found.spectra)} endmembers, {found.reason}.", err=True)
    told = {
        "method": said["method"],
        "n_pixels": found.n_pixels,
        "of_all_pixels": found.of_all,
        "n_endmembers_reason": found.reason,
    }
    return found.spectra, (found.rows, found.columns), [], told


def _labelled(scene: "Scene", said: dict[str, Any], talk: Talk) -> Found:
    from unmix.bundle.training_pixels import training_pixels

    found = training_pixels(
        scene,
        said["training"],
        field=said["field"],
        all_touched=said["all_touched"],
        per_class=said["per_class"],
        by=said["choose"],
        seed=said["seed"],
    )
    if found.labels.n_contradicting:
        n = found.labels.n_contradicting
        talk.say(f"{counted(n, 'pixel')} with labels of different classes left out.")
    told = {"labelled_pixels": found.counts, "chosen_pixels": found.labels.counts}
    return found.spectra, (found.labels.rows, found.labels.columns), found.classes, told
