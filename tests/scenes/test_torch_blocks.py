from itertools import chain

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from scenes import open_scene
from scenes.torch_blocks import BlockDataset


@pytest.mark.parametrize(("n_workers", "interleave"), [(0, "bsq"), (2, "bip")])
def test_a_loader_gives_every_block_once_and_in_order(
    tmp_path, write_envi, ground, n_workers, interleave
):
    cube = ground.copy()
    cube[:, 3, 4] = -9999
    path = write_envi(tmp_path, cube, {"data ignore value": -9999}, interleave=interleave)
    scene = open_scene(path)
    dataset = BlockDataset(scene, max_bytes=60_000)
    loader = DataLoader(
        dataset, batch_size=None, num_workers=n_workers,
        multiprocessing_context="spawn" if n_workers else None,
    )  # fmt: skip
    expected = list(scene.blocks(60_000))
    assert len(expected) > 4
    found = list(loader)
    assert [block.window for block in found] == [block.window for block in expected]
    for block, same in zip(found, expected, strict=True):
        assert torch.equal(block.spectra, same.spectra)
        assert np.array_equal(block.valid, same.valid)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 50])
def test_shares_of_blocks_together_are_all_of_them(ground, open_ground, n):
    scene = open_ground(ground)
    windows = [block.window for block in scene.blocks(60_000)]
    shares = [[block.window for block in scene.blocks(60_000, (k, n))] for k in range(n)]
    assert sorted(chain(*shares), key=windows.index) == windows
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
