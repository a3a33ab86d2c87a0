import numpy as np
import pytest
import torch

from scenes import open_scene
from unmix import Unmixer, UnmixError, unmix_scene
from unmix.count import Choice
from unmix.mapping import limited_memory
from unmix.pipeline import on_bands_of
from unmix.simulation import Simulation
from unmix.simulation.truth import read_truth
from unmix.simulation.write import write_simulated_scene


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    simulation = Simulation(
        height=60,
        width=70,
        materials=("green vegetation", "sand", "kaolinite", "water"),
        sensor="enmap",
        nodata_border=5,
        seed=3,
    )
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    return write_simulated_scene(simulation, path).scene


def test_unmix_scene_finds_the_truth(simulated):
    result = unmix_scene(simulated, n_endmembers=4)
    truth = read_truth(simulated)
    found = torch.as_tensor(result.abundances())
    valid = torch.as_tensor(result.scene.valid_mask())
    assert torch.equal(found.isfinite().all(dim=0), valid)
    true = torch.as_tensor(truth.abundances)
    errors = (found[:, None, valid] - true[None, :, valid]).square().mean(dim=2).sqrt()
    assert errors.min(dim=0).values.max() < 0.08


def test_unmix_scene_can_leave_the_number_open(simulated, monkeypatch):
    choice = Choice(2, "as many as are distinct")
    monkeypatch.setattr("unmix.learning.choose_n_endmembers", lambda pixels, **how: choice)
    result = unmix_scene(simulated, n_endmembers="auto")
    assert result.abundances().shape == (2, *result.scene.grid.shape)
    assert (result.model.n_endmembers_, result.model.n_endmembers_reason_) == choice


def test_unmix_scene_with_a_fitted_model_does_not_fit_again(simulated):
    model = Unmixer(4).fit(open_scene(simulated))
    endmembers = model.endmembers_
    result = unmix_scene(simulated, model)
    assert result.model.endmembers_ is endmembers
    assert result.seconds == {}


def test_unmixing_is_the_same_block_by_block(simulated):
    model = Unmixer(4).fit(open_scene(simulated))
    scene = open_scene(simulated)
    whole = unmix_scene(scene, model).abundances()
    deviations = unmix_scene(scene, model).uncertainty()
    with limited_memory(150_000):
        pieces = list(unmix_scene(scene, model).blocks())
    assert len(pieces) > 3
    for block in pieces:
        rows, columns = block.window.toslices()
        assert np.allclose(block.abundances, whole[:, rows, columns], atol=1e-6, equal_nan=True)
        expected = deviations[:, rows, columns]
        assert np.allclose(block.uncertainty, expected, atol=1e-6, equal_nan=True)


def test_transform_of_a_scene_is_its_maps_as_rows(simulated):
    scene = open_scene(simulated)
    result = unmix_scene(scene, n_endmembers=4)
    rows = result.model.transform(scene)
    assert np.array_equal(scene.to_map(rows), result.abundances(), equal_nan=True)


def test_model_meets_its_bands_in_another_order_and_among_others(simulated):
    scene = open_scene(simulated)
    used = scene.bands_used
    model = Unmixer(4).fit(scene.with_bands(used[10:60]))
    aligned = on_bands_of(model, scene)
    assert np.array_equal(aligned.wavelengths_nm, model.wavelengths_nm_)
    assert np.array_equal(aligned.bands_used, used[10:60])


def test_model_without_wavelengths_needs_as_many_bands(simulated):
    scene = open_scene(simulated)
    model = Unmixer(4).fit(scene.sample(500, random_state=0).numpy()[:, :30])
    with pytest.raises(UnmixError, match=r"30 bands but scene has \d+, and without wavelengths"):
        on_bands_of(model, scene)


def test_progress_runs_from_0_to_1_in_every_stage(simulated, tmp_path):
    seen: dict[str, list[float]] = {}

    def note(stage, share):
        seen.setdefault(stage, []).append(share)

    unmix_scene(simulated, n_endmembers=4, progress=note).save(tmp_path / "out", progress=note)
    assert list(seen) == ["learning", "mapping", "writing", "drawing"]
    for shares in seen.values():
        assert shares == sorted(shares)
        assert shares[0] == 0
        assert shares[-1] == pytest.approx(1)


def test_a_scene_without_georeference_is_saved_without_a_warning(tmp_path):
    simulation = Simulation(20, 24, ("water", "sand"), sensor="enmap", epsg=None, seed=1)
    scene = write_simulated_scene(simulation, tmp_path / "plain.tif").scene
    unmix_scene(scene, n_endmembers=2).save(tmp_path / "out")
    assert open_scene(tmp_path / "out" / "abundances.tif").grid.crs is None


def test_maps_of_a_scene_are_unknown_in_the_same_places(simulated):
    scene = open_scene(simulated)
    model = Unmixer(4, n_refits=0).fit(scene)
    spectra = scene.sample(50, random_state=0)
    spectra[3], spectra[5] = 0, -spectra[5]
    maps = model.map_pixels(spectra)
    unknown = maps.fractions.isnan().any(dim=1)
    assert unknown.nonzero()[:, 0].tolist() == [3, 5]
    for values in maps:
        assert torch.equal(values.isnan(), unknown[:, None].expand_as(values))
    assert torch.equal(maps.fractions.nan_to_num(), model.transform(spectra).nan_to_num())
    assert torch.equal(maps.uncertainty.nan_to_num(), model.uncertainty(spectra).nan_to_num())


def test_unmix_scene_notes_endmembers_in_doubt(simulated, quick, monkeypatch):
    model = Unmixer(4, settings=quick, n_refits=2).fit(open_scene(simulated))
    model.endmember_samples_ = np.stack([model.endmembers_, model.endmembers_])
    assert unmix_scene(simulated, model).notes == []
    model.endmember_samples_ = model.endmember_samples_[:, [1, 0, 2, 3]]
    notes = unmix_scene(simulated, model).notes
    assert [note.split(" is not found again")[0] for note in notes] == [
        "endmember 1",
        "endmember 2",
    ]
