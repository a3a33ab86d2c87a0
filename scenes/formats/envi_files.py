"""Finding the data file that belongs to a header, and the header that belongs to a data file."""

from __future__ import annotations

from pathlib import Path

from scenes.envi_header import is_envi_header
from scenes.errors import SceneFileError

DATA_SUFFIXES = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw", ".bin", ".cube", ".tif")
"""Usual ends of the name of an ENVI data file, in the order in which they are tried."""

_NEVER_DATA = frozenset(
    ".hdr .xml .aux .prj .txt .csv .json .png .jpg .jpeg .ovr .enp .sta .log .pdf .md .zip .gz"
    " .kml .kmz .shp .shx .dbf .qml .sli .npz .properties .tfw .stx .clr".split()
)


def find_header(data: Path) -> Path | None:
    """Find the header of a data file: ``x.img.hdr`` or ``x.hdr``, in any letter case.

    Returns
    -------
    Path or None
        None if there is no ENVI or ESRI header beside the file.
    """
    if data.suffix.lower() in _NEVER_DATA - {".sli"}:
        return None
    wanted = [f"{data.name}.hdr", f"{data.stem}.hdr"]
    for header in _siblings(data.parent, wanted):
        if header != data and (is_envi_header(header) or is_esri_header(header)):
            return header
    return None


def find_data(header: Path, interleave: str, n_bytes: int) -> Path:
    """Find the data file of a header, by name and size and never by its contents.

    Parameters
    ----------
    header : Path
        ``x.hdr`` or ``x.img.hdr``.
    interleave : str
        An end of the name that is tried early.
    n_bytes : int
        Size that the data file should have at least.

    Raises
    ------
    SceneFileError
        If there is no file that could be it.
    """
    base = header.name[: -len(".hdr")]
    own = [f".{interleave}"] if interleave else []
    suffixes = list(dict.fromkeys(["", *own, *DATA_SUFFIXES]))
    candidates = _siblings(header.parent, [base + suffix for suffix in suffixes])
    if not candidates:
        candidates = [
            path
            for path in sorted(header.parent.iterdir())
            if path.is_file() and path.stem == base and path.suffix.lower() not in _NEVER_DATA
        ]
    if not candidates:
        looked_for = ", ".join(base + suffix for suffix in suffixes[:5])
        raise SceneFileError(
            f"the header {header} has no data file beside it: looked for {looked_for} and the "
            "like. Put the data file next to its header, under the same name."
        )
    large = [path for path in candidates if path.stat().st_size >= n_bytes]
    return (large or candidates)[0]


def is_esri_header(path: Path) -> bool:
    """Whether a header is one of ESRI's (``NROWS 7``, ``LAYOUT BIL``), which is not ENVI's."""
    with path.open("rb") as file:
        words = file.read(4096).upper().split()
    return b"NROWS" in words and b"NCOLS" in words


def _siblings(folder: Path, names: list[str]) -> list[Path]:
    """Files of a folder with these names, in this order; exact letter case goes first."""
    wanted = {name.lower() for name in names}
    try:
        alike = sorted(path for path in folder.iterdir() if path.name.lower() in wanted)
        present = [path for path in alike if path.is_file()]
    except OSError as error:
        raise SceneFileError(f"the folder {folder} cannot be listed: {error.strerror}.") from None
    found: dict[Path, None] = {}
    for name in names:
        same = [path for path in present if path.name == name]
        alike = [path for path in present if path.name.lower() == name.lower()]
        found.update(dict.fromkeys(same + alike))
    return list(found)
