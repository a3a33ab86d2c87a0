"""Options that say what is written beside the maps, the same for every command that maps."""

import click

from unmix.cli.options import Command, as_one
from unmix.save_options import MAP_FORMATS, SaveOptions

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
    return as_one(command, _OPTIONS, "save_options", SaveOptions)
