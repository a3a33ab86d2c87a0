"""Compressed ENVI data (``file compression = 1``: the whole data file is one gzip stream).

A gzip stream can be read from its beginning only, so there is no honest way to read a window of
it. It is unpacked once into a temporary file, which is never larger than the header promises, when
pixels are read for the first time in a process; it goes away with the reader.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import threading
import weakref
import zlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from scenes.bands import IndexArray
from scenes.errors import SceneFileError
from scenes.formats.envi_pixels import GZIP_MAGIC, EnviPixels
from scenes.pixels import RawArray

_CHUNK_BYTES = 2**20
_MOST_PER_BYTE = 1032  # DEFLATE codes at most 258 bytes in 2 bits (RFC 1951, 3.2.5)
_FRAME_BYTES = 18  # header and trailer of a gzip member (RFC 1952)


class PackedPixels:
    """Raw numbers of a compressed ENVI data file (a `PixelReader`).

    Parameters
    ----------
    packed : EnviPixels
        What the header says; its `path` is the compressed file.

    Raises
    ------
    SceneFileError
        If the file is no gzip stream, or is found to hold less or more than the header promises.
        A stream that looks right is found out only when it is read.
    """

    def __init__(self, packed: EnviPixels) -> None:
        self._packed = packed
        self._plain: EnviPixels | None = None
        self._lock = threading.Lock()
        n_packed = packed.path.stat().st_size
        if packed.n_bytes > n_packed * _MOST_PER_BYTE:
            raise SceneFileError(
                f"{packed.path} has {n_packed} compressed bytes, which cannot hold the "
                f"{packed.n_bytes} bytes that its header promises. The header is wrong, or the "
                "file is truncated."
            )
        if n_packed < _FRAME_BYTES or _declared_bytes(packed.path) != packed.n_bytes % 2**32:
            self._unpacked()  # refuses it, unless the stream is one of several members

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the raw numbers."""
        return self._packed.dtype

    @property
    def n_bands(self) -> int:
        """Number of bands in the file."""
        return self._packed.n_bands

    @property
    def height(self) -> int:
        """Number of rows."""
        return self._packed.height

    @property
    def width(self) -> int:
        """Number of columns."""
        return self._packed.width

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns that are best read together."""
        return self._packed.block_shape

    @property
    def cheap_rows(self) -> bool:
        """Whether a row takes no longer by itself."""
        return self._packed.cheap_rows

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first.

        Raises
        ------
        SceneFileError
            If the stream is damaged, or is not as long as the header promises, or the folder for
            temporary files has not enough room.
        """
        return self._unpacked().read(row, column, height, width, bands)

    def __getstate__(self) -> dict[str, Any]:
        return {"_packed": self._packed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._packed = state["_packed"]
        self._plain = None
        self._lock = threading.Lock()

    def _unpacked(self) -> EnviPixels:
        with self._lock:
            if self._plain is None:
                path = _unpack(self._packed.path, self._packed.n_bytes)
                weakref.finalize(self, _remove, path, os.getpid())
                self._plain = replace(self._packed, path=path)
            return self._plain


def _declared_bytes(path: Path) -> int:
    """Length of the last member of a gzip stream, modulo 2**32, from its trailer."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def _unpack(packed: Path, n_bytes: int) -> Path:
    """Unpack into a temporary file that must become exactly so long."""
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise SceneFileError(
            f"{packed} is compressed and needs {n_bytes} bytes in {folder}, which has {free} left. "
            "Set TMPDIR to a larger folder."
        )
    handle, name = tempfile.mkstemp(prefix="scene-", suffix=".raw", dir=folder)
    path = Path(name)
    with ExitStack() as stack:
        stack.callback(path.unlink)
        try:
            _copy_plain(packed, os.fdopen(handle, "wb"), n_bytes)
        except (OSError, EOFError, zlib.error) as error:
            if isinstance(error, SceneFileError):
                raise
            raise SceneFileError(
                f"{packed} cannot be unpacked: {error}. The file is damaged or truncated."
            ) from None
        stack.pop_all()
    return path


def _copy_plain(packed: Path, target: IO[bytes], n_bytes: int) -> None:
    with target as plain, gzip.open(packed) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if plain.tell() + len(chunk) > n_bytes:
                raise _wrong_length(packed, "more than", n_bytes)
            plain.write(chunk)
        if plain.tell() < n_bytes:
            raise _wrong_length(packed, f"{plain.tell()} of", n_bytes)


def _wrong_length(packed: Path, found: str, n_bytes: int) -> SceneFileError:
    return SceneFileError(
        f"{packed} holds {found} the {n_bytes} bytes that its header promises. The header belongs "
        "to another file, or the file is damaged."
    )


def _remove(path: Path, process: int) -> None:
    """Remove a temporary file, but not in a fork of the process that made it."""
    if os.getpid() == process:
        path.unlink(missing_ok=True)


def is_gzip(path: Path) -> bool:
    """Whether a file begins as a gzip stream."""
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
