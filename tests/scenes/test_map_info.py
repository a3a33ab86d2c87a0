import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from scenes.envi_header import format_header, parse_header
from scenes.errors import SceneError, SceneWarning
from scenes.grid import Grid
from scenes.map_info import grid_from_map_info, map_info_from_grid

UTM = "UTM, 1, 1, 500000, 4000000, 30, 20, 11, North, WGS-84, units=Meters"
SAMSON = (
    'PROJCS["UTM_Zone_10N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",'
    '637813..0,298.252223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",50000.00],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-123.0],'
    'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def grid_of(map_info, wkt=None):
    fields = {"map info": map_info}
    if wkt is not None:
        fields["coordinate system string"] = wkt
    return grid_from_map_info(fields, 4, 5)


def esri(code):
    return CRS.from_epsg(code).to_wkt(version="WKT1_ESRI")


def there_and_back(grid):
    fields = parse_header(format_header(map_info_from_grid(grid)))
    return grid_from_map_info(fields, grid.height, grid.width)


@pytest.mark.parametrize(
    "map_info",
    [
        UTM,
        "UTM, 1.5, 1.5, 500000, 4000000, 30, 20, 11, North, WGS-84, units=Meters",
        " UTM , 3 , 2.25 , 5e5 , 4e6 , 3.0e+001 , 20 , 33 , South , WGS-84 ",
        "UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, North America 1983, rotation=34.0000",
        "UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, WGS-84, units=Meters , rotation= -12.5",
        "UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, WGS-84, rotation=90, units=Meters",
        "Geographic Lat/Lon, 1, 1, -117.5, 34.25, 0.25, 0.5, WGS-84, units=Degrees",
        "Geographic Lat/Lon, 1, 1, -117.5, 34.25, 0.25, 0.25, WGS-84, rotation=30",
    ],
)
def test_map_info_is_read_as_gdal_reads_it(tmp_path, write_envi, small_cube, map_info):
    data = write_envi(tmp_path, small_cube, {"map info": f"{{{map_info}}}"})
    grid = grid_of(map_info)
    with rasterio.open(data) as dataset:
        assert dataset.crs.to_epsg() == grid.crs.to_epsg()
        assert np.allclose(tuple(dataset.transform), tuple(grid.transform), rtol=1e-12, atol=1e-9)


def test_map_info_rotation_turns_counter_clockwise():
    """Pitfall 1: columns run east-north-east for 30 degrees."""
    transform = grid_of(UTM.replace("30, 20", "30, 30") + ", rotation=30").transform
    assert tuple(transform)[:6] == pytest.approx(
        (25.980762, 15.0, 500000, 15.0, -25.980762, 4000000)
    )


@given(st.floats(-360, 360), st.floats(0.1, 100), st.floats(0.1, 100))
def test_map_info_rotation_keeps_right_angles_for_pixels_that_are_not_square(angle, x_size, y_size):
    """Pitfall 1: GDAL shears such a grid."""
    info = f"UTM, 1, 1, 0, 0, {x_size!r}, {y_size!r}, 11, North, WGS-84, rotation={angle + 1e-6!r}"
    transform = grid_of(info).transform
    column, row = np.array([transform.a, transform.d]), np.array([transform.b, transform.e])
    assert np.hypot(*column) == pytest.approx(x_size)
    assert np.hypot(*row) == pytest.approx(y_size)
    assert column @ row == pytest.approx(0, abs=1e-9 * x_size * y_size)
    assert transform.determinant < 0


def test_map_info_rotation_of_half_a_turn_turns_both_axes_and_says_so():
    """Pitfall 1: GDAL turns only the rows."""
    with pytest.warns(SceneWarning, match="rotation=180: read as half a turn"):
        transform = grid_of(UTM + ", rotation=180").transform
    assert tuple(transform)[:6] == (-30, 0, 500000, 0, 20, 4000000)


def test_half_a_turn_is_written_so_that_gdal_reads_it_right(tmp_path, write_envi, small_cube):
    grid = Grid(CRS.from_epsg(32611), Affine(-30, 0, 5e5, 0, 20, 4e6), 5, 3)
    fields = {key: f"{{{value}}}" for key, value in map_info_from_grid(grid).items()}
    with rasterio.open(write_envi(tmp_path, small_cube, fields)) as dataset:
        assert dataset.transform.almost_equals(grid.transform, 1e-6)
    assert there_and_back(grid) == grid


def test_map_info_reference_pixel_moves_the_origin():
    """Pitfall 2."""
    transform = grid_of(UTM.replace("UTM, 1, 1", "UTM, 1.5, 3")).transform
    assert (transform.c, transform.f) == (500000 - 15, 4000000 + 40)


def test_map_info_reference_pixel_stays_in_its_place_when_the_image_is_turned():
    """GDAL moves the origin as if nothing were turned."""
    turned = grid_of(UTM.replace("UTM, 1, 1", "UTM, 1.5, 3") + ", rotation=34").transform
    assert turned @ (0.5, 2) == pytest.approx((500000, 4000000))


def test_no_map_info_is_the_identity_without_crs():
    """Pitfall 2; `x start` moves nothing."""
    assert grid_from_map_info({"x start": "85"}, 4, 5) == Grid(None, Affine.identity(), 4, 5)


def test_arbitrary_map_info_is_no_crs():
    """Pitfall 2."""
    grid = grid_of("Arbitrary, 1, 1, 0, 0, 2, 2, 0, North")
    assert grid.crs is None
    assert grid.transform == Affine(2, 0, 0, 0, -2, 0)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("33, South, WGS-84", 32733),
        ("11, North, North America 1983", 26911),
        ("11, North, North America 1927", 26711),
        ("33, North, ETRS-89", 25833),
        ("33, North, European 1950", 23033),
        ("55, South, GDA-94", 28355),
        ("-23, SIRGAS-2000", 31983),
    ],
)
def test_map_info_datums_become_epsg_codes(words, code):
    assert grid_of(f"UTM, 1, 1, 500000, 4000000, 30, 30, {words}").crs == CRS.from_epsg(code)


def test_map_info_without_a_datum_is_taken_as_wgs84_with_a_warning():
    with pytest.warns(SceneWarning, match="no known datum; WGS-84 was assumed"):
        assert grid_of("UTM, 1, 1, 5e5, 4e6, 30, 30, 11, North").crs == CRS.from_epsg(32611)


@pytest.mark.parametrize("code", [32633, 4326, 3035, 2056, 26911])
def test_coordinate_system_string_is_identified(code):
    info = "Some Projection, 1, 1, 500000, 4000000, 30, 30, units=Meters"
    assert grid_of(info, esri(code)).crs == CRS.from_epsg(code)


def test_coordinate_system_string_names_the_datum_that_map_info_does_not():
    info = "UTM, 1, 1, 500000, 6000000, 30, 30, 33, North"
    assert grid_of(info, esri(23033)).crs == CRS.from_epsg(23033)
    assert grid_of(info, esri(25833)).crs == CRS.from_epsg(25833)


def test_corrupt_coordinate_system_string_of_samson_gives_way_to_map_info():
    info = "UTM, 1.000, 1.000, 612730.910, 4074488.708, 1.0e+00, 1.0e+00, 10, North, WGS-84"
    with pytest.warns(SceneWarning, match=r"radius 637813 instead of 6378137; False easting 50000"):
        grid = grid_of(info, SAMSON)
    assert grid.crs == CRS.from_epsg(32610)
    assert grid.transform == Affine(1, 0, 612730.91, 0, -1, 4074488.708)


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        (32612, "Longitude of natural origin -111 instead of -117"),
        (32711, "False northing"),
        (26711, "ellipsoid radius"),
        (4326, "projection none"),
    ],
)
def test_coordinate_system_string_that_contradicts_map_info_is_not_used(code, phrase):
    with pytest.warns(SceneWarning, match=phrase):
        assert grid_of(UTM, esri(code)).crs == CRS.from_epsg(32611)


def test_coordinate_system_string_that_cannot_be_parsed_is_not_used():
    with pytest.warns(SceneWarning, match="cannot be parsed"):
        assert grid_of(UTM, "PROJCS[nonsense").crs == CRS.from_epsg(32611)


def test_coordinate_system_string_without_map_info_places_nothing():
    with pytest.warns(SceneWarning, match="places nothing"):
        grid = grid_from_map_info({"coordinate system string": esri(32611)}, 4, 5)
    assert not grid.is_georeferenced


def test_unknown_projection_keeps_its_place_without_crs():
    with pytest.warns(SceneWarning, match="a place but no CRS"):
        grid = grid_of("Moon Mercator, 1, 1, 7, 8, 30, 30")
    assert grid.crs is None
    assert grid.transform == Affine(30, 0, 7, 0, -30, 8)


@pytest.mark.parametrize(
    "text", ["UTM, 1, 1", "UTM, 1, 1, x, 4e6, 30, 30, 11, North", "UTM, 1, 1, 5e5, 4e6, 0, 30, 11"]
)
def test_map_info_that_cannot_be_read_is_no_georeference_and_says_so(text):
    with pytest.warns(SceneWarning, match="`map info` cannot be read"):
        assert not grid_of(text).is_georeferenced


@given(
    st.sampled_from([32611, 32733, 4326, 3035, 2056, 26711, 3857, None]),
    st.floats(-1e6, 1e7),
    st.floats(-1e6, 1e7),
    st.floats(1e-4, 1e3),
    st.floats(1e-4, 1e3),
    st.floats(-179, 179),
)
def test_grid_comes_back_from_its_map_info(code, x, y, x_size, y_size, angle):
    crs = None if code is None else CRS.from_epsg(code)
    turned = Affine.translation(x, y) @ Affine.rotation(angle) @ Affine.scale(x_size, -y_size)
    grid = Grid(crs, turned, 4, 5)
    again = there_and_back(grid)
    assert again.crs == crs
    size = max(x_size, y_size)
    assert np.allclose(tuple(again.transform), tuple(turned), rtol=1e-12, atol=1e-10 * size)


def test_grid_without_rotation_comes_back_bit_for_bit():
    grid = Grid(CRS.from_epsg(32611), Affine(16.9, 0, 579717.18, 0, -1 / 3, 3714550.7), 4, 5)
    assert there_and_back(grid) == grid


def test_grid_without_georeference_has_no_map_info():
    assert map_info_from_grid(Grid(None, Affine.identity(), 4, 5)) == {}


def test_map_info_refuses_shear_with_its_numbers():
    sheared = Grid(None, Affine(30, 3, 0, 1, -20, 0), 4, 5)
    with pytest.raises(SceneError, match=r"shear of the transform \(30, 3, 1, -20\).*GeoTIFF"):
        map_info_from_grid(sheared)


def test_map_info_refuses_rows_that_run_upwards():
    with pytest.raises(SceneError, match="rows run upwards"):
        map_info_from_grid(Grid(CRS.from_epsg(32611), Affine(30, 0, 0, 0, 30, 0), 4, 5))
