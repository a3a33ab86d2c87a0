"""The plain numbers of an ENVI data file.

The file is open only as long as one read, so memory stays bounded and nothing open is pickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenes.bands import IndexArray
from scenes.errors import SceneFileError
from scenes.formats.contents import warn
from scenes.formats.planes import empty_planes, pixels_from_lines, pixels_from_planes
from scenes.pixels import RawArray

GZIP_MAGIC = b"\x1f\x8b"
"""First bytes of a gzip stream (RFC 1952, 2.3.1)."""

_BSQ_ROWS = 16  # rows read together at least, as each band means one more seek


@dataclass(frozen=True)
class EnviPixels:
    """Raw numbers of an ENVI data file (a `PixelReader`).

    Parameters
    ----------
    path : Path
        The data file.
    dtype : numpy.dtype
        Type of the numbers, byte order included.
    n_bands, height, width : int
        Bands, lines and samples.
    interleave : {"bsq", "bil", "bip"}
        Order of the numbers in the file.
    offset : int
        Bytes before the first number.
    """

    path: Path
    dtype: np.dtype[Any]
    n_bands: int
    height: int
    width: int
    interleave: str
    offset: int = 0

    @property
    def n_bytes(self) -> int:
        """Size the file must have at least."""
        return self.offset + self.n_bands * self.height * self.width * self.dtype.itemsize

    @property
    def block_shape(self) -> tuple[int, int]:
        """Whole lines; many of them where bands lie far apart."""
        return (_BSQ_ROWS if self.interleave == "bsq" else 1), self.width

    @property
    def cheap_rows(self) -> bool:
        """Whether a row takes no longer by itself: it is one piece of the file."""
        return self.interleave != "bsq"

    def check_size(self) -> None:
        """Compare the size of the file with what the header promises.

        Raises
        ------
        SceneFileError
            If the file is shorter (GDAL would give zeros for the missing end).

        Warns
        -----
        SceneWarning
            If it is longer.
        """
        n_found = self.path.stat().st_size
        described = (
            f"{self.height} lines x {self.width} samples x {self.n_bands} bands of "
            f"{self.dtype.name}"
        )
        if n_found < self.n_bytes:
            raise SceneFileError(
                f"{self.path} has {n_found} bytes, but its header promises {self.n_bytes} "
                f"({described}). {self._why_short()}"
            )
        if n_found > self.n_bytes:
            warn(
                f"{self.path.name} has {n_found - self.n_bytes} bytes more than its header says "
                f"({described}); they are ignored."
            )

    def _why_short(self) -> str:
        with self.path.open("rb") as file:
            if file.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
                return (
                    "It begins as gzip does: if it is compressed, the header needs the line "
                    "`file compression = 1`."
                )
        return "The file is truncated, or the header belongs to another file."

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first.

        Raises
        ------
        SceneFileError
            If the file is gone, or shorter than it was.
        """
        try:
            if width < self.width:
                return self._narrow(row, column, height, width, bands)
            if self.interleave == "bsq":
                return self._planes(row, height, bands)
            return self._lines(row, height, bands)
        except (OSError, ValueError) as error:
            raise SceneFileError(f"{self.path} cannot be read: {error}.") from None

    def _planes(self, row: int, height: int, bands: IndexArray) -> RawArray:
        """Read whole lines of a bsq file, one piece for each band.

        A memory map would be as fast, but keeps far more of the file resident than was read.
        """
        planes = empty_planes(bands.size, height * self.width, self.dtype)
        line_bytes = self.width * self.dtype.itemsize
        with self.path.open("rb") as file:
            for plane, band in zip(planes, bands.tolist(), strict=True):
                file.seek(self.offset + (band * self.height + row) * line_bytes)
                if file.readinto(plane.view(np.uint8).data) != plane.nbytes:
                    raise ValueError(f"it ends in band {band + 1}")
        return pixels_from_planes(planes)

    def _lines(self, row: int, height: int, bands: IndexArray) -> RawArray:
        """Read whole lines of a bil or bip file in one piece, and keep the bands asked for."""
        line_numbers = self.n_bands * self.width
        start = self.offset + row * line_numbers * self.dtype.itemsize
        numbers = np.fromfile(self.path, self.dtype, height * line_numbers, offset=start)
        if numbers.size != height * line_numbers:
            raise ValueError(f"it ends within lines {row + 1} to {row + height}")
        if self.interleave == "bil":
            lines = numbers.reshape(height, self.n_bands, self.width)
            return pixels_from_lines(lines[:, _as_slice(bands)])
        pixels = numbers.reshape(height * self.width, self.n_bands)
        return np.ascontiguousarray(pixels[:, _as_slice(bands)])

    def _narrow(
        self, row: int, column: int, height: int, width: int, bands: IndexArray
    ) -> RawArray:
        """Read a part of some lines through a memory map."""
        sizes = {"b": self.n_bands, "l": self.height, "s": self.width}
        cut = {"b": _as_slice(bands), "l": slice(row, row + height)}
        cut["s"] = slice(column, column + width)
        order = {"bsq": "bls", "bil": "lbs", "bip": "lsb"}[self.interleave]
        shape = tuple(sizes[axis] for axis in order)
        numbers = np.memmap(self.path, self.dtype, mode="r", offset=self.offset, shape=shape)
        part = np.asarray(numbers[tuple(cut[axis] for axis in order)])
        pixels = part.transpose([order.index(axis) for axis in "lsb"])
        return np.array(pixels, order="C").reshape(height * width, bands.size)


def _as_slice(bands: IndexArray) -> slice | IndexArray:
    """Turn consecutive band numbers into a slice, which needs no copy."""
    first = int(bands[0])
    if np.array_equal(bands, np.arange(first, first + bands.size)):
        return slice(first, first + bands.size)
    return bands
