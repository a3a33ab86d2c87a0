import threading

import numpy as np
import pytest
import torch

from scenes import open_scene
from unmix import Unmixer, UnmixError
from unmix.endmembers.signal import GLARING
from unmix.mapping import BLOCKS_HELD, limited_memory, unmixed_blocks
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module", params=["scene.hdr", "scene.tif"])
def scene(request, tmp_path_factory):
    simulation = Simulation(
        height=90, width=40, materials=("sand", "water", "kaolinite"), sensor="enmap",
        nodata_border=5, seed=3,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("scene") / request.param
    return open_scene(write_simulated_scene(simulation, path).scene)


@pytest.fixture(scope="module")
def model(scene, quick):
    return Unmixer(3, settings=quick, n_refits=1).fit(scene)


def test_maps_are_those_of_plain_turns_bit_for_bit(scene, model):
    memory = 400_000
    with limited_memory(memory):
        found = list(unmixed_blocks(scene, model))
    plain = list(scene.blocks(memory // BLOCKS_HELD))
    assert len(found) == len(plain) > 3
    for ours, block in zip(found, plain, strict=True):
        maps = model.map_pixels(block.spectra)
        assert ours.window == block.window
        assert torch.equal(ours.spectra, block.spectra)
        assert np.array_equal(ours.valid, block.valid)
        for ours_map, rows in zip((ours.abundances, ours.uncertainty, ours.quality), maps,
                                  strict=True):  # fmt: skip
            assert np.array_equal(ours_map, block.to_map(rows), equal_nan=True)


def test_several_solvers_make_the_same_maps_and_leave_threads_as_they_were(scene, model):
    def maps():
        with limited_memory(400_000):
            return [block.abundances for block in unmixed_blocks(scene, model)]

    alone = maps()
    torch.set_num_threads(2)
    try:
        together = maps()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other, equal_nan=True)


def test_memory_is_shared_by_the_blocks_held(scene, model):
    memory = 500_000
    with limited_memory(memory):
        sizes = [block.spectra.nbytes for block in unmixed_blocks(scene, model)]
    whole_tiles = 4 if scene.path.suffix == ".tif" else 1
    assert max(sizes) * BLOCKS_HELD <= memory * whole_tiles
    assert len(sizes) > len(list(unmixed_blocks(scene, model)))


def test_memory_must_be_some(scene, model):
    with pytest.raises(UnmixError, match=r"`memory` must be a positive number of bytes. Got 0"):
        with limited_memory(0):
            pass


def test_an_error_while_reading_is_raised_where_the_block_is_missing(scene, model, monkeypatch):
    reader = type(scene.source.reader)
    read, n_rows = reader.read, []

    def failing(self, row, *rest):
        if row > 40:
            raise OSError("the disk is gone")
        n_rows.append(row)
        return read(self, row, *rest)

    monkeypatch.setattr(reader, "read", failing)
    done = []
    with limited_memory(300_000), pytest.raises(OSError, match="the disk is gone"):
        for block in unmixed_blocks(scene, model):
            done.append(block.window.row_off)
    assert done == n_rows
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


def test_pixels_with_and_without_gaps_are_mapped_alike(scene, model):
    spectra = scene.sample(60, random_state=0)
    whole = model.map_pixels(spectra)
    broken = torch.cat([spectra, torch.full((1, scene.n_bands), torch.nan)])
    for plain, with_gap in zip(whole, model.map_pixels(broken), strict=True):
        assert plain.dtype == with_gap.dtype == torch.float32
        torch.testing.assert_close(with_gap[:-1], plain, rtol=1e-6, atol=1e-7, equal_nan=True)
        assert with_gap[-1].isnan().all()


@pytest.mark.parametrize(("factor", "kept"), [(0.5, True), (2.0, False), (1e30, False)])
def test_glaring_pixels_are_not_mapped(scene, model, factor, kept):
    endmembers = torch.as_tensor(model.endmembers_)
    brightest = endmembers[endmembers.norm(dim=1).argmax()]
    pixels = torch.stack([brightest, factor * GLARING * brightest])
    found = model.map_pixels(pixels).fractions
    assert found.isfinite().all(dim=1).tolist() == [True, kept]
