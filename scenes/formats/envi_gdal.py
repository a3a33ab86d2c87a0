"""What GDAL, and so QGIS, makes of an ENVI image where that differs from its header.

The header is the authority. But whoever looks at the scene in a GIS sees what GDAL reads, and a map
that lies elsewhere than its scene looks wrong: so differences are told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affine import Affine

from scenes.errors import SceneFileError
from scenes.formats.contents import Contents, warn
from scenes.formats.raster_pixels import open_raster

_LOSSES = ("wavelength", "fwhm", "bbl", "data ignore value")
_LONGEST_LINE = 10_000  # characters, where GDAL stops reading a header
_FAR_PIXELS = 0.1


def warn_of_differences(contents: Contents, header: Path) -> None:
    """Warn where GDAL reads another grid or nodata value, or loses fields of the header.

    Nothing is said where GDAL cannot open the image, or takes another header than this one.

    Warns
    -----
    SceneWarning
        One for each kind of difference.
    """
    try:
        header.read_bytes().decode()  # GDAL takes every header for UTF-8
        with open_raster(contents.path, "ENVI") as dataset:
            if header.name not in {Path(name).name for name in dataset.files}:
                return
            messages = list(_differences(dataset, contents, header))
    except (SceneFileError, UnicodeDecodeError):
        return
    for message in messages:
        warn(f"{header.name}: {message}")


def _differences(dataset: Any, contents: Contents, header: Path) -> Iterator[str]:  # noqa: ANN401
    longest = max(map(len, header.read_bytes().splitlines()))
    lost = _lost_fields(dataset, contents) if longest >= _LONGEST_LINE else []
    if lost:
        yield (
            f"GDAL, and so QGIS, does not see {', '.join(f'`{field}`' for field in lost)}, which "
            f"are used here: it stops at a line of {longest} characters. Break that line."
        )
    if "map info" not in lost:
        yield from _other_place(dataset.transform, contents)
    if "data ignore value" not in lost:
        yield from _other_nodata(dataset.nodata, contents.calibration.nodata)


def _lost_fields(dataset: Any, contents: Contents) -> list[str]:  # noqa: ANN401
    """Fields of the header that GDAL did not reach: it gives all but ``map info`` as tags."""
    seen = {" ".join(key.lower().split("_")) for key in dataset.tags(ns="ENVI")}
    lost = [field for field in _LOSSES if field in contents.metadata and field not in seen]
    if contents.grid.is_georeferenced and dataset.transform == Affine.identity():
        lost.append("map info")
    return lost


def _other_place(seen: Affine, contents: Contents) -> Iterator[str]:
    grid = contents.grid
    own = grid.transform
    turned_half = (seen.a, seen.e) == (-own.a, own.e)  # told where `map info` is read
    if not grid.is_georeferenced or turned_half:
        return
    corners = [(0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)]
    back = ~own
    shifts = [math.dist(corner, back @ (seen @ corner)) for corner in corners]
    if not max(shifts) <= _FAR_PIXELS:
        yield (
            f"GDAL, and so QGIS, places this scene up to {max(shifts):.4g} pixels away from where "
            "`map info` says; maps made here lie where `map info` says."
        )


def _other_nodata(seen: float | None, own: float | None) -> Iterator[str]:
    if seen is None or (own is not None and _equal(seen, own)):
        return
    said = "has none" if own is None else f"says {own:g}"
    yield (
        f"GDAL, and so QGIS, takes {seen:g} as nodata (by its own reading of the header, or from "
        f"an .aux.xml), but the header {said}. Pass `nodata={seen:g}` if GDAL is right."
    )


def _equal(first: float, second: float) -> bool:
    """Whether two nodata values are one, as far as float32 can tell."""
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=1e-6)
