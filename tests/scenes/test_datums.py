import pytest
from rasterio.crs import CRS

from scenes.datums import DATUMS, find_datum


@pytest.mark.parametrize("datum", DATUMS, ids=lambda datum: datum.name)
def test_datum_codes_are_the_utm_zones_they_claim_to_be(datum):
    """The table against the EPSG registry."""
    geographic = CRS.from_epsg(datum.geographic_code)
    assert geographic.is_geographic
    base = geographic.to_dict(projjson=True)["name"]
    for zones, letter in ((datum.north, "N"), (datum.south, "S")):
        if zones is None:
            continue
        for zone in (zones[1], zones[2]):
            described = CRS.from_epsg(zones[0] + zone).to_dict(projjson=True)
            assert described["base_crs"]["name"] == base
            assert f"zone {zone}" in described["name"]
            values = {p["name"]: p["value"] for p in described["conversion"]["parameters"]}
            assert values["Longitude of natural origin"] == 6 * zone - 183
            assert values["False northing"] == (1e7 if letter == "S" else 0)


@pytest.mark.parametrize("datum", DATUMS, ids=lambda datum: datum.name)
def test_datum_zone_of_undoes_utm_code(datum):
    for hemisphere in ("North", "South"):
        for zone in range(1, 61):
            code = datum.utm_code(str(zone), hemisphere)
            if code is not None:
                assert datum.zone_of(code) == (zone, hemisphere)


@pytest.mark.parametrize(
    ("text", "name"),
    [("WGS-84", "WGS-84"), ("wgs 84", "WGS-84"), ("NAD83", "North America 1983"),
     ("North America 1927", "North America 1927"), ("ETRS89", "ETRS-89"), ("GDA94", "GDA-94")],
)  # fmt: skip
def test_find_datum_knows_every_spelling(text, name):
    assert find_datum(text).name == name


def test_find_datum_does_not_guess():
    assert find_datum("North") is None
    assert find_datum("Mars 2000") is None


def test_utm_code_knows_negative_zones_and_refuses_others():
    wgs84 = DATUMS[0]
    assert wgs84.utm_code("-33", "") == 32733
    assert wgs84.utm_code("33", "South") == 32733
    assert wgs84.utm_code("0", "North") is None
    assert wgs84.utm_code("x", "North") is None
