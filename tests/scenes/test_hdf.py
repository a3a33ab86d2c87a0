import builtins
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from scenes.errors import SceneError, SceneFileError
from scenes.formats import open_scene
from scenes.formats.hdf import holds, is_hdf, open_hdf
from scenes.formats.hdf_pixels import HdfBands, HdfFlags, HdfPixels, flags_of

ORDERS = {"lsb": (1, 2, 0), "bls": (0, 1, 2), "lbs": (1, 0, 2)}


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, **(values if isinstance(values, dict) else {"data": values}))
    return path


@pytest.fixture
def cube():
    band, row, column = np.indices((9, 20, 13))
    return (1000 * band + 20 * row + column).astype(np.int16)


@pytest.mark.parametrize("axes", ORDERS)
@pytest.mark.parametrize("chunks", [None, (5, 4, 3), (1, 20, 9)])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<f4"])
def test_hdf_pixels_of_every_layout_read_the_same(tmp_path, cube, axes, chunks, dtype):
    stored = cube.transpose(ORDERS[axes]).astype(dtype)
    chunks = None if chunks is None else tuple(np.minimum(chunks, stored.shape))
    path = write(tmp_path / "x.h5", cube={"data": stored, "chunks": chunks})
    with open_hdf(path) as hdf:
        pixels = HdfPixels(hdf, HdfBands("cube", axes, tuple(range(9))))
    assert (pixels.n_bands, pixels.height, pixels.width) == cube.shape
    assert pixels.dtype == np.dtype(dtype).newbyteorder("=")
    pixels = pickle.loads(pickle.dumps(pixels))
    rng = np.random.default_rng(0)
    for _ in range(20):
        row, column = int(rng.integers(20)), int(rng.integers(13))
        height, width = int(rng.integers(1, 21 - row)), int(rng.integers(1, 14 - column))
        bands = rng.permutation(9)[: rng.integers(1, 10)]
        found = pixels.read(row, column, height, width, bands)
        part = cube[bands, row : row + height, column : column + width]
        assert np.array_equal(found, part.reshape(len(bands), -1).T)
        assert found.dtype.isnative


def test_hdf_pixels_join_chosen_bands_of_several_datasets(tmp_path, cube):
    path = write(tmp_path / "x.h5", a=cube.transpose(1, 2, 0), b=cube[0], c=cube[::-1])
    parts = (HdfBands("a", "lsb", (2, 7)), HdfBands("b", "ls"), HdfBands("c", "bls", (8, 0)))
    with open_hdf(path) as hdf:
        pixels = HdfPixels(hdf, *parts)
    expected = cube[[2, 7, 0, 0, 8]]
    for bands in ([0, 1, 2, 3, 4], [4, 0], [3], [2, 1]):
        found = pixels.read(3, 2, 5, 6, np.array(bands))
        assert np.array_equal(found, expected[bands, 3:8, 2:8].reshape(len(bands), -1).T)


def test_hdf_flags_are_true_where_valid(tmp_path):
    path = write(tmp_path / "x.h5", flags=np.array([[0, 1], [2, 1]], np.uint8))
    with open_hdf(path) as hdf:
        mask = HdfFlags(HdfPixels(hdf, HdfBands("flags", "ls")), invalid=1)
    assert pickle.loads(pickle.dumps(mask)).read_mask(0, 0, 2, 2).tolist() == [
        True, False, True, False,
    ]  # fmt: skip


def test_hdf_blocks_follow_the_chunks(tmp_path, cube):
    stored = cube.transpose(1, 2, 0)
    shapes = {}
    for chunks in (None, (5, 4, 3), (2, 13, 9)):
        path = write(tmp_path / "x.h5", cube={"data": stored, "chunks": chunks})
        with open_hdf(path) as hdf:
            shapes[chunks] = HdfPixels(hdf, HdfBands("cube", "lsb", (0, 1))).block_shape
    assert shapes == {None: (1, 13), (5, 4, 3): (5, 4), (2, 13, 9): (16, 13)}


def test_hdf_pixels_that_do_not_fit_are_refused(tmp_path, cube):
    path = write(tmp_path / "x.h5", a=cube, b=cube[:, :5], c=cube.astype(np.float32), d=cube[0])
    wrong = {
        "differ in shape": [HdfBands("a", "bls"), HdfBands("b", "bls")],
        "differ in shape .* or type": [HdfBands("a", "bls"), HdfBands("c", "bls")],
        "expected were 3 axes": [HdfBands("d", "bls")],
        "has 9 bands, but 10 are described": [HdfBands("a", "bls", tuple(range(10)))],
        r"no dataset 'e' \(/ holds a, b, c, d\)": [HdfBands("e", "bls")],
    }
    with open_hdf(path) as hdf:
        for message, parts in wrong.items():
            with pytest.raises(SceneError, match=message):
                HdfPixels(hdf, *parts)


def test_hdf_that_was_cut_off_is_refused_in_one_sentence(tmp_path, cube):
    path = write(tmp_path / "x.h5", cube=cube)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SceneFileError, match="damaged or truncated"):
        open_scene(path)


def test_hdf_whose_numbers_are_damaged_is_refused_when_read(tmp_path, cube):
    path = write(tmp_path / "x.h5", cube={"data": cube, "compression": "gzip"})
    with open_hdf(path) as hdf:
        pixels = HdfPixels(hdf, HdfBands("cube", "bls", tuple(range(9))))
        place = hdf.dataset("cube").id.get_chunk_info(0)
    with path.open("r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * place.size)
    with pytest.raises(SceneFileError, match=r"x\.h5 cannot be read as HDF5"):
        pixels.read(0, 0, 20, 13, np.arange(9))


def test_netcdf_of_the_older_kind_is_refused(tmp_path):
    path = tmp_path / "x.nc"
    path.write_bytes(b"CDF\x01 and so on")
    with pytest.raises(SceneFileError, match="a netCDF-3 file"):
        open_scene(path)


def test_hdf_of_no_known_product_says_what_is_inside(tmp_path, cube):
    path = write(tmp_path / "x.h5", temperature=cube[0], wind=cube[0])
    with pytest.raises(SceneError, match=r"none of the known products .* temperature, wind"):
        open_scene(path)


def test_hdf_signature_may_stand_behind_a_user_block(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = [1]
    assert is_hdf(path)
    assert holds(path, "a")
    assert not holds(path, "b")


def test_hdf_is_not_looked_for_in_files_of_other_names(tmp_path, cube):
    path = write(tmp_path / "x.dat", cube=cube)
    assert not is_hdf(path)


def test_hdf_without_h5py_says_what_to_install(tmp_path, cube, monkeypatch):
    path = write(tmp_path / "x.h5", cube=cube)
    real = builtins.__import__

    def without_h5py(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_h5py)
    with pytest.raises(SceneError, match=r'`pip install "unmix\[hdf\]"`'):
        open_scene(path)


def test_hdf_attributes_may_be_text_or_numbers(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(a=[1.5, 2], b="1.5, 2", c=np.bytes_("1.5 2"), d="one", e=np.bytes_("wkt"))
    with open_hdf(path) as hdf:
        assert [hdf.list_attribute(key).tolist() for key in "abc"] == [[1.5, 2.0]] * 3
        assert hdf.text_attribute("e") == "wkt"
        with pytest.raises(SceneError, match="attribute 'd' is odd"):
            hdf.list_attribute("d")
        with pytest.raises(SceneError, match="the file has no attribute 'f'"):
            hdf.attribute("f")


def test_hdf_file_that_is_gone_is_an_error_with_its_name():
    with pytest.raises(SceneFileError, match=r"gone\.h5"), open_hdf(Path("gone.h5")):
        pass


def test_hdf_attributes_that_are_no_real_numbers_are_refused(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(a=1 + 2j, b=np.inf, c=32611.5, d=32611.0)
    with open_hdf(path) as hdf:
        with pytest.raises(SceneError, match=r"attribute 'a' is odd \(it holds complex128\)"):
            hdf.list_attribute("a")
        for name in "bc":
            with pytest.raises(SceneError, match=f"attribute '{name}' is .*, no whole number"):
                hdf.whole_number_attribute(name)
        assert hdf.whole_number_attribute("d") == 32611


def test_hdf_of_a_type_that_numpy_lacks_is_left_out_or_refused(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["plain"] = 1.5
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5a.create(file.id, b"time", h5py.h5t.UNIX_D32LE, space)
        wide = h5py.h5t.IEEE_F32LE.copy()
        wide.set_size(64)
        wide.set_precision(500)
        wide.set_fields(499, 300, 199, 0, 300)
        h5py.h5a.create(file.id, b"wide", wide, space)
        h5py.h5d.create(file.id, b"cube", wide, h5py.h5s.create_simple((2, 2)))
    with open_hdf(path) as hdf:
        assert hdf.attributes() == {"plain": 1.5}
        with pytest.raises(SceneError, match="no attribute 'wide'"):
            hdf.attribute("wide")
        with pytest.raises(SceneFileError, match="cube holds a type that cannot be read"):
            hdf.dataset("cube")


def test_hdf_flags_of_another_size_are_refused(tmp_path, cube):
    path = write(tmp_path / "x.h5", a=cube, flags=cube[0, :, :-1])
    with open_hdf(path) as hdf:
        pixels = HdfPixels(hdf, HdfBands("a", "bls"))
        with pytest.raises(SceneError, match="flags flags 20 x 12 pixels, but there are 20 x 13"):
            flags_of(hdf, pixels, HdfBands("flags", "ls"))
