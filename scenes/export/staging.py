"""Files that appear whole or not at all: they grow in a hidden folder beside their target."""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from scenes.errors import SceneFileError


class Staging:
    """A hidden folder beside the target; what lies in it is moved into place, or forgotten.

    The folder is on the target's file system, so that moving is only renaming. Leaving the
    ``with`` block removes the folder with all that is still in it, whatever the reason.

    Parameters
    ----------
    target : Path
        The file that is to appear.
    n_bytes : int, optional
        How large the files may become together, for the message when the disk is full.
    """

    def __init__(self, target: Path, n_bytes: int | None = None) -> None:
        self.target = target
        self.n_bytes = n_bytes
        self._folder: Path | None = None

    def __enter__(self) -> Staging:
        if self.target.is_dir():
            raise SceneFileError(f"{self.target} is a folder. Give the name of a file instead.")
        parent = self.target.parent
        try:
            folder = tempfile.mkdtemp(prefix=f".{self.target.name}.", dir=parent)
        except FileNotFoundError:
            raise SceneFileError(
                f"{self.target} cannot be written: the folder {parent} does not exist."
            ) from None
        except OSError as error:
            raise self.failure(error) from error
        self._folder = Path(folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def file(self, target: Path) -> Path:
        """Where the file that will be called `target` grows."""
        assert self._folder is not None, "a Staging is used inside its `with` block"
        return self._folder / target.name

    def require_space(self) -> None:
        """Refuse at once what the disk cannot hold.

        Raises
        ------
        SceneFileError
            If fewer bytes are free than the files are sure to need.
        """
        if self.n_bytes is not None and _free_bytes(self.target.parent) < self.n_bytes:
            raise self.failure("there is not enough room on the disk")

    def move_into_place(self, targets: Sequence[Path]) -> None:
        """Give the finished files their names, in this order; all of them or none.

        A leftover ``.aux.xml`` of a replaced file is removed: it describes the old one.

        Raises
        ------
        SceneFileError
            If a file cannot be moved; those already moved are removed again.
        """
        moved: list[Path] = []
        try:
            for target in targets:
                self.file(target).replace(target)
                moved.append(target)
                self._move_auxiliary(target)
        except BaseException as error:
            for target in moved:
                target.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self.failure(error) from error
            raise

    def _move_auxiliary(self, target: Path) -> None:
        """Let GDAL's sidecar follow its file, where there is one, and remove an outdated one."""
        auxiliary = target.with_name(f"{target.name}.aux.xml")
        if self.file(auxiliary).exists():
            self.file(auxiliary).replace(auxiliary)
        else:
            auxiliary.unlink(missing_ok=True)

    def failure(self, reason: Exception | str) -> SceneFileError:
        """Say in one sentence that the target could not be written, and how much room there is."""
        if isinstance(reason, OSError) and reason.strerror:
            reason = reason.strerror
        room = f"{_size_text(_free_bytes(self.target.parent))} free in {self.target.parent}"
        if self.n_bytes is not None:
            room += f", up to {_size_text(self.n_bytes)} needed"
        text = " ".join(str(reason).split()).rstrip(".")
        if self._folder is not None:
            text = text.replace(f"{self._folder}/", "")  # nobody needs to know where it grew
        return SceneFileError(f"{self.target} could not be written: {text} ({room}).")


class FinishedWhole(ABC):
    """Parent of the writers: the end of a ``with`` block finishes the file, if it ends well."""

    _stack: ExitStack
    """What was opened when the block began, to be let go in any case."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack:
            if kind is None:
                self._finish()

    @abstractmethod
    def _finish(self) -> None:
        """Put the file in its place."""


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _size_text(n_bytes: int) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> _size_text(9_600_000_000), _size_text(312)
    ('9.6 GB', '312 bytes')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
