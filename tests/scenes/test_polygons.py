import builtins
import json
import sys

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform_geom

from scenes.errors import SceneError, SceneFileError
from scenes.grid import Grid
from scenes.masks import open_mask

UTM = CRS.from_epsg(32611)
TURNED = Grid(
    UTM, Affine.translation(5e5, 4e6) @ Affine.rotation(33) @ Affine.scale(30, -20), 24, 30
)
SHAPE = np.array([(4.2, 3.1), (26.3, 5.2), (20.4, 20.3), (9.6, 14.7)])
HOLE = np.array([(12.1, 7.2), (16.3, 7.4), (15.2, 11.3)])


def on_map(points, grid=TURNED):
    """Columns and rows to map coordinates, as a closed ring."""
    t = grid.transform
    ring = [(t.a * c + t.b * r + t.c, t.d * c + t.e * r + t.f) for c, r in points]
    return [*ring, ring[0]]


def write_geojson(path, *polygons, crs=None, wrap=None):
    shapes = [{"type": "Polygon", "coordinates": rings} for rings in polygons]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    document = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document if wrap is None else wrap(shapes)), encoding="utf-8")
    return path


def crossings(points, x, y):
    """Whether a point lies in a ring: an odd number of edges to its right."""
    inside = False
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def drawn_slowly(*rings):
    """Pixels whose centre lies in the first ring and in none of the others."""
    found = np.zeros(TURNED.shape, bool)
    for row, column in np.ndindex(*TURNED.shape):
        first, *holes = (crossings(ring, column + 0.5, row + 0.5) for ring in rings)
        found[row, column] = first and not any(holes)
    return found


@pytest.fixture
def in_utm(tmp_path):
    return write_geojson(tmp_path / "a.geojson", [on_map(SHAPE), on_map(HOLE)], crs="EPSG:32611")


def test_polygons_on_a_rotated_grid_are_those_drawn_point_by_point(in_utm):
    expected = drawn_slowly(SHAPE, HOLE)
    assert 100 < expected.sum() < 400
    kept = open_mask(in_utm, TURNED).read_mask(0, 0, 24, 30).reshape(24, 30)
    left = open_mask(in_utm, TURNED, keep=False).read_mask(0, 0, 24, 30).reshape(24, 30)
    assert np.array_equal(kept, expected)
    assert np.array_equal(left, ~expected)


def test_a_window_of_polygons_is_a_part_of_the_whole(in_utm):
    mask = open_mask(in_utm, TURNED)
    whole = mask.read_mask(0, 0, 24, 30).reshape(24, 30)
    for row, column, height, width in ((0, 0, 3, 30), (7, 4, 9, 11), (23, 29, 1, 1)):
        part = mask.read_mask(row, column, height, width).reshape(height, width)
        assert np.array_equal(part, whole[row : row + height, column : column + width])


def test_polygons_in_degrees_are_brought_to_the_scene(tmp_path, in_utm):
    metres = {"type": "Polygon", "coordinates": [on_map(SHAPE), on_map(HOLE)]}
    degrees = transform_geom(UTM, "OGC:CRS84", metres)["coordinates"]
    path = write_geojson(tmp_path / "b.geojson", degrees)
    expected = open_mask(in_utm, TURNED).read_mask(0, 0, 24, 30)
    assert np.array_equal(open_mask(path, TURNED).read_mask(0, 0, 24, 30), expected)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda shapes: {**shapes[0], "crs": {"properties": {"name": "EPSG:32611"}}},
        lambda shapes: {
            "type": "Feature",
            "crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::32611"}},
            "geometry": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Point", "coordinates": [0, 0]},
                    {
                        "type": "MultiPolygon",
                        "coordinates": [shape["coordinates"] for shape in shapes],
                    },
                ],
            },
        },
    ],
)
def test_polygons_are_found_however_they_are_wrapped(tmp_path, in_utm, wrap):
    path = write_geojson(tmp_path / "c.json", [on_map(SHAPE), on_map(HOLE)], wrap=wrap)
    expected = open_mask(in_utm, TURNED).read_mask(0, 0, 24, 30)
    assert np.array_equal(open_mask(path, TURNED).read_mask(0, 0, 24, 30), expected)


def test_polygons_that_miss_the_scene_are_refused(tmp_path):
    far = [(x + 1e5, y) for x, y in on_map(SHAPE)]
    path = write_geojson(tmp_path / "far.geojson", [far], crs="EPSG:32611")
    with pytest.raises(SceneError, match=r"of 1 polygon in far\.geojson none lies"):
        open_mask(path, TURNED)


def test_metres_in_geojson_that_names_no_system_are_refused(tmp_path):
    path = write_geojson(tmp_path / "metres.geojson", [on_map(SHAPE)])
    with pytest.raises(SceneError, match="not longitude and latitude"):
        open_mask(path, TURNED)


def test_polygons_on_a_map_need_a_scene_on_a_map(in_utm):
    with pytest.raises(SceneError, match="the scene has no CRS"):
        open_mask(in_utm, Grid(None, Affine.identity(), 24, 30))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", SceneFileError, "cannot be read as GeoJSON"),
        ("[]", SceneFileError, "cannot be read as GeoJSON"),
        ('{"type": "FeatureCollection"}', SceneFileError, "cannot be read as GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', SceneError, "holds no polygons"),
        ('{"type": "FeatureCollection", "features": []}', SceneError, "holds no polygons"),
        (
            '{"type": "Point", "coordinates": [1, 2], "crs": {"properties": {"name": "moon"}}}',
            SceneFileError,
            "names a CRS that is not known",
        ),
    ],
)
def test_geojson_without_polygons_is_refused(tmp_path, text, error, message):
    (tmp_path / "bad.geojson").write_text(text)
    with pytest.raises(error, match=message):
        open_mask(tmp_path / "bad.geojson", TURNED)


def test_other_vector_files_say_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == "pyogrio":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyogrio"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "a.gpkg").write_bytes(b"x")
    with pytest.raises(SceneFileError, match=r"pip install 'unmix\[vector\]'"):
        open_mask(tmp_path / "a.gpkg", TURNED)


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb"])
def test_vector_files_are_read_like_geojson(tmp_path, in_utm, suffix):
    raw = pytest.importorskip("pyogrio.raw")
    shapely = pytest.importorskip("shapely")
    rings = [on_map(SHAPE), on_map(HOLE)]
    shape = shapely.to_wkb(np.array([shapely.Polygon(rings[0], rings[1:])]))
    path = tmp_path / f"a.{suffix}"
    raw.write(path, shape, [], np.array([]), crs="EPSG:32611", geometry_type="Polygon")
    expected = open_mask(in_utm, TURNED).read_mask(0, 0, 24, 30)
    assert np.array_equal(open_mask(path, TURNED).read_mask(0, 0, 24, 30), expected)
    path.write_bytes(b"not a vector file")
    with pytest.raises(SceneFileError, match="cannot be read"):
        open_mask(path, TURNED)
