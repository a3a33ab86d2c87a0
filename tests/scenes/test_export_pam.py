"""Names of classes, as GDAL reads them."""

import shutil
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from scenes import Grid, SceneError
from scenes.export import CogWriter
from scenes.export.colour import Colour
from scenes.export.pam import class_table

NAMES = {1: "sand <dry>", 3: "wat&er é"}
COLOURS = {1: (230, 159, 0), 3: (0, 114, 178), 255: (0, 0, 0)}
GRID = Grid(CRS.from_epsg(32633), Affine(30, 0, 5e5, 0, -30, 5e6), 3, 4)


def write(path, **changes):
    options = {"dtype": "uint8", "nodata": 255, "overviews": "mode", "colormap": COLOURS}
    options |= {"class_names": NAMES, "units": "class"} | changes
    with CogWriter(path, GRID, ["class"], **options) as writer:
        writer.write(0, 0, np.full((1, 3, 4), 3))


def test_class_table_lists_values_names_and_colours():
    classes = {value: (name, Colour(*COLOURS[value])) for value, name in NAMES.items()}
    band = ElementTree.fromstring(class_table(classes)).find("PAMRasterBand")
    assert [c.text or "" for c in band.find("CategoryNames")] == ["", "sand <dry>", "", "wat&er é"]
    rows = [[f.text for f in row] for row in band.iter("Row")]
    assert rows == [["1", "sand <dry>", "230", "159", "0"], ["3", "wat&er é", "0", "114", "178"]]


def test_cog_writer_class_names_are_beside_the_file_and_nowhere_else(tmp_path):
    write(tmp_path / "classes.tif")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["classes.tif", "classes.tif.aux.xml"]
    with rasterio.open(tmp_path / "classes.tif") as dataset:
        assert dataset.colormap(1)[3][:3] == COLOURS[3]
        assert dataset.nodata == 255
    write(tmp_path / "classes.tif", class_names=None)
    assert [f.name for f in tmp_path.iterdir()] == ["classes.tif"]


def test_cog_writer_class_names_are_read_by_gdal(tmp_path):
    program = shutil.which("gdalinfo")
    if program is None:
        pytest.skip("gdalinfo is not on this machine")
    write(tmp_path / "classes.tif")
    command = [program, str(tmp_path / "classes.tif")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "1: sand <dry>" in said
    assert "<F>wat&amp;er é</F>" in said or "3: wat&er é" in said
    assert "GDALRasterAttributeTable" in said


def test_cog_writer_refuses_names_without_colours(tmp_path):
    with pytest.raises(SceneError, match="`class_names` has values without a colour"):
        write(tmp_path / "classes.tif", class_names={9: "nine"})


def test_cog_writer_pictures_are_red_green_and_blue(tmp_path):
    options = {"dtype": "uint8", "nodata": 0, "units": "", "picture": True}
    values = np.arange(36).reshape(3, 3, 4)
    with CogWriter(tmp_path / "p.tif", GRID, ["a", "b", "c"], **options) as writer:
        writer.write(0, 0, values)
    with rasterio.open(tmp_path / "p.tif") as dataset:
        assert [c.name for c in dataset.colorinterp] == ["red", "green", "blue"]
        assert np.array_equal(dataset.read(), values)
    with pytest.raises(SceneError, match=r"a `picture` has 3 bands of uint8. Got 2 of uint8"):
        CogWriter(tmp_path / "q.tif", GRID, ["a", "b"], **options)


def test_class_table_is_xml_whatever_the_names():
    names = {0: "a\x01b", 1: "\ud800", 2: "\x00\uffff", 3: "tab\tand\nline"}
    root = ElementTree.fromstring(class_table({k: (v, Colour(0, 0, 0)) for k, v in names.items()}))
    found = [category.text for category in root.iter("Category")]
    assert found == ["a\ufffdb", "\ufffd", "\ufffd\ufffd", "tab\tand\nline"]
