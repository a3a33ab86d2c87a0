"""How an ENVI header is called, and whose it is."""

from __future__ import annotations

from pathlib import Path

from scenes.errors import SceneError, SceneFileError
from scenes.formats.envi_files import DATA_SUFFIXES

_SUFFIXES = frozenset({*DATA_SUFFIXES, ".sli"})


def header_path(data_path: Path) -> Path:
    """Name of the ENVI header that belongs to a data file.

    The extension of the data file is replaced when it is one that data files have; any other
    dot belongs to the name, so that ``line.1`` and ``line.2`` do not share a header.

    Raises
    ------
    SceneError
        If the data file is called ``.hdr`` itself.

    Examples
    --------
    >>> header_path(Path("scene.img")).name, header_path(Path("line.2")).name
    ('scene.hdr', 'line.2.hdr')
    """
    if data_path.suffix.lower() == ".hdr":
        raise SceneError(f"{data_path} names a header. Give the data file, such as .img or .sli.")
    if data_path.suffix.lower() in _SUFFIXES:
        return data_path.with_suffix(".hdr")
    return data_path.with_name(f"{data_path.name}.hdr")


def claim_header(data_path: Path) -> Path:
    """Name of the header to write for a data file, which must not be that of another file.

    Raises
    ------
    SceneFileError
        If there is a header of this name, but no such data file for it to belong to.
    """
    header = header_path(data_path)
    if header.exists() and not data_path.exists():
        raise SceneFileError(
            f"{data_path} needs the header {header.name}, which belongs to another file there. "
            "Choose another name."
        )
    return header
