import csv
import json

import numpy as np
import pytest
from rasterio.crs import CRS

from scenes.export import points
from scenes.export.points import write_places
from scenes.places import Places

UTM = CRS.from_epsg(32611)
NAMES = {"name": ["ä, 1", "b"], "class": ["sand", "water"]}


def some_places(crs=UTM, x=(5e5, np.nan)):
    n = np.arange(2)
    x = np.array(x)
    longitude = np.where(np.isfinite(x), -117.1234567891234, np.nan)
    if crs is None:
        longitude = np.full(2, np.nan)
    return Places(n, n + 3, x, x + 1, longitude, longitude + 150, crs)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_everything_and_blanks_for_what_is_unknown(tmp_path):
    write_places(tmp_path, "p", some_places(), NAMES)
    first, second = table(tmp_path / "p.csv")
    assert first["name"] == "ä, 1" and first["class"] == "sand"
    assert (first["row"], first["column"], float(first["x"])) == ("0", "3", 5e5)
    assert float(first["longitude"]) == pytest.approx(-117.123456789, abs=1e-9)
    assert (second["x"], second["latitude"], second["row"]) == ("", "", "1")


def test_geojson_is_as_rfc_7946_wants_it(tmp_path):
    write_places(tmp_path, "p", some_places(), NAMES)
    document = json.loads((tmp_path / "p.geojson").read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection" and "crs" not in document
    placed, lost = document["features"]
    assert placed["geometry"]["type"] == "Point"
    assert placed["geometry"]["coordinates"] == pytest.approx([-117.123456789, 32.876543211])
    assert placed["properties"] == {
        "name": "ä, 1", "class": "sand", "row": 0, "column": 3, "x": 5e5, "y": 500001.0,
    }  # fmt: skip
    assert lost["geometry"] is None


def test_without_a_crs_there_is_the_table_alone(tmp_path):
    written = write_places(tmp_path, "p", some_places(crs=None), NAMES)
    assert written == [tmp_path / "p.csv"] == list(tmp_path.iterdir())


def test_without_pyogrio_there_is_no_geopackage(tmp_path, monkeypatch):
    monkeypatch.setattr(points, "find_spec", lambda name: None)
    written = write_places(tmp_path, "p", some_places(), NAMES)
    assert [path.suffix for path in written] == [".csv", ".geojson"]


def test_geopackages_keep_the_system_of_the_map(tmp_path):
    raw = pytest.importorskip("pyogrio.raw")
    shapely = pytest.importorskip("shapely")
    path = write_places(tmp_path, "p", some_places(), NAMES)[-1]
    described, _, shapes, values = raw.read(path)
    columns = dict(zip(described["fields"], values, strict=True))
    placed, lost = shapely.from_wkb(shapes)
    assert described["crs"] == "EPSG:32611"
    assert (placed.x, placed.y) == (5e5, 500001.0) and lost is None
    assert columns["name"].tolist() == ["ä, 1", "b"] and columns["row"].tolist() == [0, 1]
