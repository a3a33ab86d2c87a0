"""Options that say what is written beside the maps, the same for every command that maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import click

from unmix.save_options import MAP_FORMATS, SaveOptions

Command = Callable[..., Any]

_OPTIONS = (
    click.option(
        "--format",
        "map_format",
        type=click.Choice(MAP_FORMATS),
        default="cog",
        show_default=True,
        help="envi writes every map as an ENVI file too, beside the Cloud-Optimized GeoTIFF.",
    ),
    click.option("--split", is_flag=True, help="Also write each abundance map as its own file."),
    click.option(
        "--residuals",
        is_flag=True,
        help="Also write a cube of what the mixture leaves of every spectrum.",
    ),
    click.option(
        "--reconstruction", is_flag=True, help="Also write a cube of the mixtures themselves."
    ),
)


def with_save_options(command: Command) -> Command:
    """Give a command these options; it gets them as one argument, `save_options`."""
    names = [field.name for field in fields(SaveOptions)]

    @wraps(command)
    def collected(**arguments: Any) -> Any:  # noqa: ANN401
        chosen = SaveOptions(**{name: arguments.pop(name) for name in names})
        return command(save_options=chosen, **arguments)

    decorated: Command = collected
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
