import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes.errors import SceneError, SceneFileError
from scenes.grid import Grid
from scenes.vector_features import points_of, read_features

UTM = CRS.from_epsg(32611)
GRID = Grid(UTM, Affine.translation(5e5, 4e6) @ Affine.rotation(20) @ Affine.scale(30, -30), 20, 20)


def written(path, *features, crs="EPSG:32611"):
    document = {"type": "FeatureCollection", "features": list(features)}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def feature(kind, coordinates, **attributes):
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": attributes}


def test_fields_are_those_of_all_features(tmp_path):
    path = written(
        tmp_path / "a.geojson",
        feature("Point", [5e5, 4e6], material="sand", n=3),
        feature("Point", [5e5, 4e6], material=None, more=1.5),
        {"type": "Feature", "geometry": None, "properties": {"lost": 1}},
    )
    file = read_features(path)
    assert file.fields == ("material", "n", "more")
    assert file.values("n") == [3, None]
    assert file.crs == UTM
    with pytest.raises(SceneError, match=r"no field 'class'. Its fields are: material, n, more"):
        file.values("class")


def test_geometries_of_every_kind_come_to_pixels_and_back(tmp_path):
    pixels = {
        "Point": [3.5, 4.5],
        "MultiPoint": [[1, 2], [3, 4]],
        "Polygon": [[[1, 1], [5, 1], [5, 6], [1, 1]]],
        "MultiPolygon": [[[[1, 1], [5, 1], [5, 6], [1, 1]]], [[[7, 7], [9, 7], [9, 9], [7, 7]]]],
    }

    def on_map(part):
        if isinstance(part[0], list):
            return [on_map(each) for each in part]
        return list(GRID.transform @ tuple(part))

    features = [feature(kind, on_map(part)) for kind, part in pixels.items()]
    collection = {"type": "GeometryCollection", "geometries": [f["geometry"] for f in features]}
    features.append({"type": "Feature", "geometry": collection, "properties": None})
    placed = read_features(written(tmp_path / "a.json", *features)).in_pixels_of(GRID)
    flat = [np.array(part, dtype=float).reshape(-1, 2) for part in (
        pixels["Point"], pixels["MultiPoint"], pixels["Polygon"],
        np.concatenate(pixels["MultiPolygon"], axis=1),
    )]  # fmt: skip
    for shape, expected in zip(placed, flat, strict=False):
        assert np.allclose(points_of(shape), expected, atol=1e-6)
    assert np.allclose(points_of(placed[-1]), np.concatenate(flat), atol=1e-6)


def test_features_without_a_place_are_left_out(tmp_path):
    whole = feature("Point", [5e5, 4e6], n=1)
    empty = [feature(kind, [], n=2) for kind in ("Polygon", "MultiPolygon", "MultiPoint")]
    assert read_features(written(tmp_path / "a.json", whole, *empty)).values("n") == [1]


def test_features_on_a_map_need_a_grid_on_a_map(tmp_path):
    path = written(tmp_path / "a.geojson", feature("Point", [5e5, 4e6]))
    with pytest.raises(SceneError, match="the scene has no CRS"):
        read_features(path).in_pixels_of(Grid(None, Affine.identity(), 5, 5))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", SceneFileError, "cannot be read as GeoJSON"),
        ('{"type": "FeatureCollection"}', SceneFileError, "cannot be read as GeoJSON"),
        ('{"type": "Point", "coordinates": ["a"]}', SceneFileError, "cannot be read as GeoJSON"),
        ('{"type": "Point", "coordinates": [5e5, 4e6]}', SceneError, "not longitude and latitude"),
    ],
)
def test_what_is_no_geojson_is_one_sentence(tmp_path, text, error, message):
    (tmp_path / "a.geojson").write_text(text)
    with pytest.raises(error, match=message):
        read_features(tmp_path / "a.geojson")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SceneFileError, match="does not exist"):
        read_features(tmp_path / "a.gpkg")


@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_files_of_gdal_are_read_like_geojson(tmp_path, suffix):
    raw = pytest.importorskip("pyogrio.raw")
    shapely = pytest.importorskip("shapely")
    shapes = shapely.to_wkb(np.array([shapely.Point(5e5, 4e6), shapely.Point(5e5 + 60, 4e6)]))
    kinds, numbers = np.array(["sand", None], dtype=object), np.array([1, 2], dtype=np.int32)
    path = tmp_path / f"a.{suffix}"
    raw.write(path, shapes, [kinds, numbers], ["kind", "n"], crs="EPSG:32611",
              geometry_type="Point")  # fmt: skip
    file = read_features(path)
    assert file.values("kind") == ["sand", None]
    assert file.values("n") == [1, 2]
    assert [points_of(each.geometry).tolist() for each in file.features] == [
        [[5e5, 4e6]],
        [[5e5 + 60, 4e6]],
    ]
    path.write_bytes(b"no vector file")
    with pytest.raises(SceneFileError, match="cannot be read"):
        read_features(path)
