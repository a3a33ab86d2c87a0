from dataclasses import replace

import numpy as np
import pytest
import torch

from unmix.errors import UnmixError
from unmix.networks import MEMBERS, NetworkUnmixer
from unmix.networks.places import batches_for, part_of, pixels_at
from unmix.uses.classification import group_folds
from unmix.uses.fine_tuning import FineTuning, Labelled, fine_tune, tune
from unmix.uses.network_features import features_at, features_of_cube, relearned

QUICK = FineTuning(n_steps=60, network_rate=3e-3, batch_size=32)


@pytest.fixture(scope="module")
def given(textured, network_of):
    """Network, labels and what is not labelled, of a kind."""

    def of(kind):
        network = network_of(kind).network_
        pixels = pixels_at(network, textured.cube, textured.rows, textured.columns)
        labelled = Labelled(pixels, textured.classes, textured.groups)
        return network, labelled, batches_for(network, textured.cube)

    return of


@pytest.fixture(scope="module")
def found(given):
    return fine_tune(*given("convolutional"), QUICK, n_folds=2)


def test_neighbourhoods_are_learned_from_labels(found):
    assert found.n_steps > 0
    assert min(found.curve) < 0.5 * found.curve[0]
    assert found.curve[0] > 0.4  # without labels the network knows next to nothing of it
    assert len(found.curve) == 11


def test_the_network_given_stays_as_it_was(found, network_of):
    before, after = network_of("convolutional").network_.state_dict(), found.network.state_dict()
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert "encoder.around.0.weight" in moved and "basis" not in moved
    again = network_of("convolutional").network_.state_dict()
    assert all(torch.equal(before[name], again[name]) for name in before)


def test_features_of_a_fold_come_from_a_network_that_saw_the_other_labels(found, given):
    network, labelled, unlabelled = given("convolutional")
    folds, grouped = group_folds(labelled.classes, labelled.groups, 2)
    assert grouped and len(folds) == len(found.fold_features) == 2
    train, _ = folds[0]
    seen = Labelled(
        part_of(labelled.pixels, train), labelled.classes[train], labelled.groups[train]
    )
    looked = []
    tune(
        network,
        seen,
        unlabelled,
        QUICK,
        0,
        lambda step, learning, head: looked.append(features_at(learning, labelled.pixels).numpy()),
    )
    assert len(looked) == 11
    assert any(np.array_equal(each, found.fold_features[0]) for each in looked)


def test_stopping_early_is_the_beginning_of_all_steps(given):
    network, labelled, unlabelled = given("pixel")
    seen = {}

    def look(step, learning, head):
        seen[step] = {name: value.clone() for name, value in learning.state_dict().items()}

    tune(network, labelled, unlabelled, QUICK, 0, look)
    short = tune(network, labelled, unlabelled, QUICK, 0, stop=12).state_dict()
    assert all(torch.equal(short[name], seen[12][name]) for name in short)


def test_what_the_network_can_tell_already_is_not_unlearned(given, textured):
    network, _, unlabelled = given("pixel")
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(11, 32, 80), rng.integers(0, 20, 80)
    trees = (rows % 3 == 1) & (columns % 3 == 1)
    pixels = pixels_at(network, textured.cube, rows, columns)
    labelled = Labelled(pixels, trees.astype(int), np.arange(80))
    found = fine_tune(network, labelled, unlabelled, replace(QUICK, network_rate=1.0), n_folds=2)
    assert found.n_steps == 0 and found.curve[0] < 0.2 < max(found.curve)
    before, after = network.state_dict(), found.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_reconstruction_keeps_the_codes_near_to_what_they_were(given, textured):
    network, labelled, unlabelled = given("convolutional")
    before = features_of_cube(network, textured.cube)[:, : network.sizes.rank]
    moved = []
    for weight in (0.0, 3.0):
        settings = replace(QUICK, reconstruction=weight)
        after = tune(network, labelled, unlabelled, settings, 0)
        apart = features_of_cube(after, textured.cube)[:, : network.sizes.rank] - before
        moved.append(float(apart.nan_to_num().norm()))
    assert moved[1] < moved[0]


def test_a_tuned_network_is_saved_and_read_as_any(found, network_of, textured, given, tmp_path):
    everything = given("convolutional")[2].everything
    model = relearned(network_of("convolutional"), found.network, everything)
    model.save(tmp_path / "network")
    again = NetworkUnmixer.load(tmp_path / "network")
    whole = features_of_cube(found.network, textured.cube).nan_to_num()
    assert torch.equal(features_of_cube(again.network_, textured.cube).nan_to_num(), whole)
    assert again.loss_ == pytest.approx(model.loss_) and len(again.mean_codes_) == 32


def test_what_cannot_be_taught_is_refused(given, textured):
    network, labelled, unlabelled = given("pixel")
    with pytest.raises(UnmixError, match="labels of 1 class"):
        one = labelled._replace(classes=np.zeros_like(labelled.classes))
        fine_tune(network, one, unlabelled)
    with pytest.raises(UnmixError, match=r"`network_rate` must be above 0\. Got -1"):
        FineTuning(network_rate=-1)
    settings = MEMBERS["variational"]
    settings = replace(settings, training=replace(settings.training, n_steps=2))
    doubtful = NetworkUnmixer(2, settings=settings).fit(textured.cube).network_
    with pytest.raises(UnmixError, match="this one has a posterior"):
        fine_tune(doubtful, labelled, unlabelled)
