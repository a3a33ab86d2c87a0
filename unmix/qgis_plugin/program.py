"""The program ``unmix``, run from QGIS: where it is, what it says, and how it is stopped."""

from __future__ import annotations

import json
import os
import queue
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

VARIABLE = "UNMIX_COMMAND"
COMMAND_NAME = "command.json"
"""Beside this file: the command that installed the plugin, as a list of words."""
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_LIB", "PROJ_DATA")
"""What QGIS sets for its own Python, GDAL and PROJ, and would break others."""
CANCEL_S, PATIENCE_S = 0.1, 20.0
_SUBDATASET = re.compile(r"""(?:HDF5|NETCDF):["']?(?P<path>.+?)["']?:[^:\\]*(?:\|.*)?""")


class ProgramError(Exception):
    """The program is missing or could not do what was asked; the message is a sentence."""


class Canceled(ProgramError):
    """The user has stopped the program."""


def find_program(setting: str = "", folder: Path = Path(__file__).parent) -> list[str]:
    """Where the program is: what the user says, else what installed the plugin, else on the path.

    Parameters
    ----------
    setting : str
        The path or command that the user set in QGIS; may be empty.
    folder : Path
        Of the plugin.

    Returns
    -------
    list of str
        The words that a command begins with.

    Raises
    ------
    ProgramError
        If it is nowhere.
    """
    said = setting.strip() or os.environ.get(VARIABLE, "").strip()
    recorded = folder / COMMAND_NAME
    if said:
        words = [said] if Path(said).is_file() else shlex.split(said, posix=os.name != "nt")
    elif recorded.is_file():
        words = json.loads(recorded.read_text(encoding="utf-8"))
    else:
        words = ["unmix"]
    found = shutil.which(words[0])
    if found is None:
        raise ProgramError(
            f"The program {words[0]!r} is not there. Install unmix (pip install unmix) and run "
            "`unmix qgis --install`, or name the program in Settings > Options > Processing > "
            "Providers > unmix."
        )
    return [found, *words[1:]]


def run_program(
    command: Sequence[str],
    on_progress: Callable[[str, float], None],
    on_text: Callable[[str], None],
    is_canceled: Callable[[], bool],
    accepted: Sequence[int] = (0,),
) -> str:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
    on_progress : callable
        Called with a stage and the share of it that is done, 0 to 1.
    on_text : callable
        Called with every other line that the command says.
    is_canceled : callable
        Asked ten times a second; the command is stopped as soon as it says True.
    accepted : sequence of int
        Exit codes of success.

    Returns
    -------
    str
        The command's standard output.

    Raises
    ------
    Canceled
        If it was stopped.
    ProgramError
        With the command's own sentence, if it failed.
    """
    said: list[str] = []
    with tempfile.TemporaryFile() as answer, _started(command, answer) as process:
        try:
            for line in _lines(process, is_canceled):
                found = share_of(line)
                if found is not None:
                    on_progress(*found)
                elif line.strip():
                    said.append(line)
                    on_text(line)
            code = process.wait()
        finally:
            _stop(process)
        if code not in accepted:
            raise ProgramError(_reason(said, code))
        answer.seek(0)
        return answer.read().decode("utf-8", errors="replace")


def share_of(line: str) -> tuple[str, float] | None:
    """The stage and share that a line of progress tells; None of any other line.

    Examples
    --------
    >>> share_of('{"stage": "mapping", "share": 0.25}')
    ('mapping', 0.25)
    >>> share_of("Warning: the scene has no wavelengths.")
    """
    if not line.startswith("{"):
        return None
    try:
        told = json.loads(line)
        return str(told["stage"]), float(told["share"])
    except (ValueError, KeyError, TypeError):
        return None


def file_of(source: str) -> str:
    """The file that a raster layer of QGIS comes from.

    Examples
    --------
    >>> file_of('HDF5:"/data/EMIT_L2A.nc"://reflectance')
    '/data/EMIT_L2A.nc'
    >>> file_of("C:/data/scene.dat|option:INTERLEAVE=BIL")
    'C:/data/scene.dat'
    """
    found = _SUBDATASET.fullmatch(source)
    return found["path"] if found else source.partition("|")[0]


def environment() -> dict[str, str]:
    """Variables for the program: those of QGIS but what belongs to its own Python and GDAL."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "UNMIX_PROGRESS": "json", "PYTHONIOENCODING": "utf-8"}


def _started(command: Sequence[str], answer: IO[bytes]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            env=environment(),
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise ProgramError(f"{command[0]} cannot be started: {error}.") from error


def _lines(process: subprocess.Popen[str], is_canceled: Callable[[], bool]) -> Iterator[str]:
    """What the process says, line by line, until it ends."""
    waiting: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_listen, args=(process.stderr, waiting), daemon=True).start()
    while True:
        if is_canceled():
            raise Canceled("Stopped. Nothing was written.")
        try:
            line = waiting.get(timeout=CANCEL_S)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line


def _listen(stream: IO[str], waiting: queue.Queue[str | None]) -> None:
    for line in stream:
        waiting.put(line.rstrip())
    waiting.put(None)


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process if it still runs: politely, since it then takes away what is half done."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _reason(said: Sequence[str], code: int) -> str:
    """Why it failed: its own sentence, or the end of what it said."""
    errors = [line for line in said if line.startswith("Error: ")]
    if errors:
        return errors[-1][len("Error: ") :]
    return f"unmix ended with {code}. It said last: {' / '.join(said[-5:]) or 'nothing'}"
