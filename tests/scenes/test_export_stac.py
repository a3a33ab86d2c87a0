"""STAC items: valid by the specification's own schema, and by the rules that no schema says."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from rasterio.crs import CRS
from rasterio.warp import transform as to_crs

from scenes import Bands, Grid, open_scene
from scenes.acquisition import NOTHING_KNOWN, Acquisition
from scenes.export import CogWriter
from scenes.export.colour import Colour
from scenes.export.footprint import bounding_box, footprint, polygon
from scenes.export.stac import file_asset, raster_asset, spectral_sidecar, stac_item

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TAKEN = datetime(2022, 7, 24, 10, 45, 26, tzinfo=UTC)
GOOD = np.ones(2, dtype=bool)
UTM = CRS.from_epsg(32611)
UTM_1 = CRS.from_epsg(32601)
LAEA = CRS.from_proj4("+proj=laea +lat_0=40 +lon_0=10 +datum=WGS84")
DEGREES, PIXELS = st.floats(0, 360), st.integers(1, 40)
GRIDS = {
    "rotated": Grid(UTM, Affine(26, 15, 5e5, 15, -26, 4.1e6), 40, 30),
    "north up": Grid(UTM, Affine(30, 0, 5e5, 0, -30, 4.1e6), 3, 500),
    "in degrees": Grid(CRS.from_epsg(4326), Affine(0.01, 0, -110, 0, -0.01, 35), 40, 30),
    "south up": Grid(CRS.from_epsg(4326), Affine(0.01, 0, -110, 0, 0.01, 35), 40, 30),
    "across the antimeridian": Grid(
        CRS.from_epsg(32601), Affine(900, 0, 1e5, 0, -900, 2e6), 40, 300
    ),
    "up to 360 degrees": Grid(CRS.from_epsg(4326), Affine(1, 0, 350, 0, -1, 35), 4, 10),
    "of no authority": Grid(
        CRS.from_proj4("+proj=laea +lat_0=40 +lon_0=10 +datum=WGS84"),
        Affine(30, 0, 0, 0, -30, 0),
        9,
        9,
    ),
    "without CRS": Grid(None, Affine.identity(), 4, 5),
}


def item_of(grid, acquisition=NOTHING_KNOWN, assets=None):
    described = {"acquisition": acquisition, "created": CREATED, "software": {"unmix": "0.1"}}
    return stac_item("scene", grid, assets or {}, **described)


def assert_valid(item):
    """By the schema of STAC 1.1.0, which pystac carries; those of extensions are on the web."""
    core = pystac.STACObjectType.ITEM
    JsonSchemaSTACValidator().validate_core(item, core, "1.1.0")
    again = pystac.Item.from_dict(item).to_dict(include_self_link=False, transform_hrefs=False)
    assert again["properties"] == item["properties"]
    assert again["assets"] == item["assets"]


def area(ring):
    (x0, y0), (x1, y1) = np.array(ring[:-1]).T, np.array(ring[1:]).T
    return (x0 * y1 - x1 * y0).sum() / 2


def rings_of(geometry):
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return [part[0] for part in ([coordinates] if kind == "Polygon" else coordinates)]


@pytest.mark.parametrize("name", GRIDS)
def test_stac_item_is_valid_wherever_it_lies(name):
    item = item_of(GRIDS[name])
    assert_valid(item)
    if GRIDS[name].crs is None:
        assert item["geometry"] is None
        assert "bbox" not in item
        return
    for ring in rings_of(item["geometry"]):
        assert ring[0] == ring[-1]
        assert area(ring) > 0  # counter-clockwise
        assert np.abs(np.array(ring)[:, 0]).max() <= 180


@pytest.mark.parametrize("name", ["rotated", "north up", "in degrees", "south up"])
def test_stac_item_footprint_goes_through_the_corners(name):
    grid = GRIDS[name]
    (ring,) = rings_of(item_of(grid)["geometry"])
    for column, row in ((0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height)):
        x, y = grid.transform @ (column, row)
        corner = np.ravel(to_crs(grid.crs, "EPSG:4326", [x], [y]))
        assert np.abs(np.array(ring) - corner).max(axis=1).min() < 1e-8


def test_stac_item_across_the_antimeridian_has_two_parts():
    item = item_of(GRIDS["across the antimeridian"])
    west, _, east, _ = item["bbox"]
    assert west > 0 > east
    parts = rings_of(item["geometry"])
    assert len(parts) == 2
    whole = footprint(GRIDS["across the antimeridian"])
    assert sum(map(area, parts)) == pytest.approx(area(whole))


@settings(max_examples=50, deadline=None)
@given(
    st.floats(-180, 359),
    st.floats(-60, 60),
    st.floats(0, 360),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_footprint_keeps_its_area_however_it_is_cut(west, north, degrees, height, width):
    turned = Affine.translation(west, north) @ Affine.rotation(degrees) @ Affine.scale(0.1, -0.1)
    ring = footprint(Grid(CRS.from_epsg(4326), turned, height, width))
    parts = rings_of(polygon(ring))
    assert sum(map(area, parts)) == pytest.approx(0.01 * height * width, rel=1e-4)
    xs = np.concatenate([np.array(part)[:, 0] for part in parts])
    assert xs.min() >= -180 and xs.max() <= 180
    west, south, east, north = bounding_box(ring)
    assert south <= north and -180 <= west <= 180 and -180 <= east <= 180


def test_stac_item_times_are_those_of_the_acquisition_or_an_interval():
    known = Acquisition(TAKEN, TAKEN + timedelta(seconds=4), "EnMAP", "HSI")
    properties = item_of(GRIDS["rotated"], known)["properties"]
    assert properties["datetime"] == properties["start_datetime"] == "2022-07-24T10:45:26Z"
    assert properties["end_datetime"] == "2022-07-24T10:45:30Z"
    assert (properties["platform"], properties["instruments"]) == ("EnMAP", ["HSI"])
    assert_valid(item_of(GRIDS["rotated"], known))
    unknown = item_of(GRIDS["rotated"])["properties"]
    assert unknown["datetime"] is None
    assert unknown["start_datetime"] < unknown["end_datetime"] == unknown["created"]
    assert "not known" in unknown["description"]


def test_stac_item_projection_is_that_of_the_raster():
    properties = item_of(GRIDS["rotated"])["properties"]
    assert properties["proj:code"] == "EPSG:32611"
    assert properties["proj:shape"] == [40, 30]
    assert properties["proj:transform"] == [26, 15, 5e5, 15, -26, 4.1e6]
    nameless = item_of(GRIDS["of no authority"])["properties"]
    assert nameless["proj:code"] is None
    assert CRS.from_wkt(nameless["proj:wkt2"]) == GRIDS["of no authority"].crs
    assert item_of(GRIDS["without CRS"])["properties"]["proj:code"] is None


def write_cube(path, wavelengths=None):
    grid = Grid(UTM, GRIDS["rotated"].transform, 4, 5)
    names, values = ["a", "b"], np.arange(40.0).reshape(2, 4, 5)
    values[:, 0, 0] = np.nan
    with CogWriter(path, grid, names, units="1", wavelengths=wavelengths) as writer:
        writer.write(0, 0, values)
    return values


def test_raster_asset_tells_what_the_file_holds(tmp_path):
    bands = Bands(np.array([450.25, 2200.5]), np.array([8.0, 12.5]), GOOD)
    values = write_cube(tmp_path / "cube.tif", bands)
    asset = raster_asset(tmp_path / "cube.tif", "A cube")
    first, second = asset["bands"]
    assert asset["href"] == "./cube.tif"
    assert (first["name"], first["unit"], first["data_type"]) == ("a", "1", "float32")
    assert first["nodata"] == -9999
    assert first["statistics"]["mean"] == pytest.approx(np.nanmean(values[0]))
    assert second["eo:center_wavelength"] == 2.2005
    assert second["eo:full_width_half_max"] == 0.0125
    item = item_of(GRIDS["rotated"], assets={"cube": asset})
    assert_valid(item)
    prefixes = {url.split("/")[3] for url in item["stac_extensions"]}
    assert prefixes == {"projection", "eo", "raster", "processing"}


def test_raster_asset_classes_have_names_for_machines_and_for_people(tmp_path):
    write_cube(tmp_path / "classes.tif")
    classes = {1: ("dry sand (é)", Colour(230, 159, 0)), 2: ("水", Colour(0, 114, 178))}
    asset = raster_asset(tmp_path / "classes.tif", "Classes", classes=classes)
    assert asset["bands"][0]["classification:classes"] == [
        {"value": 1, "name": "dry-sand", "title": "dry sand (é)", "color_hint": "E69F00"},
        {"value": 2, "name": "class-2", "title": "水", "color_hint": "0072B2"},
    ]


def test_file_asset_has_a_media_type(tmp_path):
    asset = file_asset(tmp_path / "run.json", "Record", href="sub/run.json")
    assert (asset["href"], asset["type"]) == ("./sub/run.json", "application/json")
    assert file_asset(tmp_path / "a.sli", "Spectra")["type"] == "application/octet-stream"


def test_spectral_sidecar_gives_its_wavelengths_to_a_file_that_has_none(tmp_path):
    bands = Bands(np.array([450.25, 2200.5]), np.array([8.0, 12.5]), np.array([True, False]))
    write_cube(tmp_path / "cube.tif")
    assert open_scene(tmp_path / "cube.tif").wavelengths_nm is None
    text = json.dumps(spectral_sidecar(bands, ["a", "b"]))
    (tmp_path / "cube.tif.stac.json").write_text(text, encoding="utf-8")
    found = open_scene(tmp_path / "cube.tif").bands
    assert found.wavelengths_nm.tolist() == [450.25, 2200.5]
    assert found.fwhm_nm.tolist() == [8.0, 12.5]
    assert json.loads(text)["properties"]["enmapbox:bad_band_multiplier"] == [1, 0]


def test_cube_has_its_wavelengths_in_every_domain_that_readers_look_into(tmp_path):
    nm, fwhm = [450.25, 2200 + 1 / 3], [8.0, 12.5]
    write_cube(tmp_path / "cube.tif", Bands(np.array(nm), np.array(fwhm), GOOD))
    with rasterio.open(tmp_path / "cube.tif") as dataset:
        lists = dataset.tags(ns="ENVI")
        assert [float(x) for x in lists["wavelength"].strip("{}").split(",")] == nm
        assert [float(x) for x in lists["fwhm"].strip("{}").split(",")] == fwhm
        assert max(map(len, lists["wavelength"].splitlines())) < 100
        for band in (1, 2):
            assert float(dataset.tags(band)["wavelength"]) == nm[band - 1]
            assert dataset.tags(band)["wavelength_units"] == "Nanometers"
            micrometres = dataset.tags(band, ns="IMAGERY")
            assert float(micrometres["CENTRAL_WAVELENGTH_UM"]) == pytest.approx(nm[band - 1] / 1e3)
