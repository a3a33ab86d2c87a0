"""Styles for QGIS: a file ``<raster>.qml`` beside a raster is used when the raster is opened.

The tags are those of QGIS 3; the tests open the styles in QGIS where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from scenes.errors import SceneError
from scenes.export.colour import Colour
from scenes.export.xml_text import xml_text

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION = "3.22.0"
_CHANNELS = ("red", "green", "blue")


def ramp_style(
    low: float, high: float, colours: Sequence[Colour], *, band: int = 1, label: str = ""
) -> str:
    """Style of one band of amounts: colours at equal steps, and what lies between them between.

    Parameters
    ----------
    low, high : float
        Values of the first and of the last colour; what is beyond gets those too.
    colours : sequence of Colour
        At least 2.
    band : int
        Number of the band, from 1.
    label : str
        Unit, written behind the numbers in the legend.

    Returns
    -------
    str
        The text of a QML file.

    Raises
    ------
    SceneError
        If `low` is not below `high`, or there are fewer than 2 colours.
    """
    if not low < high or len(colours) < 2:
        raise SceneError(
            f"a ramp needs `low` below `high` and at least 2 colours. Got {low!r} to {high!r} and "
            f"{len(colours)}."
        )
    renderer = _renderer(
        "singlebandpseudocolor",
        band=str(band),
        classificationMin=_number(low),
        classificationMax=_number(high),
    )
    shader = ElementTree.SubElement(
        ElementTree.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        clip="0",
        minimumValue=_number(low),
        maximumValue=_number(high),
    )
    steps = [k / (len(colours) - 1) for k in range(len(colours))]
    ramp = ElementTree.SubElement(shader, "colorramp", type="gradient", name="[source]")
    options = ElementTree.SubElement(ramp, "Option", type="Map")
    inner = zip(steps[1:-1], colours[1:-1], strict=True)
    for name, value in (
        ("color1", _rgba(colours[0])),
        ("color2", _rgba(colours[-1])),
        ("discrete", "0"),
        ("rampType", "gradient"),
        ("stops", ":".join(f"{_number(step)};{_rgba(colour)}" for step, colour in inner)),
    ):
        ElementTree.SubElement(options, "Option", type="QString", name=name, value=value)
    for step, colour in zip(steps, colours, strict=True):
        value = _number(low + step * (high - low))
        text = xml_text(f"{value} {label}".strip())
        ElementTree.SubElement(
            shader, "item", value=value, label=text, color=colour.hex, alpha="255"
        )
    return _document(renderer)


def class_style(classes: Mapping[int, tuple[str, Colour]]) -> str:
    """Style of a raster of classes: a name and a colour for each value.

    Parameters
    ----------
    classes : mapping of int to (str, Colour)

    Returns
    -------
    str
        The text of a QML file.
    """
    renderer = _renderer("paletted", band="1")
    palette = ElementTree.SubElement(renderer, "colorPalette")
    for value, (name, colour) in classes.items():
        entry = {"value": str(value), "label": xml_text(name), "color": colour.hex, "alpha": "255"}
        ElementTree.SubElement(palette, "paletteEntry", entry)
    return _document(renderer)


def rgb_style(low: Sequence[float], high: Sequence[float], bands: Sequence[int] = (1, 2, 3)) -> str:
    """Style of three bands as red, green and blue.

    Parameters
    ----------
    low, high : sequences of 3 floats
        Values that are shown black, and in full colour.
    bands : sequence of 3 ints
        Their numbers, from 1.

    Returns
    -------
    str
        The text of a QML file.
    """
    numbers = {f"{channel}Band": str(band) for channel, band in zip(_CHANNELS, bands, strict=True)}
    renderer = _renderer("multibandcolor", **numbers)
    for channel, black, full in zip(_CHANNELS, low, high, strict=True):
        stretch = ElementTree.SubElement(renderer, f"{channel}ContrastEnhancement")
        for tag, text in (
            ("minValue", _number(black)),
            ("maxValue", _number(full)),
            ("algorithm", "StretchToMinimumMaximum"),
        ):
            ElementTree.SubElement(stretch, tag).text = text
    return _document(renderer)


def write_style(raster: Path, style: str) -> Path:
    """Write a style where QGIS looks for it; it also serves an ENVI file of the same name.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_style(Path(folder) / "maps.tif", rgb_style((0, 0, 0), (1, 1, 1))).name
    'maps.qml'
    """
    path = raster.with_suffix(".qml")
    path.write_text(style, encoding="utf-8", newline="\n")
    return path


def _renderer(kind: str, **attributes: str) -> ElementTree.Element:
    shared = {"type": kind, "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ElementTree.Element("rasterrenderer", shared | attributes)
    ElementTree.SubElement(renderer, "rasterTransparency")
    origin = ElementTree.SubElement(renderer, "minMaxOrigin")
    for tag, text in (
        ("limits", "None"),
        ("extent", "WholeRaster"),
        ("statAccuracy", "Estimated"),
        ("cumulativeCutLower", "0.02"),
        ("cumulativeCutUpper", "0.98"),
        ("stdDevFactor", "2"),
    ):
        ElementTree.SubElement(origin, tag).text = text
    return renderer


def _document(renderer: ElementTree.Element) -> str:
    root = ElementTree.Element("qgis", version=_VERSION, styleCategories="Symbology")
    pipe = ElementTree.SubElement(root, "pipe")
    pipe.append(renderer)
    ElementTree.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ElementTree.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    ElementTree.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ElementTree.SubElement(root, "blendMode").text = "0"
    ElementTree.indent(root)
    return _DOCTYPE + ElementTree.tostring(root, encoding="unicode") + "\n"


def _rgba(colour: Colour) -> str:
    return f"{colour.red},{colour.green},{colour.blue},255"


def _number(value: float) -> str:
    return f"{value:.6g}"
