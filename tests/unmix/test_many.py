import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scenes import Bands, Scene, SceneError, open_scene
from unmix import Unmixer, UnmixError
from unmix.many import ManyScenes, fit_scenes, n_valid_pixels, on_common_bands, shares
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Three scenes of different size: 2400, 600 and 1200 pixels less their wedges."""
    folder = tmp_path_factory.mktemp("scenes")
    found = []
    for k, (height, border) in enumerate([(60, 0), (15, 0), (30, 8)]):
        simulation = Simulation(
            height=height, width=40, materials=("sand", "water", "green vegetation"),
            sensor="enmap", nodata_border=border, seed=k,
        )  # fmt: skip
        target = folder / f"line{k}.{'hdr' if k else 'tif'}"
        found.append(write_simulated_scene(simulation, target).scene)
    return found


@pytest.fixture
def opened(paths):
    return [open_scene(path) for path in paths]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_shares_are_proportional_and_complete(total, sizes):
    found = shares(total, sizes)
    assert sum(found) == (total if sum(sizes) else 0)
    for share, size in zip(found, sizes, strict=True):
        assert abs(share - total * size / max(1, sum(sizes))) < 1 or not sum(sizes)


def test_valid_pixels_are_counted_exactly_where_a_scene_is_small(opened):
    for scene in opened:
        assert n_valid_pixels(scene) == scene.valid_mask().sum()


def test_valid_pixels_are_estimated_from_blocks_all_over(opened, monkeypatch):
    scene, looked_at = opened[2], []
    exact, blocks = scene.valid_mask().sum(), type(scene).blocks

    def counted(self, *how):
        for block in blocks(self, *how):
            looked_at.append(block.valid.size)
            yield block

    monkeypatch.setattr("unmix.many.LOOK_BYTES", 40 * 9 * scene.n_bands)  # a line
    monkeypatch.setattr("unmix.many.N_LOOKS", 15)
    monkeypatch.setattr(type(scene), "blocks", counted)
    assert abs(n_valid_pixels(scene) - exact) < 0.1 * exact
    assert sum(looked_at) <= scene.height * scene.width / 2


def test_sample_takes_from_each_scene_by_its_valid_pixels(opened):
    many = ManyScenes(opened)
    sizes = [int(scene.valid_mask().sum()) for scene in opened]
    spectra = many.sample(500, random_state=1)
    assert spectra.shape == (500, opened[0].n_bands)
    own = [{tuple(row) for row in scene.spectra().tolist()} for scene in opened]
    counts = [sum(tuple(row) in rows for row in spectra.tolist()) for rows in own]
    assert counts == shares(500, sizes)
    assert torch.equal(spectra, many.sample(500, random_state=1))


def test_scenes_are_read_side_by_side(opened, monkeypatch):
    together, sample = threading.Barrier(len(opened)), Scene.sample

    def met(scene, *how):
        together.wait(timeout=60)  # never ends if they were read one after the other
        return sample(scene, *how)

    monkeypatch.setattr(Scene, "sample", met)
    assert len(ManyScenes(opened).sample(500, random_state=1)) == 500


def test_what_cannot_be_read_is_said_as_if_read_alone(opened, monkeypatch):
    def broken(scene, *_):
        raise SceneError(f"{scene.name} is damaged.")

    monkeypatch.setattr(Scene, "sample", broken)
    with pytest.raises(SceneError, match="line0 is damaged"):
        ManyScenes(opened).sample(500, random_state=1)


def test_many_scenes_are_all_their_blocks(opened):
    blocks = torch.cat([block.spectra for block in ManyScenes(opened).blocks()])
    assert torch.equal(blocks, torch.cat([scene.spectra() for scene in opened]))


def test_model_of_many_scenes_finds_the_materials_of_all(opened, tmp_path):
    model = fit_scenes(opened, Unmixer(3, n_refits=0))
    model.save(tmp_path / "model")
    loaded = Unmixer.load(tmp_path / "model")
    assert loaded.source_ == {"scenes": [scene.name for scene in opened]}
    assert np.array_equal(loaded.wavelengths_nm_, opened[0].wavelengths_nm)
    for scene in opened:
        maps = loaded.map_pixels(scene.spectra())
        assert maps.quality[:, 1].nanmedian() < 0.05


def test_model_of_one_scene_is_that_of_the_scene(opened, quick):
    ours = fit_scenes(opened[:1], Unmixer(3, settings=quick, n_refits=0))
    plain = Unmixer(3, settings=quick, n_refits=0).fit(opened[0])
    assert np.array_equal(ours.endmembers_, plain.endmembers_)


def test_bands_that_any_scene_leaves_out_are_left_out(opened):
    used = opened[0].bands_used
    first = opened[0].with_bands(used[:60])
    second = opened[1].with_bands(opened[1].bands_used[20:][::-1])
    found = on_common_bands([first, second])
    for scene in found:
        assert np.array_equal(scene.wavelengths_nm, opened[0].wavelengths_nm[20:60])
    with pytest.raises(UnmixError, match=r"None of the 10 bands of .* in all 2 scenes"):
        on_common_bands([opened[0].with_bands(used[:10]), second])


def test_scenes_that_do_not_belong_together_are_refused(opened, tmp_path):
    with pytest.raises(UnmixError, match="`scenes` is empty"):
        fit_scenes([])
    other = write_simulated_scene(
        Simulation(20, 20, ("sand", "water"), sensor="aviris", seed=1), tmp_path / "other.hdr"
    ).scene
    with pytest.raises(UnmixError, match=r"line0 was not measured on the bands of other"):
        fit_scenes([open_scene(other).with_bands([0]), opened[0]])
    opened[1].unit = "radiance"
    with pytest.raises(UnmixError, match=r"not in one unit: .*line1 \(radiance\)"):
        fit_scenes(opened)


def test_scenes_without_wavelengths_need_the_same_bands(opened):
    def blind(scene):
        bands = Bands(None, None, scene.bands.good, None)
        return scene._changed(_bands=bands)

    plain = [blind(scene) for scene in opened[:2]]
    assert on_common_bands(plain) == plain
    with pytest.raises(UnmixError, match="without wavelengths in both"):
        on_common_bands([plain[0], opened[1]])
    with pytest.raises(UnmixError, match="without wavelengths in both"):
        on_common_bands([plain[0], plain[1].with_bands(plain[1].bands_used[1:])])
