"""Files of spectral libraries, one module for each format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scenes.errors import SceneError, SceneFileError, counted
from scenes.formats.contents import warn
from scenes.libraries.csv_tables import read_csv
from scenes.libraries.ecostress import is_ecostress, read_ecostress
from scenes.libraries.envi import read_sli
from scenes.libraries.npz import read_npz
from scenes.libraries.profiles import read_geojson, read_gpkg
from scenes.libraries.splib07 import is_axis, is_splib07, read_splib07
from scenes.libraries.table import Spectrum, Table, gather, read_text

Reader = Callable[[Path, float | None], Table]

READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_geojson,
    ".geojson": read_geojson,
    ".gpkg": read_gpkg,
    ".npz": read_npz,
}


def read_table(path: Path, scale: float | None = None) -> Table:
    """Read a library by the name of its file or of its folder, whatever its format.

    Raises
    ------
    SceneFileError
        If it is missing, truncated or cannot be read.
    SceneError
        If it holds something else than a spectral library.
    """
    if path.is_dir():
        return _read_folder(path, scale)
    if not path.is_file():
        raise SceneFileError(f"there is no file {path}.")
    if path.suffix.lower() == ".txt":
        return _read_text_file(path, scale)
    return READERS.get(path.suffix.lower(), read_sli)(path, scale)


def _read_text_file(path: Path, scale: float | None) -> Table:
    if _is_ancillary(path):
        raise SceneError(
            f"{path} describes a sample. Read its spectrum, whose file ends in .spectrum.txt."
        )
    spectrum = _read_spectrum(path, scale)
    return read_csv(path, scale) if spectrum is None else gather([spectrum], path.name)


def _is_ancillary(path: Path) -> bool:
    return path.name.lower().endswith(".ancillary.txt")


def _read_spectrum(path: Path, scale: float | None) -> Spectrum | None:
    """Read a file with one spectrum; None if it is none."""
    text = read_text(path, "a spectrum")
    if is_splib07(text):
        return read_splib07(path, scale)
    return read_ecostress(path, scale) if is_ecostress(text) else None


def _read_folder(folder: Path, scale: float | None) -> Table:
    """Read all spectra of the ECOSTRESS and USGS libraries in a folder and those below."""
    spectra, refused = [], []
    for path in sorted(folder.rglob("*.txt")):
        if _is_ancillary(path) or is_axis(path):
            continue
        try:
            spectrum = _read_spectrum(path, scale)
        except SceneError as error:
            refused.append(str(error))
            continue
        if spectrum is not None:
            spectra.append(spectrum)
    if refused:
        warn(f"{counted(len(refused), 'file')} of {folder} left out; the first: {refused[0]}")
    if not spectra:
        raise SceneError(
            f"the folder {folder} holds no spectra of the ECOSTRESS, ASTER or USGS libraries. "
            "Name the file of any other library."
        )
    return gather(spectra, folder.name)
