import pytest
from rasterio.crs import CRS

from scenes.crs_parameters import differences

UTM = CRS.from_epsg(32633)


@pytest.mark.parametrize("code", [32633, 4326, 3035, 2056, 27700, 3857, 26911, 31983, 5041])
def test_differences_are_none_after_a_trip_through_esri_wkt(code):
    crs = CRS.from_epsg(code)
    assert differences(CRS.from_wkt(crs.to_wkt(version="WKT1_ESRI")), crs, True) == []


@pytest.mark.parametrize(
    ("other", "phrase"),
    [
        (32634, "Longitude of natural origin 21 instead of 15"),
        (32733, "False northing 10000000 instead of 0"),
        (23033, "ellipsoid radius 6378388 instead of 6378137"),
        (4326, "projection none instead of Transverse Mercator"),
        (2056, "no Scale factor at natural origin"),
    ],
)
def test_differences_name_the_numbers(other, phrase):
    assert phrase in differences(CRS.from_epsg(other), UTM, True)


def test_differences_leave_the_ellipsoid_out_on_request():
    assert differences(CRS.from_epsg(23033), UTM, False) == []


def test_differences_see_the_unit():
    feet = CRS.from_wkt(CRS.from_epsg(2227).to_wkt(version="WKT1_ESRI"))
    metres = CRS.from_epsg(26943)
    assert any(phrase.startswith("unit 0.3048") for phrase in differences(feet, metres, True))


def test_differences_look_through_compound_and_shifted_crs():
    compound = CRS.from_string("EPSG:32633+5773")
    assert differences(compound, UTM, True) == []
    wkt = UTM.to_wkt(version="WKT1_GDAL").replace(
        'AUTHORITY["EPSG","6326"]', 'TOWGS84[0,0,0,0,0,0,0],AUTHORITY["EPSG","6326"]'
    )
    assert "TOWGS84" in wkt
    assert differences(CRS.from_wkt(wkt), UTM, True) == []
