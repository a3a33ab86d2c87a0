"""Planted anomalies: what is planted, and what those know who find it at best."""

import numpy as np
import pytest
import torch
from accuracy import anomalies
from accuracy.known_scenes import SIMULATIONS, load_scene
from sklearn.metrics import roc_auc_score


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return load_scene("tiny", 0, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def library():
    return anomalies._ours("tiny", 0)


@pytest.mark.parametrize("near", [False, True])
def test_planted_pixels_are_covered_by_what_is_said_and_others_stay(scene, library, near):
    planted = anomalies.planted_in(scene, library, 0, near=near)
    before, after = scene.spectra.double().numpy(), planted.spectra.double().numpy()
    assert np.array_equal(before[~planted.odd], after[~planted.odd])
    assert planted.odd.sum() == len(planted.where) == anomalies.LEAST_PLANTED
    cover = planted.cover
    mixed = (1 - cover) * before[planted.where] + cover * planted.material
    assert np.allclose(after[planted.where], mixed, atol=1e-6)
    assert cover.min() >= 0.1 and cover.max() <= 0.5


def test_near_materials_stand_in_the_light_of_their_pixel(scene, library):
    planted = anomalies.planted_in(scene, library, 0, near=True)
    assert planted.light.mean() == pytest.approx(1)
    landscape = SIMULATIONS["tiny"](0).landscape
    rows, columns = np.arange(24), np.arange(24)
    light = landscape.illumination(rows, columns).ravel()
    bright = scene.spectra.norm(dim=1).numpy() > 0.5  # water is too dark to tell
    error = planted.light[bright, 0] - (light / light.mean())[bright]
    assert abs(error).max() < 0.05


@pytest.mark.parametrize("near", [False, True])
def test_who_knows_more_finds_more(scene, library, near):
    planted = anomalies.planted_in(scene, library, 1, near=near)
    best = roc_auc_score(planted.odd, anomalies.known_everything("tiny", 0, planted))
    blind = anomalies.known_but_the_material("tiny", 0, scene, planted)
    assert best > 0.999
    assert 0.5 < blind <= best + 1e-3


def test_the_blind_oracle_is_at_chance_where_nothing_is_foreign(scene, library):
    planted = anomalies.planted_in(scene, library, 0, near=False)
    own = planted._replace(material=np.repeat(scene.endmembers.numpy()[:1], 5, axis=0))
    assert anomalies.known_but_the_material("tiny", 0, scene, own) == pytest.approx(0.5, abs=0.01)


def test_the_matched_filter_is_largest_at_its_target():
    rng = np.random.default_rng(0)
    usual = torch.as_tensor(rng.standard_normal((500, 6)))
    scene = anomalies.KnownScene(usual, torch.ones(1, 6), torch.ones(500, 1))
    target = np.full((2, 6), 4.0)
    planted = anomalies.Planted(
        torch.cat([usual, torch.as_tensor(target[:1])]),
        np.arange(501) == 500,
        target,
        np.ones((501, 1)),
        np.array([500]),
        np.ones((1, 1)),
        target[:1],
    )
    assert anomalies.matched(scene, planted).argmax() == 500


def test_rx_is_the_mahalanobis_distance():
    spectra = np.random.default_rng(0).random((50, 4))
    inverse = np.linalg.inv(np.cov(spectra.T))
    centred = spectra - spectra.mean(axis=0)
    slow = [pixel @ inverse @ pixel for pixel in centred]
    assert np.allclose(anomalies.rx(spectra), slow)
