"""When and by what a scene was taken, in the words of many files."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from scenes import Grid, open_scene
from scenes.acquisition import NOTHING_KNOWN, Acquisition, iso_text
from scenes.export import CogWriter, EnviWriter

NOON = datetime(2022, 7, 24, 10, 45, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    "metadata",
    [
        {"acquisition time": "2022-07-24T10:45:26Z"},
        {"acquisition time": "{ 2022-07-24T10:45:26 }"},
        {"ACQUISITIONDATETIME": "2022-07-24 10:45:26"},
        {"time_coverage_start": "2022-07-24T10:45:26+0000"},
        {"time_coverage_start": "2022-07-24T12:45:26+02:00"},
        {"Product_StartTime": "2022:07:24 10:45:26"},
        {"acquisition time": "n/a", "time_coverage_start": "2022-07-24T10:45:26.000Z"},
    ],
)
def test_acquisition_reads_the_time_of_every_kind_of_file(metadata):
    assert Acquisition.of(metadata).start == NOON


@pytest.mark.parametrize("text", ["", "unknown", "24 July", "2022-13-01T00:00:00Z", "T", ":"])
def test_acquisition_without_a_time_is_not_guessed(text):
    assert Acquisition.of({"acquisition time": text}) == NOTHING_KNOWN


def test_acquisition_does_not_take_the_date_of_a_file_for_that_of_the_scene():
    assert Acquisition.of({"TIFFTAG_DATETIME": "2022:07:24 10:45:26"}) == NOTHING_KNOWN


def test_acquisition_has_an_end_only_after_its_start():
    fields = {"time_coverage_start": "2022-07-24T10:45:26Z"}
    assert Acquisition.of(fields | {"time_coverage_end": "2022-07-24T10:45:20Z"}).end is None
    assert Acquisition.of({"time_coverage_end": "2022-07-24T10:45:20Z"}).end is None
    later = Acquisition.of(fields | {"time_coverage_end": "2022-07-24T10:45:30Z"}).end
    assert later == NOON + timedelta(seconds=4)


@given(
    st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2099, 1, 1)),
    st.integers(-12, 12),
)
def test_acquisition_reads_back_what_iso_text_writes(naive, hours):
    time = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = iso_text(time)
    assert text.endswith("Z")
    assert Acquisition.of({"acquisition time": text}).start == time


def test_acquisition_goes_through_geotiff_and_envi(tmp_path):
    known = Acquisition(NOON, None, "EnMAP", "HSI")
    grid = Grid(CRS.from_epsg(32633), Affine(30, 0, 5e5, 0, -30, 5e6), 3, 4)
    with CogWriter(tmp_path / "a.tif", grid, ["x", "y"], acquisition=known) as writer:
        writer.write(0, 0, [[[0.5] * 4] * 3] * 2)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.tags()["TIFFTAG_DATETIME"] == "2022:07:24 10:45:26"
        assert dataset.tags(ns="IMAGERY") == {
            "ACQUISITIONDATETIME": "2022-07-24 10:45:26",
            "SATELLITEID": "EnMAP",
        }
    assert Acquisition.of(open_scene(tmp_path / "a.tif").metadata).start == NOON
    with EnviWriter(tmp_path / "b.img", grid, None, 2, metadata=known.envi_fields()) as envi:
        envi.write(0, 0, [[[0.5] * 4] * 3] * 2)
    found = Acquisition.of(open_scene(tmp_path / "b.hdr").metadata)
    assert (found.start, found.instrument) == (NOON, "HSI")
