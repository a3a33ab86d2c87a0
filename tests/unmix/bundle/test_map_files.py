"""Any maps of a scene, written block by block."""

import json

import numpy as np
import pytest
import rasterio

from scenes import open_scene
from unmix.bundle.map_files import MapFile, write_maps
from unmix.mapping import BLOCKS_HELD, limited_memory
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("map_files") / "scene.hdr"
    materials = ("water", "green vegetation", "dry soil")
    write_simulated_scene(
        Simulation(height=40, width=50, materials=materials, nodata_border=4), path
    )
    return open_scene(path)


def brightest(block):
    mean = block.spectra.mean(dim=1, keepdim=True)
    return {"mean": block.to_map(mean), "bright": block.to_map((mean > 0.2).float())}


FILES = (
    MapFile("mean", ["mean"], units="reflectance"),
    MapFile("bright", ["class"], dtype="uint8", nodata=255, overviews="mode"),
)


def test_maps_lie_where_the_scene_lies_and_hold_what_was_computed(scene, tmp_path):
    write_maps(scene, tmp_path, FILES, brightest, record={"what": "test"})
    cube = scene.read()
    with rasterio.open(tmp_path / "mean.tif") as dataset:
        assert dataset.crs == scene.grid.crs
        assert dataset.transform == scene.grid.transform
        assert dataset.descriptions == ("mean",)
        assert dataset.units == ("reflectance",)
        assert json.loads(dataset.tags(ns="UNMIX")["run"]) == {"what": "test"}
        found = dataset.read(1, masked=True)
    expected = cube.mean(axis=0)
    assert np.array_equal(found.mask, ~np.isfinite(expected))
    assert np.allclose(found.compressed(), expected[np.isfinite(expected)], atol=1e-6)
    with rasterio.open(tmp_path / "bright.tif") as dataset:
        classes = dataset.read(1)
    assert set(np.unique(classes)) <= {0, 1, 255}
    assert np.array_equal(classes == 255, ~np.isfinite(expected))


def test_small_blocks_give_the_same_files(scene, tmp_path):
    for name, n_bytes in (("whole", 2**30), ("cut", BLOCKS_HELD * 50_000)):
        (tmp_path / name).mkdir()
        with limited_memory(n_bytes):
            write_maps(scene, tmp_path / name, FILES, brightest, record={})
    for file in FILES:
        found = [(tmp_path / name / f"{file.name}.tif").read_bytes() for name in ("whole", "cut")]
        assert found[0] == found[1]


def test_nothing_stays_of_a_pass_that_fails(scene, tmp_path):
    def fails(block):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_maps(scene, tmp_path, FILES, fails, record={})
    assert list(tmp_path.iterdir()) == []


def test_the_share_that_is_done_grows_to_one(scene, tmp_path):
    shares = []
    write_maps(
        scene, tmp_path, FILES, brightest, record={}, progress=lambda _, share: shares.append(share)
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1
