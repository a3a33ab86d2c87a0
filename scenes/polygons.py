"""Polygons as masks: read from a file, brought to the pixels of a scene, drawn window by window.

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
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from scenes.bands import BoolArray, FloatArray
from scenes.errors import SceneError, SceneFileError
from scenes.grid import Grid

_GEOJSON_SUFFIXES = frozenset({".geojson", ".json"})
VECTOR_SUFFIXES = _GEOJSON_SUFFIXES | {".gpkg", ".shp", ".fgb", ".kml", ".gml"}
"""Names of files that hold polygons rather than pixels."""

Geometry = Mapping[str, Any]


@dataclass(frozen=True)
class PolygonMask:
    """Pixels whose centre lies in a polygon (a `MaskReader`).

    Parameters
    ----------
    polygons : tuple of mapping
        GeoJSON polygons, in columns and rows of the scene.
    keep : bool
        True: pixels inside are valid. False: those outside.
    """

    polygons: tuple[Geometry, ...]
    keep: bool = True

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Draw a window: shape (height * width,), True = valid."""
        inside = rasterize(
            self.polygons,
            out_shape=(height, width),
            transform=Affine(1, 0, column, 0, 1, row),
            dtype=np.uint8,
        )
        valid: BoolArray = inside.ravel() == int(self.keep)
        return valid


def polygon_mask(path: Path, grid: Grid, *, keep: bool = True) -> PolygonMask:
    """Read polygons and bring them to the pixels of a grid, rotated or not.

    Vertices are brought to the scene's coordinate reference system; the edges between them are
    straight there. A file that names no system is taken to be in that of the scene.

    Raises
    ------
    SceneFileError
        If the file cannot be read.
    SceneError
        If it holds no polygon, the scene has no place, or no polygon lies on the scene.
    """
    polygons, crs = read_polygons(path)
    if not polygons:
        raise SceneError(f"{path.name} holds no polygons. Points and lines cannot be a mask.")
    if crs is not None and crs != grid.crs:
        if grid.crs is None:
            raise SceneError(
                f"the polygons of {path.name} lie on a map, but the scene has no CRS. Give a mask "
                "raster of the scene's size, or polygons without a CRS in the scene's coordinates."
            )
        polygons = [transform_geom(crs, grid.crs, polygon) for polygon in polygons]
    placed = tuple(_in_pixels(polygon, ~grid.transform) for polygon in polygons)
    corners = np.array([_corners(polygon) for polygon in placed])
    reach = (corners[:, 2:] > 0) & (corners[:, :2] < np.array([grid.width, grid.height]))
    if not reach.all(axis=1).any():
        raise SceneError(
            f"none of the {len(placed)} polygons of {path.name} lies on the scene. Check that its "
            f"coordinates are in {'the system it names' if crs else grid.crs_name}."
        )
    return PolygonMask(placed, keep)


def read_polygons(path: Path) -> tuple[list[Geometry], CRS | None]:
    """Read the polygons of a vector file, and the reference system it names.

    Raises
    ------
    SceneFileError
        If the file cannot be read, or what reads it is not installed.
    """
    if path.suffix.lower() in _GEOJSON_SUFFIXES:
        return _read_geojson(path)
    try:
        from pyogrio.errors import DataSourceError
        from pyogrio.raw import read
        from shapely import from_wkb
        from shapely.geometry import mapping
    except ImportError:
        raise SceneFileError(
            f"reading {path.name} needs pyogrio and shapely: pip install 'unmix[vector]'. "
            "GeoJSON is read without them."
        ) from None
    try:
        described, _, shapes, _ = read(path, columns=[], force_2d=True)
    except DataSourceError as error:
        raise SceneFileError(f"{path} cannot be read: {error}.") from None
    found = [mapping(shape) for shape in from_wkb(shapes) if shape is not None]
    return [p for shape in found for p in _polygons(shape)], _crs(described["crs"], path)


def _read_geojson(path: Path) -> tuple[list[Geometry], CRS | None]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        shapes = _geometries(content)
        polygons = [polygon for shape in shapes for polygon in _polygons(shape)]
        named = (content.get("crs") or {}).get("properties", {}).get("name", "OGC:CRS84")
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise SceneFileError(f"{path} cannot be read as GeoJSON: {error!r}.") from None
    crs = _crs(named, path)
    if crs is not None and crs.is_geographic:
        _check_degrees(polygons, path)
    return polygons, crs


def _check_degrees(polygons: list[Geometry], path: Path) -> None:
    """GeoJSON without a CRS is in degrees; refuse metres that somebody forgot to declare."""
    for polygon in polygons:
        left, bottom, right, top = _corners(polygon)
        if left < -360 or right > 360 or bottom < -90.001 or top > 90.001:
            raise SceneError(
                f"{path.name} has coordinates such as ({left:.6g}, {bottom:.6g}), which are not "
                "longitude and latitude as GeoJSON has them. Save it in EPSG:4326, or as a "
                "GeoPackage, which keeps its own system."
            )


def _crs(name: str | None, path: Path) -> CRS | None:
    if not name:
        return None
    try:
        return CRS.from_user_input(name)
    except CRSError:
        raise SceneFileError(f"{path} names a CRS that is not known: {name[:60]!r}.") from None


def _geometries(content: Mapping[str, Any]) -> list[Geometry]:
    """All geometries of a GeoJSON document."""
    if content["type"] == "FeatureCollection":
        return [feature["geometry"] for feature in content["features"] if feature["geometry"]]
    return [content["geometry"]] if content["type"] == "Feature" else [content]


def _polygons(shape: Geometry) -> Iterator[Geometry]:
    """Every polygon of a geometry."""
    if shape["type"] == "Polygon" and shape["coordinates"]:
        yield shape
    elif shape["type"] == "MultiPolygon":
        for rings in shape["coordinates"]:
            yield {"type": "Polygon", "coordinates": rings}
    elif shape["type"] == "GeometryCollection":
        for part in shape["geometries"]:
            yield from _polygons(part)


def _in_pixels(polygon: Geometry, back: Affine) -> Geometry:
    """Turn map coordinates into columns and rows."""
    rings = []
    for ring in polygon["coordinates"]:
        x, y = _points(ring).T
        columns, rows = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        rings.append(list(zip(columns.tolist(), rows.tolist(), strict=True)))
    return {"type": "Polygon", "coordinates": rings}


def _points(ring: Any) -> FloatArray:  # noqa: ANN401
    return np.array([point[:2] for point in ring], dtype=np.float64)


def _corners(polygon: Geometry) -> list[float]:
    """Smallest and largest first and second coordinate: left, bottom, right, top."""
    points = _points(polygon["coordinates"][0])
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
