"""The command line: one command, one file. Data goes to stdout, talk to stderr.

Exit codes: 0 done, 1 could not (one sentence says why), 2 wrong usage.
"""

import os
import sys
import traceback
from importlib import import_module

import click

from scenes.errors import SceneError
from unmix.cli.flags import with_flags
from unmix.errors import UnmixError

COMMANDS = {
    "anomalies": "Find pixels that the materials of a scene do not explain.",
    "apply": "Map scenes with a model that was fitted before.",
    "classify": "Map classes from a few labelled points, polygons or pixels.",
    "compare": "Compare two runs, or a run and a reference.",
    "count": "Say how many materials a scene has, by several estimates.",
    "cover": "Map the cover of a library's classes, and how sure it is.",
    "demo": "Simulate a scene, unmix it and score the maps against its truth.",
    "denoise": "Take the noise out of a scene.",
    "endmembers": "Extract endmembers alone, or take them from labelled places.",
    "features": "Reduce each pixel to a few features for classifiers.",
    "fit": "Learn one model from many scenes.",
    "info": "Show what is in a scene, as JSON.",
    "mesma": "Unmix each pixel with its best few spectra of a library.",
    "network": "Map a scene with another network of the family.",
    "qgis": "Install the plugin for QGIS, or take it away.",
    "report": "Write the report of a run anew, as one HTML page.",
    "run": "Unmix a scene: learn its materials and map them.",
    "simulate": "Write a simulated scene with its truth beside it.",
    "sparse": "Unmix with the few spectra of a wide library that a scene shows.",
    "tune": "Rank numbers of materials and settings without truth.",
}
"""Commands and their one-line help, known without importing them: ``--help`` answers at once."""


os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Threads that wait for each other without spinning: on a busy machine the small operations of a
# fit took four times as long otherwise. It must be said before torch is imported.


class Commands(click.Group):
    """Commands that are imported when they are called, and whose errors are one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"unmix.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what users can mend is said in one sentence, with exit code 1."""
        try:
            return super().invoke(ctx)
        except (UnmixError, SceneError) as error:
            if ctx.params.get("verbose"):
                traceback.print_exc()
            click.echo(f"Error: {with_flags(str(error))}", err=True)
            sys.exit(1)


@click.group("unmix", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Say more; show the traceback of an error.")
@click.version_option(package_name="unmix", prog_name="unmix")
def main(verbose: bool) -> None:
    """Turn hyperspectral scenes into georeferenced abundance maps."""
    if verbose:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
