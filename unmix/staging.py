"""A folder that appears under its name only when it is whole."""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unmix.errors import OutputError

RECORD_NAME = "run.json"
"""The record of a run, by which a folder is known as one that we wrote."""


@contextmanager
def staged_folder(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A fresh folder beside the target that becomes the target when the block ends well.

    Whatever goes wrong inside, an interrupt included, nothing of it stays.

    Parameters
    ----------
    target : Path
        New or empty; with ``overwrite`` also a folder that holds the record of an earlier run.
    overwrite : bool

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    OutputError
        If the target is in use or cannot be made.
    """
    target = target.absolute()
    check_free(target, overwrite=overwrite)
    parents = _missing_parents(target)
    staged = target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")
    try:
        staged.mkdir(parents=True)
        yield staged
        _move_into_place(staged, target)
    except BaseException as error:
        shutil.rmtree(staged, ignore_errors=True)
        for parent in parents:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            raise OutputError(f"{target} cannot be written: {error}.") from error
        raise


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a run into its folder."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    # what is no character, as in names of files that are not UTF-8, becomes an escape of JSON
    (folder / RECORD_NAME).write_text(text, encoding="utf-8", errors="backslashreplace")


def check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that would cost somebody something.

    Raises
    ------
    OutputError
        If the target is a file, or a folder in use that may not be overwritten.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"`folder` {target} is a file. Name a folder for the results.")
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not overwrite:
        raise OutputError(
            f"`folder` {target} already exists and is not empty. Name another one, or replace it "
            "with `overwrite=True`."
        )
    if not (target / RECORD_NAME).is_file():
        raise OutputError(
            f"{target} is not the result of an earlier run ({RECORD_NAME} is missing), so it is "
            "not overwritten. Name another `folder`."
        )


def _missing_parents(target: Path) -> list[Path]:
    """Folders above the target that are not there yet, innermost first."""
    return [parent for parent in target.parents if not parent.exists()]


def _move_into_place(staged: Path, target: Path) -> None:
    """Swap the finished folder in; an earlier one is deleted only after that."""
    if not target.exists():
        staged.rename(target)
        return
    earlier = target.with_name(f".{target.name}.earlier-{secrets.token_hex(4)}")
    target.rename(earlier)
    try:
        staged.rename(target)
    except OSError:
        earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
