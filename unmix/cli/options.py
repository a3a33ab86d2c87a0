"""Options that several commands share, defined once."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from unmix.readings import READINGS

Command = Callable[..., Any]


def as_one(
    command: Command,
    options: Sequence[Callable[[Command], Command]],
    argument: str,
    made: Callable[..., object],
) -> Command:
    """Give a command options that it gets together, as one argument.

    Parameters
    ----------
    command : callable
    options : sequence of decorators
        Of click, in the order of the help.
    argument : str
        What the command calls them.
    made : callable
        Makes the argument; gets the values by their names.
    """
    names: list[str] = []

    @wraps(command)
    def collected(**arguments: Any) -> Any:  # noqa: ANN401
        values = {name: arguments.pop(name) for name in names}
        return command(**{argument: made(**values)}, **arguments)

    decorated: Command = collected
    n_before = len(_parameters_of(command))
    for option in reversed(options):
        decorated = option(decorated)
    names += [option.name for option in _parameters_of(decorated)[n_before:] if option.name]
    return decorated


def _parameters_of(command: Command) -> list[click.Parameter]:
    """Options that have been put on a function so far, in the order in which they were."""
    found: list[click.Parameter] = getattr(command, "__click_params__", [])
    return found


def number_or_auto(value: str | int) -> str | int:
    """How many endmembers: an integer of at least 2, or ``auto`` as it stands."""
    if value == "auto":
        return value
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 2:
        raise click.BadParameter(
            f"{value!r} is neither auto nor an integer of at least 2; one material alone is not "
            "a mixture."
        )
    return number


scene_argument = click.argument("scene", type=click.Path(path_type=Path))

out_option = click.option(
    "-o",
    "--out",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the results; new or empty.",
)

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace the results of an earlier run."
)

n_endmembers_option = click.option(
    "-n",
    "--number",
    "n_endmembers",
    type=number_or_auto,
    metavar="INTEGER|auto",
    default=5,
    show_default=True,
    help="How many materials to find, or auto.",
)

known_option = click.option(
    "--endmembers",
    "known",
    type=click.Path(path_type=Path),
    help="Spectral library (file, or folder of spectra) of materials that are there: they are "
    "taken as they are. Without -n nothing else is learned; a larger -n learns the others.",
)

refits_option = click.option(
    "--refits",
    "n_refits",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="How often to learn again from resampled pixels, to tell how stable the endmembers are.",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed: same seed, same maps.",
)

reading_option = click.option(
    "--reading",
    type=click.Choice(READINGS),
    default="reflectance",
    show_default=True,
    help="How fractions are read from a pixel: by default with as much freedom of brightness as "
    "the scene shows; nnls with all, fcls with none; peak and l2 as in benchmarks.",
)

device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ..."
)

scale_option = click.option(
    "--scale",
    type=float,
    help="Raw number that means reflectance 1, such as 10000; overrides the file.",
)

nodata_option = click.option(
    "--nodata", type=float, help="Raw number that means no data; overrides the file."
)


memory_option = click.option(
    "--memory",
    type=click.IntRange(min=1),
    default=448,
    show_default=True,
    metavar="MIB",
    callback=lambda context, option, mebibytes: mebibytes * 2**20,
    help="For the pixels that are read, solved and written at a time.",
)


def say_json(values: dict[str, Any]) -> None:
    """Print data for people and machines on stdout."""
    click.echo(json.dumps(values, indent=2))
