"""Features of a scene: the same in whatever blocks it is read, and at labelled places."""

import numpy as np
import pytest
import torch

from scenes import open_scene
from scenes.blocks import map_from_pixels
from scenes.labels import Labels
from unmix import Unmixer
from unmix.bundle import scene_features
from unmix.bundle.class_training import LabelledFeatures, Trained
from unmix.bundle.scene_features import NetworkPart, PixelPart, SceneFeatures, places_of
from unmix.errors import UnmixError
from unmix.networks import NetworkUnmixer
from unmix.simulation import Simulation
from unmix.simulation.write import write_simulated_scene
from unmix.uses.classification import make_classifier
from unmix.uses.features import SpectralFeatures, UnitSpectra
from unmix.uses.fine_tuning import FineTuning
from unmix.uses.network_features import feature_network


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("features") / "scene.hdr"
    simulation = Simulation(
        height=40, width=36, materials=("sand", "water"), nodata_border=3, rotation_deg=15.0
    )
    write_simulated_scene(simulation, path)
    return open_scene(path)


@pytest.fixture(scope="module")
def features(scene, quick):
    model = Unmixer(2, n_refits=0, settings=quick)
    return SceneFeatures(
        [
            PixelPart(SpectralFeatures(model).fit(scene)),
            NetworkPart(feature_network("convolutional", n_steps=30).fit(scene)),
            PixelPart(UnitSpectra().fit(scene)),
        ]
    )


@pytest.fixture(scope="module")
def labels(scene):
    """30 valid pixels: bright ones, and dark ones."""
    valid = scene.valid_mask()
    rows, columns = (each[::40][:30] for each in valid.nonzero())
    light = map_from_pixels(scene.spectra().mean(dim=1)[:, None], valid)[0][rows, columns]
    classes = (light > np.median(light)).astype(np.intp)
    return Labels(("dark", "bright"), rows, columns, classes, np.arange(len(rows)))


def mapped(scene, features, block_bytes):
    """(n_features, height, width) Read in blocks of some size."""
    maps = np.full((len(features.names), scene.height, scene.width), np.nan, np.float32)
    n_blocks = 0
    for block in scene.blocks(block_bytes):
        rows, columns = block.window.toslices()
        maps[:, rows, columns] = block.to_map(features.of_block(scene, block))
        n_blocks += 1
    return maps, n_blocks


def test_features_do_not_depend_on_the_blocks(scene, features):
    whole, one = mapped(scene, features, 2**30)
    parts, many = mapped(scene, features, 2**17)
    assert one == 1 and many > 3
    assert np.array_equal(np.isfinite(whole[0]), scene.valid_mask())
    assert np.allclose(parts, whole, atol=2e-5, rtol=1e-4, equal_nan=True)


def test_labelled_places_have_the_features_of_the_map(scene, features, labels, monkeypatch):
    whole, _ = mapped(scene, features, 2**30)
    monkeypatch.setattr(scene_features, "PLACE_NUMBERS", 5 * scene.n_bands * scene.width)
    spectra, kept = labels.spectra(scene)
    found = features.of_places(scene, kept, spectra).numpy()
    assert np.allclose(found, whole[:, kept.rows, kept.columns].T, atol=2e-5, rtol=1e-4)
    mixed = labels.chosen(np.random.default_rng(0).permutation(len(labels)))
    pixels = places_of(scene, mixed, features.network.network)
    straight = places_of(scene, labels, features.network.network)
    order = np.lexsort((mixed.columns, mixed.rows))
    assert torch.equal(pixels.coordinates[order], straight.coordinates)


def test_names_and_blocks_are_of_all_features(features):
    n_codes = features.network.model.n_endmembers_
    assert len(set(features.names)) == len(features.names)
    assert features.names[:3] == ["endmember 1", "endmember 2", "log brightness"]
    assert features.names[-1] == "log length" and "log shape length" in features.names
    assert sum(block.size for block in features.blocks) == len(features.names) > n_codes


def test_models_and_networks_are_saved(features, tmp_path):
    features.save(tmp_path)
    assert Unmixer.load(tmp_path / "model").n_endmembers_ == 2
    again = NetworkUnmixer.load(tmp_path / "network").network_
    for name, value in features.network.network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)


def test_fine_tuned_features_are_scored_by_folds_and_mapped(scene, features, labels, tmp_path):
    given = LabelledFeatures.of(scene, labels, features)
    tuned = given.fine_tuned(scene, FineTuning(n_steps=10), n_folds=2)
    assert len(tuned.fold_values) == 2
    fixed = slice(0, 3)
    assert np.array_equal(tuned.values[:, fixed], given.values[:, fixed])
    assert all(np.array_equal(each[:, fixed], given.values[:, fixed]) for each in tuned.fold_values)
    trained = Trained.on(tuned, make_classifier("logistic", 0, tuned.features.blocks), n_folds=2)
    said = trained.described()
    assert len(said["fine_tuning"]["held_out_loss"]) == 11 and said["accuracy"] > 0.8
    trained.write(tmp_path)
    with np.load(tmp_path / "training.npz") as stored:
        assert stored["features"].shape == tuned.values.shape
        assert stored["feature_blocks"][:, 0].sum() == tuned.values.shape[1]


def test_features_without_a_network_cannot_be_taught(scene, features, labels):
    given = LabelledFeatures.of(scene, labels, SceneFeatures(features.parts[:1]))
    with pytest.raises(UnmixError, match="no feature comes from one"):
        given.fine_tuned(scene)
