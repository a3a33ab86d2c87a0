"""Polygons as masks: read from a file, brought to the pixels of a scene, drawn window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.features import rasterize

from scenes.bands import BoolArray
from scenes.errors import SceneError, counted
from scenes.grid import Grid
from scenes.vector_features import Feature, Geometry, corners_of, read_features


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
    file = read_features(path)
    polygons = [part for each in file.features for part in _polygons(each.geometry)]
    if not polygons:
        raise SceneError(f"{path.name} holds no polygons. Points and lines cannot be a mask.")
    file = replace(file, features=tuple(Feature(polygon, {}) for polygon in polygons))
    placed = tuple(file.in_pixels_of(grid))
    corners = np.array([corners_of(polygon) for polygon in placed])
    reach = (corners[:, 2:] > 0) & (corners[:, :2] < np.array([grid.width, grid.height]))
    if not reach.all(axis=1).any():
        raise SceneError(
            f"of {counted(len(placed), 'polygon')} in {path.name} none lies on the scene. Check "
            f"that its coordinates are in {'the system it names' if file.crs else grid.crs_name}."
        )
    return PolygonMask(placed, keep)


def _polygons(shape: Geometry) -> Iterator[Geometry]:
    """Every polygon of a geometry."""
    if shape["type"] == "Polygon":
        yield shape
    elif shape["type"] == "MultiPolygon":
        for rings in shape["coordinates"]:
            if rings:
                yield {"type": "Polygon", "coordinates": rings}
    elif shape["type"] == "GeometryCollection":
        for part in shape["geometries"]:
            yield from _polygons(part)
