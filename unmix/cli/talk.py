"""What the commands say while they work: progress and warnings, all on stderr.

People see progress bars. With the environment variable ``UNMIX_PROGRESS=json`` programs read a line
such as ``{"stage": "mapping", "share": 0.25}`` for every percent of a stage; all else that is said
stays in plain sentences. The QGIS plugin reads it so.
"""

import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import click
from tqdm import tqdm

from scenes.errors import SceneWarning
from unmix.errors import UnmixError, UnmixWarning

OPEN_ENDED = {"learning"}
"""Stages whose share done says little about the time left, which is not shown for them."""
SHOWN_AFTER_S = 1.0
"""Stages that are over sooner need no bar."""
TIMED = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
UNTIMED = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
VARIABLE = "UNMIX_PROGRESS"
WAYS = ("bar", "json")


class Talk:
    """Progress, one bar for each stage that lasts over a second, and the warnings given.

    Parameters
    ----------
    for_programs : bool
        Lines of JSON take the place of bars.
    """

    def __init__(self, for_programs: bool = False) -> None:
        self.warnings: list[str] = []
        self._for_programs = for_programs
        self._said = -1
        self._stage = ""
        self._bar: tqdm[None] | None = None

    def progress(self, stage: str, share: float) -> None:
        """Say which share of a stage is done."""
        if self._for_programs:
            self._say_share(stage, share)
        else:
            self._move_bar(stage, share)

    def _say_share(self, stage: str, share: float) -> None:
        percent = int(100 * share)
        if stage != self._stage or percent > self._said:
            self._stage, self._said = stage, percent
            click.echo(json.dumps({"stage": stage, "share": round(share, 4)}), err=True)

    def _move_bar(self, stage: str, share: float) -> None:
        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = tqdm(
                total=1.0,
                desc=stage,
                delay=SHOWN_AFTER_S,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
                disable=None,
                bar_format=UNTIMED if stage in OPEN_ENDED else TIMED,
            )
        if self._bar is not None:
            self._bar.update(share - self._bar.n)

    def warn(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Say a warning; takes the place of `warnings.showwarning`."""
        self.say(str(message))

    def say(self, message: str) -> None:
        """Say a warning once, as a plain sentence."""
        if message not in self.warnings:
            self.warnings.append(message)
            tqdm.write(f"Warning: {message}", file=sys.stderr)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def at_work() -> Iterator[Talk]:
    """Progress, warnings as plain sentences, and a clean end when asked to terminate.

    Yields
    ------
    Talk
        Its ``progress`` is the callback for the library.

    Raises
    ------
    UnmixError
        If ``UNMIX_PROGRESS`` is neither ``bar`` nor ``json``.
    """
    way = os.environ.get(VARIABLE) or WAYS[0]
    if way not in WAYS:
        raise UnmixError(f"{VARIABLE} is {way!r}, but must be one of {', '.join(WAYS)}.")
    talk = Talk(for_programs=way == "json")
    with warnings.catch_warnings(), _terminable():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", SceneWarning)
        warnings.simplefilter("always", UnmixWarning)
        warnings.showwarning = talk.warn
        try:
            yield talk
        finally:
            talk.close()


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that nothing stays half-written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise click.exceptions.Exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
