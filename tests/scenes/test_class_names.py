import numpy as np
from affine import Affine
from rasterio.crs import CRS

from scenes import Grid
from scenes.class_names import class_names
from scenes.export import CogWriter

GRID = Grid(CRS.from_epsg(32633), Affine(30, 0, 5e5, 0, -30, 5e6), 3, 4)
RAT = """<PAMDataset><PAMRasterBand band="1"><GDALRasterAttributeTable>
<FieldDefn index="0"><Name>Count</Name><Type>0</Type><Usage>1</Usage></FieldDefn>
<FieldDefn index="1"><Name>Kind</Name><Type>2</Type><Usage>2</Usage></FieldDefn>
<FieldDefn index="2"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>
<Row index="0"><F>12</F><F>oak</F><F>7</F></Row><Row index="1"><F>3</F><F></F><F>9</F></Row>
</GDALRasterAttributeTable></PAMRasterBand></PAMDataset>"""


def test_names_are_those_that_were_written(tmp_path):
    names = {1: "sand <dry>", 3: "wat&er é"}
    colours = {1: (1, 2, 3), 3: (4, 5, 6), 255: (0, 0, 0)}
    with CogWriter(tmp_path / "a.tif", GRID, ["class"], dtype="uint8", nodata=255,
                   overviews="mode", units="class", colormap=colours,
                   class_names=names) as writer:  # fmt: skip
        writer.write(0, 0, np.full((1, 3, 4), 3))
    assert class_names(tmp_path / "a.tif") == names


def test_attribute_tables_may_have_their_columns_in_any_order(tmp_path):
    (tmp_path / "a.tif.aux.xml").write_text(RAT)
    assert class_names(tmp_path / "a.tif") == {7: "oak"}


def test_envi_headers_name_classes(tmp_path):
    header = "ENVI\nsamples = 2\nclasses = 3\nclass names = {Unclassified, corn,\n oats }\n"
    (tmp_path / "a.hdr").write_text(header)
    expected = {0: "Unclassified", 1: "corn", 2: "oats"}
    assert class_names(tmp_path / "a.img") == expected
    (tmp_path / "a.img.aux.xml").write_text("<PAMDataset><Metadata/></PAMDataset>")
    assert class_names(tmp_path / "a.img") == expected


def test_without_anything_beside_there_are_no_names(tmp_path):
    assert class_names(tmp_path / "a.tif") == {}
    (tmp_path / "a.tif.aux.xml").write_text("<broken")
    (tmp_path / "a.hdr").write_text("ENVI\nsamples = 2\n")
    assert class_names(tmp_path / "a.tif") == {}
