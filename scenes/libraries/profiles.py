"""Spectral libraries that are map layers: GeoJSON and GeoPackage, as the EnMAP-Box keeps them.

A feature has a field with a profile, ``{"x": [...], "y": [...], "xUnit": "nm", "bbl": [...]}``:
https://enmap-box.readthedocs.io/en/latest/usr_section/usr_manual/speclibs.html
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import SceneError, SceneFileError
from scenes.formats.contents import warn
from scenes.formats.spectral_axis import AxisText, bands_from_text
from scenes.libraries.table import (
    Spectrum,
    Table,
    as_fractions,
    gather,
    read_text,
    single_if_exact,
    without_deleted,
)

Record = Mapping[str, Any]
_GEOMETRIES = ("geom", "geometry", "shape", "the_geom")
SCALE_KEY = "reflectance scale factor"
"""Beside the features: the number that means reflectance 1, in files written here."""


def read_geojson(path: Path, scale: float | None = None) -> Table:
    """Read the profiles of a GeoJSON file."""
    try:
        content = json.loads(read_text(path, "a JSON file"))
    except ValueError as error:
        raise SceneError(f"{path} is not a JSON file ({error}).") from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise SceneError(f"{path} is no spectral library: it is no GeoJSON FeatureCollection.")
    records = [f.get("properties") or {} for f in features if isinstance(f, dict)]
    said = content.get(SCALE_KEY)
    return _table(records, path, float(said) if scale is None and said == 1 else scale)


def read_gpkg(path: Path, scale: float | None = None) -> Table:
    """Read the profiles of a GeoPackage (OGC 12-128), which is an SQLite database."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            return _table(list(_rows(database)), path, scale)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SceneFileError(f"{path} cannot be read as a GeoPackage ({error}).") from None


def _rows(database: sqlite3.Connection) -> Iterator[Record]:
    """All rows of all layers that are registered."""
    kinds = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
    for (layer,) in database.execute(kinds).fetchall():
        quoted = '"' + str(layer).replace('"', '""') + '"'
        cursor = database.execute(f"SELECT * FROM {quoted}")
        heads = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(heads, row, strict=True))


def _table(records: Sequence[Record], path: Path, scale: float | None) -> Table:
    profiles = [{k: p for k, v in r.items() if (p := _profile(v)) is not None} for r in records]
    fields = list(dict.fromkeys(field for found in profiles for field in found))
    if not fields:
        raise SceneError(f"{path} is no spectral library: {_why_none(records)}")
    field = max(fields, key=lambda name: sum(name in found for found in profiles))
    if len(fields) > 1:
        warn(f"{path.name} has profiles in {', '.join(fields)}; those in {field} are read.")
    spectra = [
        _spectrum(record, found[field], number, path, set(fields))
        for number, (record, found) in enumerate(zip(records, profiles, strict=True), start=1)
        if field in found
    ]
    table = gather(spectra, path.name)
    values = as_fractions(single_if_exact(table.spectra.astype(np.float64)), path.name, scale)
    return table._replace(spectra=values)


def _profile(value: object) -> dict[str, Any] | None:
    """A profile as a dictionary, as text, or as the bytes of a text; None if it is none."""
    if isinstance(value, bytes) and value[:1] == b"{":
        value = value.decode("utf-8", errors="replace")
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = json.loads(value)
        except ValueError:
            return None
    is_profile = isinstance(value, dict) and isinstance(value.get("y"), list) and value["y"]
    return value if is_profile and isinstance(value, dict) else None


def _why_none(records: Sequence[Record]) -> str:
    """Why no profile was found."""
    binary = {
        head
        for record in records
        for head, value in record.items()
        if isinstance(value, bytes) and head.lower() not in _GEOMETRIES
    }
    if binary:
        return (
            f"its field {min(binary)} holds bytes that are no JSON text. Older programs kept "
            "profiles as pickles, which could run code. Export the library as GeoJSON."
        )
    return "no field of its features holds a profile such as {'x': [...], 'y': [...]}."


def _spectrum(
    record: Record, profile: Record, number: int, path: Path, fields: set[str]
) -> Spectrum:
    values = without_deleted(_numbers(profile["y"], path))
    about = {k: str(v) for k, v in record.items() if isinstance(v, str | int | float)
             and k not in fields}  # fmt: skip
    named = next((k for k in about if k.lower() in ("name", "profile name")), None)
    text = AxisText(
        wavelengths=[str(x) for x in profile.get("x") or ()],
        unit=str(profile.get("xUnit") or ""),
        fwhm=[str(x) for x in profile.get("fwhm") or ()],
        bbl=[str(x) for x in profile.get("bbl") or ()],
    )
    bands = bands_from_text(text, values.size, path.name)
    values[~bands.good] = np.nan
    name = about.pop(named) if named is not None else f"spectrum {number}"
    about.pop("fid", None)
    return Spectrum(name, values, bands.wavelengths_nm, bands.fwhm_nm, about)


def _numbers(values: list[Any], path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    except (TypeError, ValueError) as error:
        raise SceneError(
            f"{path} has a profile with a value that is no number ({error})."
        ) from None
