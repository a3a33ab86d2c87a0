"""The STAC item of a bundle describes the folder as it is."""

import json

import jsonschema
import pystac
import pytest
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from unmix.save_options import SaveOptions

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
EVERYTHING = SaveOptions(split=True, map_format="envi", residuals=True, reconstruction=True)
NUMBER, TEXT, WHOLE = {"type": "number"}, {"type": "string", "minLength": 1}, {"type": "integer"}
CLASS = {
    "type": "object",
    "required": ["value", "name"],
    "properties": {
        "value": WHOLE,
        "name": {"type": "string", "pattern": "^[0-9A-Za-z_-]+$"},
        "title": TEXT,
        "color_hint": {"type": "string", "pattern": "^[0-9A-F]{6}$"},
    },
    "additionalProperties": False,
}
EXTENSION_FIELDS = {
    "proj:code": {"type": ["string", "null"], "pattern": "^[^:]+:[^:]+$"},
    "proj:wkt2": TEXT,
    "proj:shape": {"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2},
    "proj:transform": {"type": "array", "items": NUMBER, "minItems": 6, "maxItems": 6},
    "raster:sampling": {"enum": ["area", "point"]},
    "eo:center_wavelength": NUMBER,
    "eo:full_width_half_max": NUMBER,
    "classification:classes": {"type": "array", "items": CLASS, "minItems": 1, "uniqueItems": True},
    "processing:software": {"type": "object", "additionalProperties": TEXT},
}
"""What projection 2.0, raster 2.0, eo 2.0, classification 2.0 and processing 1.2 say of the fields
that items use; the schemas themselves are on the web only."""
BAND_FIELDS = {
    "name": TEXT,
    "data_type": {"enum": ["uint8", "int16", "float32"]},
    "nodata": NUMBER,
    "unit": TEXT,
    "statistics": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": dict.fromkeys(
            ("minimum", "maximum", "mean", "stddev", "valid_percent"), NUMBER
        ),
    },
}
UNLISTED = (".qml", ".aux.xml", ".stac.json", "item.json")


@pytest.mark.parametrize("name", ["rotated", "in degrees", "without place"])
def test_item_is_valid_and_lists_every_file(unmixing_on, grids, tmp_path, name):
    run = unmixing_on(name)
    run.scene.metadata["acquisition time"] = "2022-07-24T10:45:26Z"
    out = run.save(tmp_path / "out", options=EVERYTHING)
    item = json.loads((out / "item.json").read_text(encoding="utf-8"))
    JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, "1.1.0")
    pystac.Item.from_dict(item)
    listed = {asset["href"].removeprefix("./") for asset in item["assets"].values()}
    present = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert listed == {path for path in present if not path.endswith(UNLISTED)}
    assert item["properties"]["datetime"] == "2022-07-24T10:45:26Z"
    assert item["properties"]["proj:shape"] == list(grids[name].shape)
    assert (item["geometry"] is None) == (grids[name].crs is None)


def fields_of(content):
    """All fields, at any depth, with their values."""
    if isinstance(content, dict):
        yield from content.items()
    children = content.values() if isinstance(content, dict) else content
    for child in children if isinstance(content, dict | list) else ():
        yield from fields_of(child)


@pytest.mark.parametrize("name", ["rotated", "in degrees", "without place"])
def test_fields_of_extensions_are_as_their_specifications_say(unmixing_on, tmp_path, name):
    out = unmixing_on(name).save(tmp_path / "out", options=EVERYTHING)
    item = json.loads((out / "item.json").read_text(encoding="utf-8"))
    found = [(key, value) for key, value in fields_of(item) if ":" in key]
    for key, value in found:
        jsonschema.validate(value, EXTENSION_FIELDS[key])
    prefixes = {key.partition(":")[0] for key, _ in found}
    named = {url.split("/")[3] for url in item["stac_extensions"]}
    longer = {"proj": "projection"}
    assert named == {longer.get(prefix, prefix) for prefix in prefixes}
    for asset in item["assets"].values():
        for band in asset.get("bands", []):
            own = {key: value for key, value in band.items() if ":" not in key}
            for key, value in own.items():
                jsonschema.validate(value, BAND_FIELDS[key])
    assert "proj:epsg" not in dict(found)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("proj:code", "32611"), ("proj:shape", [1.5, 2]), ("raster:sampling", "grid")],
)
def test_a_wrong_field_would_be_found(field, wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, EXTENSION_FIELDS[field])


def test_item_bands_are_the_materials(unmixing_on, tmp_path):
    run = unmixing_on("north up")
    out = run.save(tmp_path / "out")
    assets = json.loads((out / "item.json").read_text(encoding="utf-8"))["assets"]
    names = [band["name"] for band in assets["abundances"]["bands"]]
    assert names == run.model.endmember_names_
    assert {band["unit"] for band in assets["abundances"]["bands"]} == {"fraction"}
    classes = assets["dominant"]["bands"][0]["classification:classes"]
    assert [c["title"] for c in classes] == names
    assert [c["value"] for c in classes] == [1, 2, 3]
