"""The list of formats, and which of them reads a file."""

import itertools
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import scenes.formats
from scenes import open_scene
from scenes.formats import FORMATS, formats

MAGIC = {
    "HDF5": b"\x89HDF\r\n\x1a\n", "netCDF": b"CDF\x01", "TIFF": b"II*\0\x08\0\0\0",
    "BigTIFF": b"MM\0+\0\x08\0\0", "JPEG": b"\xff\xd8\xff\xe0", "PNG": b"\x89PNG\r\n\x1a\n",
    "gzip": b"\x1f\x8b\x08\0", "XML": b"<?xml version", "ENVI": b"ENVI\nbands = 7\n",
}  # fmt: skip


def test_every_module_with_an_entry_is_in_the_list_once():
    folder = Path(scenes.formats.__file__).parent
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules = {name: import_module(f"scenes.formats.{name}") for name in names}
    assert {name for name, module in modules.items() if hasattr(module, "FORMAT")} == set(FORMATS)
    assert len(set(FORMATS)) == len(FORMATS)
    assert len({known.name for known in formats()}) == len(FORMATS)


@pytest.mark.parametrize(
    "text",
    ["{one of these:\nfile type = TIFF\n}", "{\n file type = TIFF}", "{TIFF}\n; file type = TIFF"],
)
def test_a_description_decides_nothing(tmp_path, write_envi, small_cube, text):
    data = write_envi(tmp_path, small_cube, {"description": text})
    assert np.array_equal(open_scene(data).read(), small_cube)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_takes_what_is_none_of_it_nor_warns_of_it(name, tmp_path):
    recognises = import_module(f"scenes.formats.{name}").FORMAT.recognises
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("bands = {\n")
    (tmp_path / "x.hdr").write_text("#?RADIANCE\n")
    (tmp_path / "x.xml").write_text("<a>")
    (tmp_path / "x.img").write_bytes(bytes(100))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not any(recognises(path) for path in tmp_path.iterdir())


NAMED_AND_MADE = [("x.tif", MAGIC["TIFF"]), ("x.tif", MAGIC["BigTIFF"])]


@pytest.mark.parametrize(
    ("name", "magic"),
    [
        case
        for case in itertools.product(
            ["x.img", "x", "x.tif", "x.bsq", "x.h5", "x.nc"], MAGIC.values()
        )
        if case not in NAMED_AND_MADE
    ],
)
def test_numbers_under_a_header_may_begin_with_anything(tmp_path, write_envi, name, magic):
    """Pitfall 12: the header decides, except of a file that is named and made as TIFF."""
    cube = np.zeros((4, 5, 3), "u1")
    data = write_envi(tmp_path, cube, {"reflectance scale factor": 1}, dtype="u1", data=name,
                      header=f"{name}.hdr")  # fmt: skip
    data.write_bytes(magic + bytes(60 - len(magic)))
    expected = np.frombuffer(data.read_bytes(), "u1").reshape(cube.shape)
    assert np.array_equal(open_scene(data).read(), expected)
