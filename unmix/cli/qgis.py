"""``unmix qgis``: the algorithms of unmix in the toolbox of QGIS."""

import json
import os
import shutil
import sys
from pathlib import Path

import click

from unmix.cli.options import say_json
from unmix.errors import OutputError, UnmixError

PLUGIN = "unmix_qgis"
"""The folder's name among the plugins, which is that of a Python package in QGIS."""
SOURCE = Path(__file__).parents[1] / "qgis_plugin"
SECTION = "[PythonPlugins]"


@click.command("qgis")
@click.option("--install", "job", flag_value="install", help="Install or renew the plugin.")
@click.option("--remove", "job", flag_value="remove", help="Take the plugin away again.")
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="Folder of the profile; QGIS shows it under Settings > User Profiles > Open Active "
    "Profile Folder. Default: the user's default profile.",
)
def command(job: str | None, profile: Path | None) -> None:
    """Install the plugin for QGIS 3.22 and later, whose Processing toolbox then has unmix.

    It is enabled when QGIS starts the next time. QGIS runs this very installation of unmix as a
    program of its own. Without --install and --remove, tell what is installed.
    """
    profile = profile or default_profile()
    folder = profile / "python" / "plugins" / PLUGIN
    if folder.exists() and not (folder / "metadata.txt").is_file():
        raise UnmixError(f"{folder} is not the plugin of unmix. Move it away first.")
    if job is not None:
        try:
            _put(folder) if job == "install" else shutil.rmtree(folder, ignore_errors=True)
            _enable(settings_of(profile), job == "install")
        except OSError as error:
            raise OutputError(f"{folder} cannot be changed: {error}.") from error
    say_json({"plugin": str(folder), "installed": folder.is_dir()})


def default_profile() -> Path:
    """The folder of the profile that QGIS uses unless told otherwise.

    That of a QGIS that has been started once, and if there is none, where it will be.
    """
    home = Path.home()
    if os.name == "nt":
        roots = [Path(os.environ.get("APPDATA", home / "AppData/Roaming"))]
    elif sys.platform == "darwin":
        roots = [home / "Library/Application Support"]
    else:
        roots = [
            Path(os.environ.get("XDG_DATA_HOME", home / ".local/share")),
            home / ".var/app/org.qgis.qgis/data",  # Flatpak
        ]
    profiles = [root / "QGIS/QGIS3/profiles/default" for root in roots]
    return next((path for path in profiles if path.is_dir()), profiles[0])


def settings_of(profile: Path) -> Path:
    """The file of settings of a profile."""
    return profile / "QGIS" / "QGIS3.ini"


def with_plugin(settings: str, enabled: bool) -> str:
    r"""Settings of QGIS in which the plugin is enabled, or is not; all else stays as it is.

    Examples
    --------
    >>> print(with_plugin("[PythonPlugins]\nother=true\n", True), end="")
    [PythonPlugins]
    unmix_qgis=true
    other=true
    """
    lines = [line for line in settings.splitlines() if not line.startswith(f"{PLUGIN}=")]
    if enabled:
        if SECTION not in lines:
            lines += [SECTION]
        lines.insert(lines.index(SECTION) + 1, f"{PLUGIN}=true")
    return "".join(f"{line}\n" for line in lines)


def _put(folder: Path) -> None:
    """Copy the plugin, with the command by which it finds this installation."""
    fresh = folder.with_name(f".{PLUGIN}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(SOURCE, fresh, ignore=shutil.ignore_patterns("__pycache__"))
    command_line = [sys.executable, "-P", "-m", "unmix"]  # not the unmix of the current folder
    (fresh / "command.json").write_text(json.dumps(command_line), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _enable(settings: Path, enabled: bool) -> None:
    before = settings.read_bytes().decode("utf-8") if settings.is_file() else ""
    after = with_plugin(before, enabled)
    if after != before:
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_bytes(after.encode("utf-8"))
