"""Images with an ESRI header (``NROWS 7``, ``LAYOUT BIL``), which GDAL decodes for us."""

from __future__ import annotations

from pathlib import Path

from scenes.errors import SceneFileError
from scenes.formats.contents import Contents
from scenes.formats.entry import Format
from scenes.formats.envi_files import find_data, find_header, is_esri_header
from scenes.formats.geotiff import read_raster

_DRIVER = "EHdr"


def read_esri(path: Path) -> Contents:
    """Read what an image with an ESRI header says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The header or the data file.

    Raises
    ------
    SceneFileError
        If the data file is missing, or shorter than the header promises.
    """
    data = find_data(path, "bil", 0) if path.suffix.lower() == ".hdr" else path
    contents = read_raster(data, _DRIVER)
    pixels = contents.reader
    n_numbers = pixels.n_bands * pixels.height * pixels.width
    n_found, n_expected = data.stat().st_size, n_numbers * pixels.dtype.itemsize
    if n_found < n_expected:  # GDAL would give zeros
        raise SceneFileError(
            f"{data} has {n_found} bytes, but its header promises {n_expected}. "
            "The file is truncated, or the header belongs to another file."
        )
    return contents


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return False
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    return header is not None and is_esri_header(header)


FORMAT = Format("ESRI header", _recognises, read_esri)
