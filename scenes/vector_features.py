"""Features of vector files: geometries with their attributes, from GeoJSON or any file of GDAL's.

Reference: RFC 7946, "The GeoJSON Format": coordinates are longitude and latitude on WGS 84.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_geom

from scenes.errors import SceneError, SceneFileError
from scenes.grid import Grid

GEOJSON_SUFFIXES = frozenset({".geojson", ".json"})
"""Read without further packages; all others need the extra ``unmix[vector]``."""
VECTOR_SUFFIXES = GEOJSON_SUFFIXES | {".gpkg", ".shp", ".fgb", ".kml", ".gml"}
"""Names of files that hold features rather than pixels."""

Geometry = Mapping[str, Any]


@dataclass(frozen=True)
class Feature:
    """One geometry of a vector file, as GeoJSON has it, and its attributes."""

    geometry: Geometry
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class FeatureFile:
    """What a vector file holds."""

    name: str
    """Of the file."""
    features: tuple[Feature, ...]
    """Those with a geometry that is not empty."""
    crs: CRS | None
    """That the file names."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the attributes, in the order in which they are met."""
        return tuple(dict.fromkeys(name for each in self.features for name in each.attributes))

    def values(self, field: str) -> list[Any]:
        """The attribute of every feature; None where one has none.

        Raises
        ------
        SceneError
            If no feature has it.
        """
        if field not in self.fields:
            known = ", ".join(self.fields) or "none at all"
            raise SceneError(f"{self.name} has no field {field!r}. Its fields are: {known}.")
        return [each.attributes.get(field) for each in self.features]

    def in_pixels_of(self, grid: Grid) -> list[Geometry]:
        """Geometries in columns and rows of a grid, rotated or not.

        Vertices are brought to the grid's coordinate reference system; the edges between them are
        straight there. A file that names no system is taken to be in that of the grid.

        Raises
        ------
        SceneError
            If the file lies on a map and the grid does not.
        """
        geometries: list[Geometry] = [each.geometry for each in self.features]
        if self.crs is not None and self.crs != grid.crs:
            if grid.crs is None:
                raise SceneError(
                    f"the features of {self.name} lie on a map, but the scene has no CRS. Give a "
                    "raster of the scene's size, or features without a CRS in the scene's "
                    "coordinates."
                )
            geometries = [transform_geom(self.crs, grid.crs, each) for each in geometries]
        return [_placed(each, ~grid.transform) for each in geometries]


def read_features(path: str | Path) -> FeatureFile:
    """Read a vector file: GeoJSON; GeoPackage, Shapefile and others with ``unmix[vector]``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    FeatureFile

    Raises
    ------
    SceneFileError
        If the file cannot be read, or what reads it is not installed.
    SceneError
        If a GeoJSON file has coordinates that are not longitude and latitude.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "point.geojson"
    ...     point = {"type": "Point", "coordinates": [10, 50]}
    ...     feature = {"type": "Feature", "geometry": point, "properties": {"class": "sand"}}
    ...     _ = path.write_text(json.dumps(feature))
    ...     read_features(path).values("class")
    ['sand']
    """
    path = Path(path)
    if not path.exists():
        raise SceneFileError(f"{path} does not exist. Name a file of points or polygons.")
    if path.suffix.lower() in GEOJSON_SUFFIXES:
        return _read_geojson(path)
    return _read_with_gdal(path)


def points_of(geometry: Geometry) -> np.ndarray:
    """All vertices of a geometry, (n, 2)."""
    if geometry["type"] == "GeometryCollection":
        return np.concatenate([points_of(part) for part in geometry["geometries"]])
    return np.array(list(_flat(geometry["coordinates"])), dtype=np.float64).reshape(-1, 2)


def corners_of(geometry: Geometry) -> list[float]:
    """Smallest and largest first and second coordinate: left, bottom, right, top."""
    points = points_of(geometry)
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]


def _read_with_gdal(path: Path) -> FeatureFile:
    try:
        from pyogrio.errors import DataLayerError, DataSourceError
        from pyogrio.raw import read
        from shapely import from_wkb
        from shapely.geometry import mapping
    except ImportError:
        raise SceneFileError(
            f"reading {path.name} needs pyogrio and shapely: pip install 'unmix[vector]'. "
            "GeoJSON is read without them."
        ) from None
    try:
        described, _, shapes, values = read(path, force_2d=True)
    except (DataSourceError, DataLayerError) as error:
        raise SceneFileError(f"{path} cannot be read: {error}.") from None
    columns = dict(zip(described["fields"], values, strict=True))
    found = [
        Feature(mapping(shape), {name: _plain(column[k]) for name, column in columns.items()})
        for k, shape in enumerate(from_wkb(shapes))
        if shape is not None and not shape.is_empty
    ]
    return FeatureFile(path.name, tuple(found), _crs(described["crs"], path))


def _read_geojson(path: Path) -> FeatureFile:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        pairs = [(each, points_of(each.geometry)) for each in _features(content)]
        named = (content.get("crs") or {}).get("properties", {}).get("name", "OGC:CRS84")
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise SceneFileError(f"{path} cannot be read as GeoJSON: {error!r}.") from None
    crs = _crs(named, path)
    if crs is not None and crs.is_geographic:
        for _, points in pairs:
            _check_degrees(points, path)
    return FeatureFile(path.name, tuple(each for each, points in pairs if len(points)), crs)


def _features(content: Mapping[str, Any]) -> Iterator[Feature]:
    """All features of a GeoJSON document that have a geometry."""
    if content["type"] == "FeatureCollection":
        for each in content["features"]:
            yield from _features(each)
    elif content["type"] != "Feature":
        yield Feature(content, {})
    elif content["geometry"]:
        yield Feature(content["geometry"], dict(content.get("properties") or {}))


def _check_degrees(points: np.ndarray, path: Path) -> None:
    """GeoJSON without a CRS is in degrees; refuse metres that somebody forgot to declare."""
    wrong = (np.abs(points[:, 0]) > 360) | (np.abs(points[:, 1]) > 90.001)
    if wrong.any():
        x, y = points[wrong][0]
        raise SceneError(
            f"{path.name} has coordinates such as ({x:.6g}, {y:.6g}), which are not longitude and "
            "latitude as GeoJSON has them. Save it in EPSG:4326, or as a GeoPackage, which keeps "
            "its own system."
        )


def _crs(name: str | None, path: Path) -> CRS | None:
    if not name:
        return None
    try:
        return CRS.from_user_input(name)
    except CRSError:
        raise SceneFileError(f"{path} names a CRS that is not known: {name[:60]!r}.") from None


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A Python number or text; None for what GDAL has no value for."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is None or value != value else value


def _flat(coordinates: Any) -> Iterator[tuple[float, float]]:  # noqa: ANN401
    if isinstance(coordinates, str):
        raise TypeError(f"{coordinates!r} is no coordinate")
    if len(coordinates) and isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
    else:
        for part in coordinates:
            yield from _flat(part)


def _placed(geometry: Geometry, back: Affine) -> Geometry:
    """Turn map coordinates into columns and rows, whatever the kind of geometry."""
    if geometry["type"] == "GeometryCollection":
        parts = [_placed(part, back) for part in geometry["geometries"]]
        return {"type": "GeometryCollection", "geometries": parts}
    return {"type": geometry["type"], "coordinates": _turned(geometry["coordinates"], back)}


def _turned(coordinates: Any, back: Affine) -> Any:  # noqa: ANN401
    if len(coordinates) and isinstance(coordinates[0], int | float):
        x, y = coordinates[:2]
        return (back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f)
    return [_turned(part, back) for part in coordinates]
