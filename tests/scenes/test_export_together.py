"""Writers that are finished side by side."""

import warnings

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.env import get_gdal_config

from scenes import SceneError
from scenes.export import CogWriter
from scenes.export.together import together
from scenes.grid import Grid

GRID = Grid(None, Affine(30, 0, 0, 0, -30, 0), 700, 40)


@pytest.fixture
def writers(tmp_path):
    return [CogWriter(tmp_path / f"{k}.tif", GRID, ["map"]) for k in range(5)]


def write_all(writers):
    for k, writer in enumerate(writers):
        writer.write(0, 0, np.full((1, 700, 40), k, np.float32))


def test_all_files_are_whole_and_nothing_else_is_changed(writers, tmp_path):
    before, filters = get_gdal_config("GDAL_CACHEMAX"), list(warnings.filters)
    with together(writers):
        write_all(writers)
        assert not list(tmp_path.glob("*.tif"))
    assert get_gdal_config("GDAL_CACHEMAX") == before
    assert warnings.filters == filters
    for k in range(5):
        with rasterio.open(tmp_path / f"{k}.tif") as dataset:
            assert (dataset.read(1) == k).all()
            assert dataset.tags(1)["STATISTICS_MAXIMUM"] == str(k)
            assert dataset.overviews(1) == [2]


def test_nothing_stays_of_a_block_that_fails(writers, tmp_path):
    with pytest.raises(RuntimeError, match="stop"), together(writers):
        write_all(writers)
        raise RuntimeError("stop")
    assert not list(tmp_path.iterdir())


def test_a_writer_that_cannot_be_opened_leaves_nothing_of_the_others(writers, tmp_path):
    lost = CogWriter(tmp_path / "none" / "x.tif", GRID, ["map"])
    with pytest.raises(SceneError, match="does not exist"), together([*writers, lost]):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_finished_is_told_of(writers, tmp_path, monkeypatch):
    monkeypatch.setattr(writers[2], "_compare", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError), together(writers):
        write_all(writers)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0.tif",
        "1.tif",
        "3.tif",
        "4.tif",
    ]
    with rasterio.open(tmp_path / "4.tif") as dataset:
        assert dataset.read(1).max() == 4


def test_what_follows_a_file_finds_it_finished(writers, tmp_path):
    seen, shares = [], []

    def then(place):
        assert (tmp_path / f"{place}.tif").exists()
        yield lambda: seen.append(("first", place))
        yield lambda: seen.append(("second", place))

    with together(writers, then, shares.append):
        write_all(writers)
        assert not seen
    assert sorted(seen) == sorted((word, k) for word in ("first", "second") for k in range(5))
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_nothing_follows_a_file_that_cannot_be_finished(writers, monkeypatch):
    monkeypatch.setattr(writers[2], "_compare", lambda path: 1 / 0)
    followed = []

    def then(place):
        followed.append(place)
        return ()

    with pytest.raises(ZeroDivisionError), together(writers, then):
        write_all(writers)
    assert sorted(followed) == [0, 1, 3, 4]


def test_what_follows_may_fail(writers, tmp_path):
    def fail():
        raise RuntimeError("no colours")

    with pytest.raises(RuntimeError, match="no colours"):
        with together(writers, lambda place: [fail] if place == 1 else []):
            write_all(writers)
    assert len(list(tmp_path.iterdir())) == 5
