"""The STAC item of a bundle describes the folder as it is."""

import json

import pystac
import pytest
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from unmix.save_options import SaveOptions

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
EVERYTHING = SaveOptions(split=True, map_format="envi", residuals=True, reconstruction=True)
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
