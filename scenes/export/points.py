"""Places of pixels as files: a CSV table, GeoJSON points, and a GeoPackage.

GeoJSON is in longitude and latitude on WGS 84 as RFC 7946 wants it, the table and the GeoPackage
in the coordinates of the map.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import SceneFileError
from scenes.places import Places

_DIGITS = 9  # of degrees: a tenth of a millimetre


def write_places(
    folder: Path, name: str, places: Places, texts: Mapping[str, Sequence[str]]
) -> list[Path]:
    """Write where pixels lie, in as many formats as make sense.

    ``.csv`` always; ``.geojson`` where there is a CRS; ``.gpkg`` where pyogrio and shapely are
    installed as well (the extra ``unmix[vector]``).

    Parameters
    ----------
    folder : Path
        Where no file of this name is.
    name : str
        Of the files, without suffix.
    places : Places
    texts : mapping of str to sequence of str
        What else is known of each pixel, such as ``name``.

    Returns
    -------
    list of Path

    Raises
    ------
    SceneFileError
        If a file cannot be written.
    """
    columns: dict[str, list[Any]] = {key: list(values) for key, values in texts.items()}
    columns |= {
        "row": places.rows.tolist(),
        "column": places.columns.tolist(),
        "x": _known(places.x),
        "y": _known(places.y),
        "longitude": _known(places.longitude.round(_DIGITS)),
        "latitude": _known(places.latitude.round(_DIGITS)),
    }
    written = [folder / f"{name}.csv"]
    _write_csv(written[0], columns)
    if places.crs is not None:
        written.append(folder / f"{name}.geojson")
        _write_geojson(written[-1], columns)
        if find_spec("pyogrio") and find_spec("shapely"):
            written.append(folder / f"{name}.gpkg")
            _write_geopackage(written[-1], columns, places)
    return written


def _known(values: np.ndarray) -> list[float | None]:
    """Numbers, None for NaN."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _write_csv(path: Path, columns: Mapping[str, list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))


def _write_geojson(path: Path, columns: Mapping[str, list[Any]]) -> None:
    """Features of RFC 7946; one without a place has no geometry (section 3.2)."""
    kept = [key for key in columns if key not in ("longitude", "latitude")]
    features = []
    for k, (x, y) in enumerate(zip(columns["longitude"], columns["latitude"], strict=True)):
        geometry = None if x is None else {"type": "Point", "coordinates": [x, y]}
        properties = {key: columns[key][k] for key in kept}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    document = {"type": "FeatureCollection", "features": features}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _write_geopackage(path: Path, columns: Mapping[str, list[Any]], places: Places) -> None:
    from pyogrio.errors import DataSourceError
    from pyogrio.raw import write
    from shapely import points, to_wkb

    geometries = to_wkb(points(places.x, places.y))
    geometries[~np.isfinite(places.x)] = None
    fields: list[np.ndarray] = [
        np.array(values, dtype=_type_of(values)) for values in columns.values()
    ]
    assert places.crs is not None, "a GeoPackage is written where there is a CRS"
    try:
        write(
            path,
            geometries,
            fields,
            list(columns),
            layer=path.stem,
            driver="GPKG",
            crs=places.crs.to_wkt(),
            geometry_type="Point",
        )
    except DataSourceError as error:
        raise SceneFileError(f"{path} cannot be written: {error}.") from None


def _type_of(values: list[Any]) -> type:
    """Of the column of a GeoPackage."""
    if all(isinstance(value, int) for value in values):
        return np.int64
    return object if any(isinstance(value, str) for value in values) else np.float64
