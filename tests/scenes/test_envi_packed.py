"""Compressed ENVI data: unpacked once, no further than the header promises, and removed."""

import gc
import gzip
import os
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scenes import open_scene
from scenes.errors import SceneFileError, SceneWarning

PACKED = {"file compression": 1}


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Folder for temporary files; nothing may stay in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


@pytest.fixture
def packed(tmp_path, write_envi, small_cube):
    """A compressed image and the bytes it was before."""
    data = write_envi(tmp_path, small_cube, PACKED, offset=5, dtype=">i4", interleave="bil")
    plain = data.read_bytes()
    data.write_bytes(gzip.compress(plain))
    return data, plain


def open_quietly(path):
    with pytest.warns(SceneWarning, match="names no scale"):
        return open_scene(path)


@pytest.mark.parametrize("given", ["scene.img", "scene.hdr"])
def test_packed_scene_is_the_plain_scene(packed, small_cube, given, temporary):
    scene = open_quietly(packed[0].with_name(given))
    assert list(temporary.iterdir()) == []  # nothing is unpacked before it is asked for
    assert np.array_equal(scene.read(), small_cube)
    assert np.array_equal(scene.with_bands([2]).read(), small_cube[[2]])
    assert [path.stat().st_size for path in temporary.iterdir()] == [len(packed[1])]


def test_packed_scene_of_several_members_is_read(packed, small_cube):
    data, plain = packed
    data.write_bytes(gzip.compress(plain[:50]) + gzip.compress(plain[50:]))
    assert np.array_equal(open_quietly(data).read(), small_cube)


def test_packed_scene_is_unpacked_once_for_all_threads(packed, small_cube, temporary):
    scene = open_quietly(packed[0])
    with ThreadPoolExecutor(4) as pool:
        cubes = list(pool.map(lambda _: scene.read(), range(8)))
    assert all(np.array_equal(cube, small_cube) for cube in cubes)
    assert len(list(temporary.iterdir())) == 1


def test_packed_scene_can_be_pickled_and_unpacks_for_itself(packed, small_cube):
    scene = open_quietly(packed[0])
    scene.read()
    other = pickle.loads(pickle.dumps(scene))
    del scene
    gc.collect()
    assert np.array_equal(other.read(), small_cube)


def test_a_fork_leaves_the_file_of_its_parent_alone(packed, small_cube):
    scene = open_quietly(packed[0])
    scene.read()
    if (child := os.fork()) == 0:
        del scene
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    assert np.array_equal(scene.read(), small_cube)


def test_a_stream_longer_than_promised_is_refused_without_unpacking_it(packed, temporary):
    """A gzip bomb: 200 MB of zeros in 200 kB."""
    packed[0].write_bytes(gzip.compress(bytes(200 * 10**6), 6))
    with pytest.raises(SceneFileError, match="holds more than the 245 bytes that its header"):
        open_scene(packed[0])
    assert list(temporary.iterdir()) == []


def test_a_stream_that_lies_about_its_length_is_refused_when_read(packed):
    data, plain = packed
    bomb = gzip.compress(bytes(5 * 2**20))
    data.write_bytes(bomb[:-4] + len(plain).to_bytes(4, "little"))
    scene = open_quietly(data)
    with pytest.raises(SceneFileError, match="holds more than the 245 bytes"):
        scene.read()


def test_a_header_that_promises_more_than_gzip_can_pack_is_refused(packed):
    header = packed[0].with_suffix(".hdr")
    header.write_text(header.read_text().replace("lines = 5", "lines = 1000000000"))
    with pytest.raises(SceneFileError, match="compressed bytes, which cannot hold the 48000000005"):
        open_scene(packed[0])


@pytest.mark.parametrize("n_bytes", [0.3, 0.9])
def test_a_truncated_stream_is_refused(packed, n_bytes):
    data = packed[0].read_bytes()
    packed[0].write_bytes(data[: int(n_bytes * len(data))])
    with pytest.raises(SceneFileError, match=r"cannot be unpacked: .* damaged or truncated"):
        open_scene(packed[0])


def test_a_stream_that_is_too_short_is_refused(packed):
    data, plain = packed
    data.write_bytes(gzip.compress(plain[:-3]))
    with pytest.raises(SceneFileError, match="holds 242 of the 245 bytes that its header promises"):
        open_scene(data)


def test_damage_inside_the_stream_is_one_sentence(packed):
    data = bytearray(packed[0].read_bytes())
    data[40] ^= 0xFF
    packed[0].write_bytes(data)
    scene = open_quietly(packed[0])
    with pytest.raises(SceneFileError, match=r"cannot be unpacked: .* damaged or truncated"):
        scene.read()


def test_no_room_for_the_plain_file_is_one_sentence(packed, monkeypatch):
    scene = open_quietly(packed[0])
    usage = type("usage", (), {"free": 100})
    monkeypatch.setattr("scenes.formats.envi_packed.shutil.disk_usage", lambda _: usage)
    with pytest.raises(SceneFileError, match=r"needs 245 bytes in .* has 100 left\. Set TMPDIR"):
        scene.read()


def test_plain_data_under_a_header_that_says_packed_are_read(tmp_path, write_envi, small_cube):
    data = write_envi(tmp_path, small_cube, PACKED)
    with pytest.warns(SceneWarning, match=r"scene\.img is compressed, but it is no gzip file"):
        assert np.array_equal(open_scene(data).read(), small_cube)


def test_packed_data_under_a_header_that_does_not_say_so_name_the_cure(tmp_path, write_envi):
    data = write_envi(tmp_path, np.ones((4, 50, 30)))
    data.write_bytes(gzip.compress(data.read_bytes()))
    with pytest.raises(SceneFileError, match=r"begins as gzip does: .*`file compression = 1`"):
        open_scene(data)
