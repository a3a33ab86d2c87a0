"""Opening scenes: one door for every format.

A format is one function that takes a path and returns `Contents`. Which one reads a file is
decided by its name and by the header beside it; magic bytes count only for files named like a
TIFF, since plain numbers may begin with anything.
"""

from __future__ import annotations

from pathlib import Path

from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneFileError
from scenes.formats.contents import Contents
from scenes.formats.envi import read_envi
from scenes.formats.envi_files import find_data, find_header, is_esri_header
from scenes.formats.geotiff import read_geotiff
from scenes.scene import Scene

_TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".gtif", ".gtiff"})
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

__all__ = ["open_scene"]


def open_scene(
    path: str | Path, *, scale: float | None = None, nodata: float | None = None
) -> Scene:
    """Open a scene: an ENVI image, a GeoTIFF, or an image with an ESRI header.

    Nothing but headers is read. Every format gives wavelengths in nanometres, reflectance after
    the scale of the file, bad bands and nodata, and the whole transform, rotation included.

    Parameters
    ----------
    path : str or Path
        The data file or its ``.hdr``; the other one is looked for beside it.
    scale : float, optional
        The raw number that means reflectance 1, such as 10000; overrules the file.
    nodata : float, optional
        The raw number that means "no data"; overrules the file.

    Returns
    -------
    Scene

    Raises
    ------
    SceneFileError
        If the file, its header or its data are missing, truncated, or no raster.
    SceneError
        If it is something else than a scene: one band, complex numbers, a spectral library.

    Warns
    -----
    SceneWarning
        If something odd was mended or assumed; each message says what.
    """
    path = Path(path)
    _check_is_file(path)
    return _contents(path).to_scene(scale, nodata)


def _contents(path: Path) -> Contents:
    """Let the format that can read a file read it."""
    if _is_named_and_made_as_tiff(path):
        return read_geotiff(path)
    if path.suffix.lower() == ".hdr":
        return _contents_of_header(path, None)
    header = find_header(path)
    if header is not None:
        return _contents_of_header(header, path)
    try:
        return read_geotiff(path)
    except SceneFileError:
        raise SceneFileError(
            f"{path} is no raster that can be read: there is no ENVI header beside it "
            f"({path.name}.hdr or {path.stem}.hdr), and it is not a GeoTIFF."
        ) from None


def _contents_of_header(header: Path, data: Path | None) -> Contents:
    """Read the data file of a header, in the way the header says."""
    if is_envi_header(header):
        fields = read_header(header)
        if "tiff" in fields.get("file type", "").lower():
            return read_geotiff(data or find_data(header, "tif", 0))
        return read_envi(header, fields, data)
    if is_esri_header(header):
        return read_geotiff(data or find_data(header, "bil", 0), driver="EHdr")
    raise SceneFileError(
        f"{header} is not a header: an ENVI header begins with the line 'ENVI', "
        "an ESRI header has NROWS and NCOLS."
    )


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        headers = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() == ".hdr")
        inside = f" It holds {', '.join(headers[:5])}." if headers else ""
        raise SceneFileError(f"{path} is a folder. Give the scene's data file or header.{inside}")
    if not path.exists():
        raise SceneFileError(f"{path} does not exist.")
    if not path.is_file():
        raise SceneFileError(f"{path} is not a file.")
    if path.stat().st_size == 0:
        raise SceneFileError(f"{path} is empty (0 bytes).")


def _is_named_and_made_as_tiff(path: Path) -> bool:
    if path.suffix.lower() not in _TIFF_SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in _TIFF_MAGIC
    except OSError as error:
        raise SceneFileError(f"{path} cannot be read: {error.strerror}.") from None
