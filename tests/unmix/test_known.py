"""Endmembers that are known before anything is learned."""

import numpy as np
import pytest
import torch

from unmix import Unmixer, UnmixError
from unmix.metrics import match_endmembers, spectral_angle


@pytest.fixture(scope="module")
def partly(noisy_mixture, half):
    """Two of four materials are known."""
    known = noisy_mixture.endmembers[[3, 1]]
    model = Unmixer(4, known=known, known_names=["clay", "moss"], n_refits=1, settings=half)
    return model.fit(noisy_mixture.spectra)


def test_known_endmembers_are_kept_bit_for_bit_and_the_others_found(partly, noisy_mixture):
    endmembers = torch.as_tensor(partly.endmembers_)
    for number, place in ((1, 3), (2, 1)):
        row = endmembers[partly.known_.tolist().index(number)]
        assert torch.equal(row, noisy_mixture.endmembers[place])
    learned, wanted = endmembers[partly.known_ == 0], noisy_mixture.endmembers[[0, 2]]
    angles = spectral_angle(learned[match_endmembers(learned, wanted)], wanted)
    assert angles.max() < 0.05


def test_names_and_certainty_of_known_endmembers(partly):
    clay, moss = (partly.known_.tolist().index(number) for number in (1, 2))
    assert partly.endmember_names_[clay] == "clay"
    assert partly.endmember_names_[moss] == "moss"
    assert partly.stability_[[clay, moss]].tolist() == [1, 1]
    sources = partly.error_sources_
    assert sources.shifts[:, :, [clay, moss]].abs().max() == 0
    assert sources.extrapolation[:, [clay, moss]].abs().max() == 0


def test_where_all_are_known_nothing_is_learned(noisy_mixture):
    model = Unmixer(4, known=noisy_mixture.endmembers).fit(noisy_mixture.spectra)
    order = model.known_ - 1
    assert np.array_equal(model.endmembers_, noisy_mixture.endmembers.numpy()[order])
    assert model.start_losses_.shape == (0,)
    assert model.stability_.tolist() == [1] * 4
    found = model.transform(noisy_mixture.spectra)
    assert (found - noisy_mixture.abundances[:, order]).square().mean().sqrt() < 0.05


def test_a_saved_model_says_which_endmembers_were_known(partly, tmp_path):
    partly.save(tmp_path / "model")
    loaded = Unmixer.load(tmp_path / "model")
    assert loaded.known_.tolist() == partly.known_.tolist()
    assert np.array_equal(loaded.known, np.asarray(partly.known, np.float32))
    assert loaded.known_names == ["clay", "moss"]
    assert loaded.stability_.tolist() == partly.stability_.tolist()


def test_a_model_without_known_endmembers_is_saved_as_ever(fitted, tmp_path):
    from safetensors.numpy import load_file

    fitted.save(tmp_path / "model")
    assert "known" not in load_file(tmp_path / "model" / "model.safetensors")
    assert Unmixer.load(tmp_path / "model").known is None


@pytest.mark.parametrize(
    ("known", "names", "said"),
    [
        (np.ones((1, 3)), None, "shape"),
        (np.full((1, 50), -0.1), None, "negative"),
        (np.full((1, 50), np.nan), None, "not finite"),
        (np.random.default_rng(0).random((5, 50)), None, "5 spectra"),
        (np.random.default_rng(0).random((2, 50)), ["clay"], "known_names"),
        (np.ones((2, 50)), None, "same spectrum"),
    ],
)
def test_known_spectra_that_cannot_be_endmembers_are_refused(noisy_mixture, known, names, said):
    with pytest.raises(UnmixError, match=said):
        Unmixer(4, known=known, known_names=names).fit(noisy_mixture.spectra)


@pytest.mark.filterwarnings("ignore::scenes.SceneWarning")  # the header contradicts itself
@pytest.mark.parametrize("name", ["samson/samson_1.img", "jasper_ridge/jasper_ridge.bil"])
def test_materials_missing_beside_two_known_ones_are_found(shared_data, name, half):
    from scenes import open_scene

    path = shared_data / "scenes" / name
    truth = torch.from_numpy(np.load(path.parent / "truth.npz")["endmembers"]).float().clamp(min=0)
    pixels = open_scene(path).sample(9000, 0)
    model = Unmixer(len(truth), known=truth[:2], n_refits=0, settings=half).fit(pixels)
    learned = torch.as_tensor(model.endmembers_[model.known_ == 0])
    wanted = truth[2:]
    angles = spectral_angle(learned[match_endmembers(learned, wanted)], wanted)
    assert angles.max() < 0.05
