"""One entry of the list of formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scenes.formats.contents import Contents


@dataclass(frozen=True)
class Format:
    """A format that `scenes.open_scene` knows.

    Examples
    --------
    >>> def read(path: Path) -> Contents: ...
    >>> Format("plain text", lambda path: path.suffix == ".txt", read).recognises(Path("x.tif"))
    False
    """

    name: str
    """As people call it."""

    recognises: Callable[[Path], bool]
    """Whether a path is one of this format: a file that is not empty, or a folder.

    Decided cheaply and without a warning, by its name, the files beside it, and the first bytes
    of containers such as TIFF and HDF5. It raises nothing but `SceneFileError`.
    """

    read: Callable[[Path], Contents]
    """Reads what a path of this format says about itself; not yet its pixels."""
