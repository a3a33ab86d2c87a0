"""Styles for QGIS, by their structure; `tests/unmix/bundle/test_qgis.py` opens them in QGIS."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import SceneError
from scenes.export.colour import WHITE, Colour
from scenes.export.qml import class_style, ramp_style, rgb_style, write_style

BLUE = Colour(0, 114, 178)


def parsed(style):
    assert style.startswith("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis ")
    root = ElementTree.fromstring(style)
    children = [child.tag for child in root.find("pipe")]
    assert children == ["rasterrenderer", "brightnesscontrast", "huesaturation", "rasterresampler"]
    return root.find("pipe/rasterrenderer")


def test_ramp_style_runs_evenly_from_low_to_high():
    renderer = parsed(ramp_style(0, 0.5, (WHITE, BLUE, Colour(0, 0, 0)), band=3, label="rad"))
    assert renderer.get("type") == "singlebandpseudocolor"
    assert renderer.get("band") == "3"
    shader = renderer.find("rastershader/colorrampshader")
    items = [(i.get("value"), i.get("label"), i.get("color")) for i in shader.findall("item")]
    assert items == [
        ("0", "0 rad", "#ffffff"),
        ("0.25", "0.25 rad", "#0072b2"),
        ("0.5", "0.5 rad", "#000000"),
    ]
    options = {o.get("name"): o.get("value") for o in shader.find("colorramp/Option")}
    assert options["stops"] == "0.5;0,114,178,255"
    assert options["color2"] == "0,0,0,255"
    ends = [renderer.get("classificationMin"), renderer.get("classificationMax")]
    assert ends == [shader.get("minimumValue"), shader.get("maximumValue")] == ["0", "0.5"]


@pytest.mark.parametrize("ends", [(1, 1), (1, 0), (0, float("nan"))])
def test_ramp_style_needs_a_range(ends):
    with pytest.raises(SceneError, match="`low` below `high` and at least 2 colours"):
        ramp_style(*ends, (WHITE, BLUE))


def test_ramp_style_needs_two_colours():
    with pytest.raises(SceneError, match=r"at least 2 colours\. Got 0 to 1 and 1"):
        ramp_style(0, 1, (WHITE,))


def test_class_style_names_every_value_whatever_the_name():
    names = ["kaolinite <CM9>", 'Alunite "K" & é']
    style = class_style({1: (names[0], BLUE), 7: (names[1], WHITE)})
    entries = parsed(style).findall("colorPalette/paletteEntry")
    found = [(e.get("value"), e.get("label"), e.get("color"), e.get("alpha")) for e in entries]
    assert found == [("1", names[0], "#0072b2", "255"), ("7", names[1], "#ffffff", "255")]


def test_rgb_style_stretches_each_channel():
    renderer = parsed(rgb_style((0, 0.1, 0.2), (1, 0.5, 0.6), bands=(30, 20, 10)))
    assert renderer.get("type") == "multibandcolor"
    assert [renderer.get(f"{c}Band") for c in ("red", "green", "blue")] == ["30", "20", "10"]
    assert renderer.findtext("greenContrastEnhancement/minValue") == "0.1"
    assert renderer.findtext("blueContrastEnhancement/maxValue") == "0.6"
    assert renderer.findtext("redContrastEnhancement/algorithm") == "StretchToMinimumMaximum"


def test_write_style_lies_where_qgis_looks(tmp_path):
    path = write_style(tmp_path / "a.b.tif", rgb_style((0,) * 3, (1,) * 3))
    assert path == tmp_path / "a.b.qml"
    assert ElementTree.fromstring(path.read_text(encoding="utf-8")).tag == "qgis"


@given(st.text(st.characters(), max_size=20))
def test_styles_are_xml_whatever_names_and_units(text):
    entry = parsed(class_style({1: (text, BLUE)})).find("colorPalette/paletteEntry")
    assert len(entry.get("label")) == len(text)
    parsed(ramp_style(0, 1, (WHITE, BLUE), label=text))
