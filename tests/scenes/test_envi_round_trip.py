"""What is written is read back: every number, its place, its bands and what it means."""

import itertools
import warnings

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from scenes import Grid, open_scene
from scenes.bands import Bands
from scenes.envi_header import ENVI_DTYPES, format_header, parse_header
from scenes.errors import SceneWarning
from scenes.export.envi import EnviWriter

REAL = [dtype for dtype in ENVI_DTYPES.values() if dtype.kind != "c"]
EXACT = [dtype for dtype in REAL if dtype.itemsize <= 2 or dtype == np.float32]
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1
)


def numbers_of(dtype, shape, rng):
    """Numbers over the whole range of a type."""
    if dtype.kind == "f":
        return rng.normal(0, 1e3, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def quietly(function, argument):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)
        return function(argument)


def utm_grid(height, width, rotation=0.0, y_size=20.0):
    corner = Affine.translation(500000.5, 4100000.25)
    transform = corner @ Affine.rotation(rotation) @ Affine.scale(30.0, -y_size)
    return Grid(CRS.from_epsg(32611), transform, height, width)


@pytest.mark.parametrize(
    ("dtype", "interleave", "order"),
    list(itertools.product(REAL, ["bsq", "bil", "bip"], "<>")),
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("offset", [0, 7])
def test_every_layout_of_numbers_is_read_back(
    tmp_path, write_envi, dtype, interleave, order, offset
):
    """Type, interleave, byte order and offset, through the plain writer of these tests."""
    cube = numbers_of(dtype, (3, 4, 5), np.random.default_rng(offset))
    fields = {"reflectance scale factor": 1}
    kind = dtype.newbyteorder(order)
    layout = {"dtype": f"{order}{kind.str[1:]}", "interleave": interleave, "offset": offset}
    scene = open_scene(write_envi(tmp_path, cube, fields, **layout))
    assert np.array_equal(scene.read(), cube.astype(np.float32))
    assert np.array_equal(scene.with_bands([2, 0]).read(), cube[[2, 0]].astype(np.float32))


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_every_type_of_the_writer_is_read_back(tmp_path, dtype, interleave):
    cube = numbers_of(dtype, (3, 4, 5), np.random.default_rng(1))
    path = tmp_path / "x.img"
    options = {"dtype": str(dtype), "interleave": interleave, "scale": 1.0}
    with EnviWriter(path, utm_grid(4, 5), None, 3, **options) as writer:
        writer.write(0, 0, cube)
    assert np.array_equal(open_scene(path).read(), cube.astype(np.float32))


@given(
    rotation=st.floats(-180, 180, exclude_min=True),
    y_size=st.sampled_from([30.0, 20.0, 7.5]),
    code=st.sampled_from([32611, 32733, 4326, 2154, 3035]),
)
def test_written_grid_is_read_back(tmp_path_factory, rotation, y_size, code):
    folder = tmp_path_factory.mktemp("grid")
    grid = Grid(CRS.from_epsg(code), utm_grid(2, 3, rotation, y_size).transform, 2, 3)
    with EnviWriter(folder / "x.img", grid, None, 2) as writer:
        writer.write(0, 0, np.ones((2, 2, 3)))
    found = quietly(open_scene, folder / "x.img").grid  # GDAL shears some of these, with a warning
    assert found.crs == grid.crs
    assert found.transform.almost_equals(grid.transform, 1e-7)


@given(
    st.lists(st.floats(100, 1e5), min_size=2, max_size=9),
    st.floats(1e-3, 1e3),
    st.data(),
)
def test_written_bands_are_read_back(tmp_path_factory, wavelengths_nm, fwhm_nm, data):
    """All digits, any order, any names that have no comma or brace."""
    n_bands = len(wavelengths_nm)
    good = np.array(data.draw(st.lists(st.booleans(), min_size=n_bands, max_size=n_bands)))
    good[0] = True
    names = data.draw(st.lists(NAMES, min_size=n_bands, max_size=n_bands))
    bands = Bands(np.array(wavelengths_nm), np.full(n_bands, fwhm_nm), good, tuple(names))
    folder = tmp_path_factory.mktemp("bands")
    with EnviWriter(folder / "x.img", utm_grid(2, 3), bands, n_bands) as writer:
        writer.write(0, 0, np.ones((n_bands, 2, 3)))
    found = open_scene(folder / "x.img").bands
    assert np.array_equal(found.wavelengths_nm, bands.wavelengths_nm)
    assert np.array_equal(found.fwhm_nm, bands.fwhm_nm)
    assert np.array_equal(found.good, good)
    marks = str.maketrans("{},", "();")
    expected = [" ".join(name.split()).translate(marks) for name in names]
    assert list(found.names) == [name or f"Band {k}" for k, name in enumerate(expected, start=1)]


@given(
    dtype=st.sampled_from(EXACT), nodata=st.integers(0, 200), scale=st.sampled_from([1, 100, 10000])
)
def test_written_nodata_and_scale_are_read_back(tmp_path_factory, dtype, nodata, scale):
    """Mask first, scale second."""
    folder = tmp_path_factory.mktemp("nodata")
    cube = np.random.default_rng(nodata).integers(0, 127, (2, 4, 5)).astype(dtype)
    options = {"dtype": str(dtype), "nodata": float(nodata), "scale": float(scale)}
    with EnviWriter(folder / "x.img", utm_grid(4, 5), None, 2, **options) as writer:
        writer.write(0, 0, cube)
    scene = open_scene(folder / "x.img")
    valid = (cube != nodata).all(axis=0)
    assert np.array_equal(scene.valid_mask(), valid)
    assert np.array_equal(scene.read()[:, valid], (cube[:, valid] / np.float32(scale)))


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9]{0,8}( [a-z0-9]{1,8}){0,2}", fullmatch=True),
        st.one_of(
            st.integers(),
            st.floats(allow_nan=False),
            st.lists(st.floats(allow_nan=False), min_size=1, max_size=300),
        ),
    )
)
def test_any_header_of_numbers_is_read_back(fields):
    text = format_header(fields)
    assert max(map(len, text.splitlines())) < 10_000
    found = parse_header(text)
    assert list(found) == list(fields)
    for key, value in fields.items():
        wanted = value if isinstance(value, list) else [value]
        assert [float(item) for item in found[key].split(",")] == [float(item) for item in wanted]


@given(st.text(max_size=300))
def test_any_text_is_a_header_or_a_refusal(text):
    """No text that begins as a header makes the parser fail."""
    found = quietly(parse_header, f"ENVI\n{text}")
    assert all(isinstance(value, str) for value in found.values())
