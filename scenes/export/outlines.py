"""Outlines: connected pixels of a mask raster as polygons, written as a vector file.

GeoPackages are written by pyogrio (the extra ``unmix[vector]``). Without it, or where asked for,
the outlines become GeoJSON in the reference system of the raster, which it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize, shapes
from rasterio.warp import transform_geom
from rasterio.windows import Window

from scenes.errors import SceneFileError
from scenes.export.staging import Staging

EQUAL_AREA = CRS.from_epsg(6933)
"""Where areas of a raster in degrees are measured: WGS 84 / NSIDC EASE-Grid 2.0 Global."""

Geometry = Mapping[str, Any]


@dataclass(frozen=True)
class Outline:
    """Connected pixels, their edges and corners touching."""

    geometry: Geometry
    """A GeoJSON polygon in the coordinates of the map."""
    n_pixels: int
    area_m2: float | None
    """None where the raster has no CRS."""
    highest: float
    """Largest value of the raster of values inside."""
    mean: float


def outlines_of(mask: Path, values: Path) -> Iterator[Outline]:
    """Polygons around the pixels of a mask, with what another raster holds inside.

    The mask is in memory at once, one byte a pixel.

    Parameters
    ----------
    mask : Path
        A raster whose first band is 1 inside.
    values : Path
        Another on its grid, of which the first band is looked at.

    Yields
    ------
    Outline
        Pixels that touch, if only at a corner, belong together.
    """
    with rasterio.open(mask) as dataset, rasterio.open(values) as valued:
        numbers = dataset.read(1)
        for shape, _ in shapes(numbers, numbers == 1, connectivity=8):
            found = _inside(shape, valued)
            geometry = _on_map(shape, dataset.transform)
            area_m2 = _area_m2(geometry, found.size, dataset)
            yield Outline(geometry, found.size, area_m2, float(found.max()), float(found.mean()))


def vector_suffix() -> str:
    """``.gpkg`` where pyogrio and shapely are installed, else ``.geojson``."""
    return ".gpkg" if find_spec("pyogrio") and find_spec("shapely") else ".geojson"


def write_outlines(path: Path, outlines: Sequence[Outline], crs: CRS | None) -> Path:
    """Write outlines with their attributes.

    Parameters
    ----------
    path : Path
        ``.gpkg`` (with ``unmix[vector]``) or ``.geojson``.
    outlines : sequence of Outline
        May be empty.
    crs : rasterio.crs.CRS or None
        Of their coordinates.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    SceneFileError
        If the file cannot be written, or what writes it is not installed.
    """
    fields: dict[str, np.ndarray] = {
        "number": np.arange(1, len(outlines) + 1, dtype=np.int32),
        "n_pixels": np.array([each.n_pixels for each in outlines], dtype=np.int32),
        "area_m2": np.array([each.area_m2 for each in outlines], dtype=np.float64),
        "max_score": np.array([each.highest for each in outlines], dtype=np.float64),
        "mean_score": np.array([each.mean for each in outlines], dtype=np.float64),
    }
    geometries = [each.geometry for each in outlines]
    with Staging(path) as staging:
        grown = staging.file(path)
        if path.suffix == ".geojson":
            _write_geojson(grown, geometries, fields, crs)
        else:
            _write_with_gdal(grown, geometries, fields, crs)
        staging.move_into_place([path])
    return path


def _inside(shape: Geometry, valued: Any) -> np.ndarray:  # noqa: ANN401
    """Values of the pixels inside a polygon that is in columns and rows."""
    corners = np.array(shape["coordinates"][0])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    window = Window(int(left), int(top), int(right - left), int(bottom - top))
    values: np.ndarray = valued.read(1, window=window)
    drawn = rasterize(
        [shape],
        out_shape=values.shape,
        transform=Affine(1, 0, left, 0, 1, top),
        dtype=np.uint8,
    )
    return values[drawn == 1]


def _on_map(shape: Geometry, there: Affine) -> Geometry:
    """Turn columns and rows into map coordinates."""
    rings = [
        [
            (there.a * c + there.b * r + there.c, there.d * c + there.e * r + there.f)
            for c, r in ring
        ]
        for ring in shape["coordinates"]
    ]
    return {"type": "Polygon", "coordinates": rings}


def _area_m2(geometry: Geometry, n_pixels: int, dataset: Any) -> float | None:  # noqa: ANN401
    crs = dataset.crs
    if crs is None:
        return None
    if crs.is_projected:
        metres: float = crs.linear_units_factor[1]
        return n_pixels * abs(float(dataset.transform.determinant)) * metres**2
    flat = transform_geom(crs, EQUAL_AREA, geometry)
    outer, *holes = (_ring_area(np.array(ring)) for ring in flat["coordinates"])
    return float(outer - sum(holes))


def _ring_area(ring: np.ndarray) -> float:
    """Area of a closed ring of points (n, 2), by the shoelace formula."""
    x, y = (ring - ring[0]).T
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2


def _write_geojson(
    path: Path, geometries: list[Geometry], fields: dict[str, np.ndarray], crs: CRS | None
) -> None:
    rows = zip(*(values.tolist() for values in fields.values()), strict=True)
    features = [
        {
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                name: None if value != value else value
                for name, value in zip(fields, row, strict=True)
            },
        }
        for geometry, row in zip(geometries, rows, strict=True)
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        code = crs.to_authority()
        name = crs.to_wkt() if code is None else f"urn:ogc:def:crs:{code[0]}::{code[1]}"
        document["crs"] = {"type": "name", "properties": {"name": name}}
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _write_with_gdal(
    path: Path, geometries: list[Geometry], fields: dict[str, np.ndarray], crs: CRS | None
) -> None:
    try:
        from pyogrio.errors import DataSourceError
        from pyogrio.raw import write
        from shapely import to_wkb
        from shapely.geometry import shape
    except ImportError:
        raise SceneFileError(
            f"writing {path.name} needs pyogrio and shapely: pip install 'unmix[vector]'. GeoJSON "
            "is written without them."
        ) from None
    try:
        write(
            path,
            np.array([to_wkb(shape(each)) for each in geometries], dtype=object),
            list(fields.values()),
            list(fields),
            layer=path.stem,
            driver="GPKG",
            crs=None if crs is None else crs.to_wkt(),
            geometry_type="Polygon",
        )
    except DataSourceError as error:
        raise SceneFileError(f"{path} cannot be written: {error}.") from None
