import pytest
from affine import Affine
from rasterio.crs import CRS

from scenes import Grid
from unmix.report.contents import read_contents
from unmix.report.facts import card_of, day_of, tiles_of, unit_of, worst_places
from unmix.report.residuals import summarize_residuals


@pytest.mark.parametrize(
    ("crs", "unit"),
    [(None, "map units"), (CRS.from_epsg(32611), "m"), (CRS.from_epsg(4326), "degrees"),
     (CRS.from_epsg(2229), "US survey foot")],
)  # fmt: skip
def test_unit_is_that_of_the_map(crs, unit):
    assert unit_of(Grid(crs, Affine.identity(), 2, 2)) == unit


def test_tiles_count_what_the_record_counts(bundle):
    contents = read_contents(bundle)
    values = {label: value for value, label, _ in tiles_of(contents)}
    assert values["materials"] == "3"
    mapped = contents.record["scores"]["mapped_pixels"]
    assert int(values["pixels mapped"].replace("\u202f", "")) == mapped
    assert float(values["left unexplained"]) == pytest.approx(
        contents.record["scores"]["residual_rmse"], rel=0.01
    )


def test_worst_places_stand_on_the_map_where_the_transform_puts_them(bundle):
    contents = read_contents(bundle)
    found = summarize_residuals(bundle / "quality.tif")
    for place, pixel in zip(worst_places(contents, found), found.worst, strict=True):
        x, y = contents.grid.transform @ (pixel.column + 0.5, pixel.row + 0.5)
        assert float(place["x"]) == pytest.approx(x, abs=0.06)
        assert float(place["y"]) == pytest.approx(y, abs=0.06)
        assert (place["row"], place["column"]) == (pixel.row + 1, pixel.column + 1)
        assert 0 < place["left"] < 100


def test_card_names_grid_and_bands(bundle):
    card = dict(card_of(read_contents(bundle)))
    assert card["Size"] == "56 x 40 pixels"
    assert card["Map system"] == "EPSG:32611"
    assert "nm" in card["Bands"]


@pytest.mark.parametrize("created", [None, "yesterday"])
def test_an_unknown_day_is_said(created):
    assert day_of({"created": created}) == "at an unknown time"
    assert day_of({"created": "2026-11-21T07:42:00+00:00"}) == "21 November 2026, 07:42 UTC"
