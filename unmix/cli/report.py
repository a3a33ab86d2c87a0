"""``unmix report``: the page of a run, from what the run wrote."""

from pathlib import Path

import click

from unmix.cli.options import say_json
from unmix.cli.talk import at_work


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write report.html into FOLDER, the result of an earlier run.

    The page needs nothing beside itself: mail it, or put it on a server. Nothing is fitted again.
    """
    with at_work():
        from unmix.report.page import write_report

        page = write_report(folder)
    say_json({"report": str(page)})
