"""Opening scenes: one door for every format.

A format is a module of this folder with an entry ``FORMAT``, and one line in `FORMATS`. Which one
reads a file is decided by its name and by the files beside it; magic bytes count only for
containers, and never before a header, since plain numbers may begin with anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from scenes.errors import SceneFileError
from scenes.formats.entry import Format
from scenes.scene import Scene

FORMATS = (
    "enmap",
    "desis",
    "wyvern",
    "aviris",
    "emit",
    "prisma",
    "tanager",
    "neon",
    "geotiff",
    "envi",
    "esri",
    "hdf",
)
"""Modules of this folder in the order in which they are asked: products before containers."""

_SCENE_SUFFIXES = (".hdr", ".tif", ".tiff", ".h5", ".he5", ".nc")
_CURES = {
    (".gz", ".zip", ".tar", ".tgz", ".7z"): " Unpack it first.",
    (".mat", ".npy", ".npz"): " Save its cube as ENVI or GeoTIFF, with the wavelengths.",
    (".jp2", ".vrt", ".grib", ".hdf"): " Convert it to GeoTIFF with gdal_translate.",
    (".sli", ".csv", ".txt"): " A spectral library is read with `scenes.SpectralLibrary.read`.",
    (".shp", ".gpkg", ".geojson", ".json"): " Polygons can be a mask of a scene: --mask.",
}
"""What to do with files of other kinds, by the ends of their names."""

__all__ = ["FORMATS", "formats", "open_scene"]


def open_scene(
    path: str | Path, *, scale: float | None = None, nodata: float | None = None
) -> Scene:
    """Open a scene: an ENVI image, a GeoTIFF, an image with an ESRI header, or a product.

    Nothing but headers is read. Every format gives wavelengths in nanometres, reflectance after
    the scale of the file, bad bands and nodata, and the whole transform, rotation included.

    Parameters
    ----------
    path : str or Path
        The data file or its header, the other one is looked for beside it; for a product of
        several files its folder or its metadata file.
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
    _check_exists(path)
    for known in formats():
        if known.recognises(path):
            return known.read(path).to_scene(scale, nodata)
    raise SceneFileError(_why_unknown(path))


def formats() -> Iterator[Format]:
    """All formats, each imported when its turn comes."""
    for name in FORMATS:
        found: Format = import_module(f"{__name__}.{name}").FORMAT
        yield found


def _check_exists(path: Path) -> None:
    try:
        if path.is_dir():
            return
        if not path.exists():
            raise SceneFileError(f"{path} does not exist.")
        if not path.is_file():
            raise SceneFileError(f"{path} is not a file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise SceneFileError(f"{path} is empty (0 bytes).")
    except SceneFileError:
        raise
    except (OSError, ValueError) as error:  # no rights; a name no file can have
        reason = getattr(error, "strerror", None) or error
        raise SceneFileError(f"{path} cannot be read: {reason}.") from None


def _why_unknown(path: Path) -> str:
    """Say why no format took a path, and what would have been right."""
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir())
        found = [name for name in names if name.lower().endswith(_SCENE_SUFFIXES)]
        inside = f" It holds {', '.join(found[:5])}." if found else ""
        return f"{path} is a folder. Give the scene's data file or header.{inside}"
    if path.suffix.lower() == ".hdr":
        return (
            f"{path} is not a header: an ENVI header begins with the line 'ENVI', "
            "an ESRI header has NROWS and NCOLS."
        )
    other = next(
        (cure for suffix, cure in _CURES.items() if path.name.lower().endswith(suffix)), ""
    )
    return (
        f"{path} is no raster that can be read: there is no ENVI header beside it "
        f"({path.name}.hdr or {path.stem}.hdr), and it is not a GeoTIFF or HDF5 product.{other}"
    )
