"""Names of classes, in the file ``<raster>.aux.xml`` that GDAL keeps beside a raster (PAM).

A GeoTIFF has colours for its numbers, but no names. GDAL, QGIS and ArcGIS read them from the list
of categories and from the raster attribute table of this file.

Reference: GDAL, "GDAL PAM XML schema" (``gdalpam.xsd``) and "Raster attribute tables".
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from scenes.export.colour import Colour
from scenes.export.xml_text import xml_text

_INTEGER, _STRING = 0, 2  # GDALRATFieldType
_COLUMNS = (
    ("Value", _INTEGER, 5),
    ("Class", _STRING, 2),
    ("Red", _INTEGER, 6),
    ("Green", _INTEGER, 7),
    ("Blue", _INTEGER, 8),
)
"""Name, type, and usage (GDALRATFieldUsage) of the columns of the table."""


def class_table(classes: Mapping[int, tuple[str, Colour]]) -> str:
    """Write names and colours of the values of band 1 as XML.

    Parameters
    ----------
    classes : mapping of int to (str, Colour)
        Name and colour of each value, which is 0 or more.

    Returns
    -------
    str
        The text of ``<raster>.aux.xml``.
    """
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    names = ElementTree.SubElement(band, "CategoryNames")
    for value in range(max(classes, default=-1) + 1):
        name, _ = classes.get(value, ("", None))
        ElementTree.SubElement(names, "Category").text = xml_text(name)
    table = ElementTree.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, (column, kind, usage) in enumerate(_COLUMNS):
        field = ElementTree.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", column), ("Type", str(kind)), ("Usage", str(usage))):
            ElementTree.SubElement(field, tag).text = text
    for index, (value, (name, colour)) in enumerate(sorted(classes.items())):
        row = ElementTree.SubElement(table, "Row", index=str(index))
        for cell in (value, name, *colour):
            ElementTree.SubElement(row, "F").text = xml_text(str(cell))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
