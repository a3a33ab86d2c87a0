from dataclasses import replace

import numpy as np
import pytest
import torch

from unmix.errors import UnmixError
from unmix.networks import MEMBERS, NetworkUnmixer, Training
from unmix.networks.places import pixels_at
from unmix.uses.network_features import (
    check_sees_spectra_alone,
    feature_blocks,
    feature_names,
    features_at,
    features_of_cube,
    features_of_rows,
)


@pytest.mark.parametrize("kind", ["pixel", "convolutional"])
def test_shape_and_length_are_those_of_the_reconstruction(textured, network_of, kind):
    model = network_of(kind)
    network = model.network_
    found = features_of_cube(network, textured.cube)
    assert found.shape == (32 * 40, len(feature_names(network)))
    assert sum(block.size for block in feature_blocks(network)) == found.shape[1]
    read = model.read(textured.cube)
    seen = read.reconstruction @ network.basis / network.size
    rank = network.sizes.rank
    expected = torch.cat(
        [seen / seen.norm(dim=1, keepdim=True), seen.norm(dim=1).log()[:, None]], 1
    )
    torch.testing.assert_close(found[:, : rank + 1], expected, atol=1e-4, rtol=1e-4, equal_nan=True)
    torch.testing.assert_close(
        found[:, rank + 1 :], read.codes, atol=1e-5, rtol=1e-4, equal_nan=True
    )
    assert found.isnan().any(dim=1).nonzero().flatten().tolist() == [10 * 40 + 12]


@pytest.mark.parametrize("kind", ["pixel", "convolutional"])
def test_places_have_the_features_of_the_map(textured, network_of, kind):
    network = network_of(kind).network_
    rows = np.array([0, 10, 11, 31, 20])
    columns = np.array([0, 12, 11, 39, 17])
    found = features_at(network, pixels_at(network, textured.cube, rows, columns))
    whole = features_of_cube(network, textured.cube)[rows * 40 + columns]
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-4, equal_nan=True)


def test_a_block_with_its_halo_has_the_features_of_the_whole(textured, network_of):
    network = network_of("convolutional").network_
    whole = features_of_cube(network, textured.cube).reshape(32, 40, -1)
    halo = network.halo
    part = textured.cube[:, 5 - halo : 15 + halo, 8 - halo : 21 + halo]
    found = features_of_cube(network, part, with_halo=True).reshape(10, 13, -1)
    torch.testing.assert_close(found, whole[5:15, 8:21], atol=1e-5, rtol=1e-4, equal_nan=True)


def test_a_pixel_network_reads_rows_as_it_reads_cubes(textured, network_of):
    network = network_of("pixel").network_
    rows = torch.as_tensor(textured.cube.reshape(20, -1).T)
    whole = features_of_cube(network, textured.cube)
    torch.testing.assert_close(features_of_rows(network, rows), whole, equal_nan=True)


def test_a_saved_network_gives_the_same_features(textured, network_of, tmp_path):
    model = network_of("convolutional")
    model.save(tmp_path / "network")
    again = NetworkUnmixer.load(tmp_path / "network").network_
    before = features_of_cube(model.network_, textured.cube)
    assert torch.equal(features_of_cube(again, textured.cube).nan_to_num(), before.nan_to_num())


def test_other_bands_are_refused(textured, network_of):
    with pytest.raises(UnmixError, match="has 7 bands but the network was fitted on 20"):
        features_of_cube(network_of("pixel").network_, textured.cube[:7])


def test_side_information_is_refused(textured):
    settings = replace(MEMBERS["conditional"], training=Training(n_steps=2))
    side = np.zeros((1, 32, 40), np.float32) + np.arange(40)
    model = NetworkUnmixer(2, settings=settings).fit(textured.cube, side=side)
    with pytest.raises(UnmixError, match="with 1 numbers of side information"):
        check_sees_spectra_alone(model.network_)
