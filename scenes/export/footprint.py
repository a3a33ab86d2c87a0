"""Footprints: where a raster lies in degrees, as GeoJSON (RFC 7946) tells it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from rasterio.warp import transform as to_crs

from scenes.grid import Grid

Ring = list[list[float]]
"""Longitudes and latitudes of a closed line."""
_POINTS_PER_SIDE = 20  # the sides are curves in degrees


def footprint(grid: Grid) -> Ring | None:
    """Longitudes and latitudes around the raster, counter-clockwise and closed; None without a CRS.

    Longitudes run on beyond 180 where the raster does.
    """
    if grid.crs is None:
        return None
    steps = np.linspace(0, 1, _POINTS_PER_SIDE, endpoint=False)
    zeros, ones = np.zeros_like(steps), np.ones_like(steps)
    columns = np.concatenate([steps, ones, 1 - steps, zeros]) * grid.width
    rows = np.concatenate([zeros, steps, ones, 1 - steps]) * grid.height
    t = grid.transform
    x, y = t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f
    found = to_crs(grid.crs, "EPSG:4326", x.tolist(), y.tolist())
    longitude = np.degrees(np.unwrap(np.radians(found[0])))
    latitude = np.asarray(found[1])
    if not (np.isfinite(longitude).all() and np.isfinite(latitude).all()):
        return None
    ring = np.stack([longitude, latitude], axis=1).round(9)
    ring = np.concatenate([ring, ring[:1]])
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    if (x0 * y1 - x1 * y0).sum() < 0:
        ring = ring[::-1]
    points: Ring = ring.tolist()
    return points


def polygon(ring: Ring) -> dict[str, Any]:
    """A polygon, or two of them where it is cut by the antimeridian (RFC 7946, section 3.1.9)."""
    lowest, highest = min(x for x, _ in ring), max(x for x, _ in ring)
    if lowest >= -180 and highest <= 180:
        return {"type": "Polygon", "coordinates": [ring]}
    cut = 180.0 if highest > 180 else -180.0
    parts = [_clipped(ring, cut, side) for side in (-1, 1)]
    polygons = [[[[_wrapped(x, part), y] for x, y in part]] for part in parts if part]
    return {"type": "MultiPolygon", "coordinates": polygons}


def _clipped(ring: Ring, cut: float, side: int) -> Ring:
    """The part of a ring on one side of a meridian (Sutherland and Hodgman's algorithm)."""
    kept: Ring = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        inside0, inside1 = side * (x0 - cut) >= 0, side * (x1 - cut) >= 0
        if inside0:
            kept.append([x0, y0])
        if inside0 != inside1:
            kept.append([cut, y0 + (cut - x0) / (x1 - x0) * (y1 - y0)])
    return [*kept, kept[0]] if kept else []


def _wrapped(x: float, part: Ring) -> float:
    """A longitude within 180 degrees; those of one part are moved together."""
    middle = sum(x for x, _ in part) / len(part)
    return x - 360 * math.floor((middle + 180) / 360)


def bounding_box(ring: Ring) -> list[float]:
    """West, south, east, north; west is greater than east across the antimeridian."""
    longitudes, latitudes = [x for x, _ in ring], [y for _, y in ring]
    west, east = min(longitudes), max(longitudes)
    if west < -180 or east > 180:
        west, east = (x - 360 * math.floor((x + 180) / 360) for x in (west, east))
    return [west, min(latitudes), east, max(latitudes)]
