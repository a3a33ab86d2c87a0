"""What the text of an ENVI header shows, beside a raw image or beside a TIFF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneError, SceneWarning
from scenes.formats.envi import axis_from_fields
from scenes.formats.envi_files import find_header
from scenes.formats.spectral_axis import bands_from_text
from scenes.map_info import grid_from_map_info
from scenes.preflight.finding import Finding
from scenes.scene import Scene

_LONGEST_LINE = 10_000  # GDAL reads no further
_TIFF_SUFFIXES = (".tif", ".tiff", ".gtif", ".gtiff")


def header_findings(path: Path, scene: Scene | None) -> Iterator[Finding]:
    """Look the header over, if there is one.

    Parameters
    ----------
    path : Path
        The header or the data file.
    scene : Scene or None
        The scene, if it could be opened.
    """
    header = _header_of(path, scene)
    if header is None:
        return
    yield from _long_lines(header)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)  # said when the scene was opened
        try:
            fields = read_header(header)
        except SceneError:
            return
        yield from _compression(fields)
        if scene is not None and scene.path is not None:
            if scene.path.suffix.lower() in _TIFF_SUFFIXES:
                yield from _disagreements(header, fields, scene)


def _header_of(path: Path, scene: Scene | None) -> Path | None:
    try:
        if path.suffix.lower() != ".hdr":
            data = path if scene is None or scene.path is None else scene.path
            return find_header(data) if data.is_file() else None
        return path if path.is_file() and is_envi_header(path) else None
    except (SceneError, OSError):  # said when it was opened
        return None


def _long_lines(header: Path) -> Iterator[Finding]:
    longest = max((len(line) for line in header.read_bytes().splitlines()), default=0)
    if longest >= _LONGEST_LINE:
        yield Finding(
            "line-too-long",
            "warning",
            f"A line of {header.name} has {longest} characters. GDAL, and so QGIS and most other "
            "tools, stop reading a header there: they lose that field and all that follow, such "
            "as wavelengths, nodata and the place.",
            action="Reads the whole header: the scene is complete here.",
            cure="Break the line after some of its commas.",
        )


def _compression(fields: Mapping[str, str]) -> Iterator[Finding]:
    if fields.get("file compression", "0").strip() not in ("", "0"):
        yield Finding(
            "compressed",
            "note",
            "The data file is packed as one stream: a part of it can only be reached by unpacking "
            "all that comes before.",
            claim=f"file compression = {fields['file compression'].strip()}",
            action="Reads it if it is gzip, slowly.",
            cure="Unpack the data file with gunzip and write `file compression = 0`.",
        )


def _disagreements(header: Path, fields: Mapping[str, str], scene: Scene) -> Iterator[Finding]:
    """Where the header beside a TIFF describes another image than the TIFF itself."""
    sizes = {"bands": len(scene.bands), "lines": scene.height, "samples": scene.width}
    odd = [
        f"{key} = {fields[key].strip()} ({size} in the file)"
        for key, size in sizes.items()
        if fields.get(key, "").strip() not in ("", str(size))
    ]
    if not odd:
        odd = _other_axis(fields, scene) + _other_place(fields, scene)
    if odd:
        yield Finding(
            "sidecar-disagrees",
            "warning",
            f"The header beside the image describes another one: {'; '.join(odd)}.",
            claim=header.name,
            action="Believes the image file.",
            cure=f"Delete or correct {header.name}.",
        )


def _other_axis(fields: Mapping[str, str], scene: Scene) -> list[str]:
    n_bands = len(scene.bands)
    here, there = scene.bands, bands_from_text(axis_from_fields(fields), n_bands, "header")
    if here.wavelengths_nm is None or there.wavelengths_nm is None:
        return []
    apart = np.abs(here.wavelengths_nm - there.wavelengths_nm).max()
    return [f"wavelengths up to {apart:.3g} nm apart"] if apart > 1 else []


def _other_place(fields: Mapping[str, str], scene: Scene) -> list[str]:
    there = grid_from_map_info(fields, scene.height, scene.width)
    if not (there.is_georeferenced and scene.grid.is_georeferenced):
        return []
    step = max(scene.grid.pixel_size)
    apart = max(abs(a - b) for a, b in zip(there.transform, scene.grid.transform, strict=True))
    return [f"a place {apart / step:.3g} px away"] if apart > 0.01 * step else []
