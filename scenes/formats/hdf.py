"""HDF5 files (netCDF-4 files are HDF5 files too): a look inside, and one sentence when it fails.

h5py is imported when such a file is met, and not before: it is an extra of this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from scenes.bands import FloatArray
from scenes.errors import SceneError, SceneFileError
from scenes.formats.contents import Contents
from scenes.formats.entry import Format

SUFFIXES = frozenset({".h5", ".he5", ".hdf5", ".nc"})
"""Ends of names that HDF5 files have; others are never opened as one."""

_MAGIC = b"\x89HDF\r\n\x1a\n"
_REAL = "biuf"  # kinds of numbers that are real
_CACHE_BYTES = 32 * 2**20  # unpacked chunks of one dataset, while one read goes through its bands
_ODD_TYPES = (TypeError, ValueError)  # raised by h5py where NumPy has no such type
_USER_BLOCKS = (0, 512, 1024, 2048)  # where the signature may stand (HDF5 specification, II.A)


class Hdf:
    """An open HDF5 file; what is missing is an error that names it.

    Parameters
    ----------
    path : Path
        Where it lies.
    file : h5py.File
        Open for reading.
    """

    def __init__(self, path: Path, file: Any) -> None:  # noqa: ANN401
        self.path = path
        self._file = file

    def names(self, group: str = "/") -> list[str]:
        """Names of what a group holds; empty when there is no such group."""
        found = self._file.get(group)
        return sorted(map(_as_text, found)) if hasattr(found, "keys") else []

    def __contains__(self, name: str) -> bool:
        return name in self._file

    def dataset(self, name: str) -> Any:  # noqa: ANN401
        """Give a dataset.

        Raises
        ------
        SceneError
            If there is no dataset of that name.
        SceneFileError
            If its numbers are of a type that NumPy does not know.
        """
        found = self._file.get(name)
        if found is None or not hasattr(found, "shape"):
            group = name.rpartition("/")[0] or "/"
            holds = ", ".join(self.names(group)[:8]) or "nothing"
            raise SceneError(
                f"{self.path} has no dataset {name!r} ({group} holds {holds}). "
                "The file is incomplete, or its product version is not known here."
            )
        try:
            found.dtype  # noqa: B018  # h5py looks at the type only now
        except _ODD_TYPES as error:
            raise SceneFileError(
                f"{self.path}: {name} holds a type that cannot be read ({error}). "
                "The file is damaged, or not of the product that it seems to be."
            ) from None
        return found

    def numbers(self, name: str) -> FloatArray:
        """Read a whole (short) dataset as one row of float64.

        Raises
        ------
        SceneError
            If it is missing, or holds no numbers.
        """
        found = np.asarray(self.dataset(name)[()])
        if found.dtype.kind not in _REAL:
            raise SceneError(f"{self.path}: {name} holds {found.dtype}, where numbers should be.")
        return found.astype(np.float64).ravel()

    def text_of(self, name: str) -> str:
        """Read a dataset that holds one text."""
        return _as_text(self.dataset(name)[()])

    def attributes(self, of: str = "/") -> dict[str, Any]:
        """Attributes of the file, a group or a dataset; empty when there is no such thing.

        Those of a type that NumPy does not know are left out.
        """
        found, readable = self._file.get(of), {}
        for key in () if found is None else found.attrs:
            with suppress(*_ODD_TYPES):
                readable[_as_text(key)] = found.attrs[key]
        return readable

    def attribute(self, name: str, of: str = "/") -> Any:  # noqa: ANN401
        """Give one attribute.

        Raises
        ------
        SceneError
            If it is missing.
        """
        found = self.attributes(of)
        if name not in found:
            where = "the file" if of == "/" else of
            raise SceneError(
                f"{self.path}: {where} has no attribute {name!r}. "
                "The file is incomplete, or its product version is not known here."
            )
        return found[name]

    def list_attribute(self, name: str, of: str = "/") -> FloatArray:
        """Give an attribute that is a number or a list of numbers, also one written as text.

        Raises
        ------
        SceneError
            If it is missing, or holds something else.
        """
        value = self.attribute(name, of)
        try:
            if np.asarray(value).dtype.kind in "SUO":
                value = _as_text(value).replace(",", " ").split()
            elif np.asarray(value).dtype.kind not in _REAL:
                raise TypeError(f"it holds {np.asarray(value).dtype}")
            numbers = np.asarray(value, dtype=np.float64).ravel()
        except (TypeError, ValueError) as error:
            raise SceneError(f"{self.path}: the attribute {name!r} is odd ({error}).") from None
        if numbers.size == 0:
            raise SceneError(f"{self.path}: the attribute {name!r} is empty.")
        return numbers

    def whole_number_attribute(self, name: str, of: str = "/") -> int:
        """Give an attribute that is a whole number, such as a code.

        Raises
        ------
        SceneError
            If it is missing, or holds something else.
        """
        number = float(self.list_attribute(name, of)[0])
        if not number.is_integer():
            raise SceneError(f"{self.path}: the attribute {name!r} is {number:g}, no whole number.")
        return int(number)

    def text_attribute(self, name: str, of: str = "/") -> str:
        """Give an attribute that is a text."""
        return _as_text(self.attribute(name, of))

    def metadata(self) -> dict[str, str]:
        """Short attributes of the file, as text."""
        found = {key: _as_text(value) for key, value in self.attributes().items()}
        return {key: text for key, text in found.items() if len(text) <= 1000}


@contextmanager
def open_hdf(path: Path) -> Iterator[Hdf]:
    """Open a file for a look at it, or for one read.

    Raises
    ------
    SceneError
        If h5py is not installed.
    SceneFileError
        If the file cannot be opened or read: it is gone, damaged or truncated.
    """
    try:
        import h5py
    except ImportError:
        raise SceneError(
            f"{path} is an HDF5 file, for which h5py is needed: "
            '`pip install "unmix[hdf]"`, or `pip install h5py`.'
        ) from None
    try:
        with h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES) as file:
            yield Hdf(path, file)
    except (SceneError, ImportError):
        raise
    except (OSError, RuntimeError, KeyError) as error:
        raise SceneFileError(
            f"{path} cannot be read as HDF5: {error}. The file is damaged or truncated, or packed "
            "by a filter that h5py does not have."
        ) from None


def is_hdf(path: Path) -> bool:
    """Whether a file is named and begins like an HDF5 file.

    Examples
    --------
    >>> is_hdf(Path("scene.tif"))
    False
    """
    head = _head(path)
    return any(head[start : start + len(_MAGIC)] == _MAGIC for start in _USER_BLOCKS)


def _head(path: Path) -> bytes:
    """The first bytes of a file that is named like an HDF5 file; none of any other."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_USER_BLOCKS[-1] + len(_MAGIC))
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None


def holds(path: Path, *names: str) -> bool:
    """Whether a file is an HDF5 file that can be opened and holds any of these.

    Parameters
    ----------
    path : Path
    names : str
        Groups or datasets.
    """
    if not is_hdf(path):
        return False
    try:
        with open_hdf(path) as hdf:
            return any(name in hdf for name in names)
    except SceneError:  # said when the file is read after all
        return False


def _as_text(value: Any) -> str:  # noqa: ANN401
    """Write what HDF5 holds as text."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").rstrip("\0").strip()
    return str(value).encode("utf-8", errors="replace").decode("utf-8").strip()


def _is_classic(path: Path) -> bool:
    """Whether a file is netCDF-3, which has the same names but is something else."""
    return _head(path).startswith(b"CDF")


def _refuse(path: Path) -> Contents:
    """Say why no product took an HDF5 file."""
    if _is_classic(path):
        raise SceneFileError(f"{path} is a netCDF-3 file. Read are HDF5 and netCDF-4 products.")
    with open_hdf(path) as hdf:
        inside = ", ".join(hdf.names()[:8]) or "nothing"
    raise SceneError(
        f"{path} is an HDF5 file of none of the known products (EMIT, PRISMA, AVIRIS-3, Tanager, "
        f"NEON); it holds {inside}. Convert it to ENVI or GeoTIFF."
    )


FORMAT = Format("HDF5", lambda path: is_hdf(path) or _is_classic(path), _refuse)
