"""Names of the classes of a raster: from GDAL's file beside it, or from its ENVI header.

Reference: GDAL, "GDAL PAM XML schema" (``gdalpam.xsd``) and "Raster attribute tables"; ENVI header
files, "class names".
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from scenes.envi_header import is_envi_header, read_header, split_list

_NAME, _VALUES = "2", ("5", "3")  # GDALRATFieldUsage: name; value, or the least of a range


def class_names(path: str | Path) -> dict[int, str]:
    """Read what the numbers of a raster's first band are called.

    Parameters
    ----------
    path : str or Path
        The raster.

    Returns
    -------
    dict of int to str
        Numbers that have a name; none where nothing beside the raster tells.
    """
    path = Path(path)
    return _of_header(path) | _of_pam(path.with_name(f"{path.name}.aux.xml"))


def _of_pam(path: Path) -> dict[int, str]:
    try:
        band = ElementTree.parse(path).getroot().find("./PAMRasterBand[@band='1']")
    except (OSError, ElementTree.ParseError):
        return {}
    return {} if band is None else _of_table(band) | _of_categories(band)


def _of_categories(band: Element) -> dict[int, str]:
    texts = [(each.text or "").strip() for each in band.findall("./CategoryNames/Category")]
    return {value: text for value, text in enumerate(texts) if text}


def _of_table(band: Element) -> dict[int, str]:
    """Names of a raster attribute table, if it has a column of values and one of names."""
    usages = [each.findtext("Usage", "") for each in band.iter("FieldDefn")]
    value = next((usages.index(usage) for usage in _VALUES if usage in usages), None)
    if value is None or _NAME not in usages:
        return {}
    names = {}
    for row in band.iter("Row"):
        cells = [(cell.text or "").strip() for cell in row.findall("F")]
        if len(cells) == len(usages) and cells[usages.index(_NAME)]:
            names[round(float(cells[value]))] = cells[usages.index(_NAME)]
    return names


def _of_header(path: Path) -> dict[int, str]:
    for header in (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")):
        if header.is_file() and is_envi_header(header):
            texts = split_list(read_header(header).get("class names", ""))
            return {value: text for value, text in enumerate(texts) if text}
    return {}
