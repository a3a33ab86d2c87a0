"""Places with their neighbourhoods are those of the cube."""

import numpy as np
import torch

from unmix.networks.batches import PatchBatches, PixelBatches
from unmix.networks.places import batches_for, coordinates_of, joined_pixels, part_of, pixels_at


def test_neighbourhoods_are_cut_from_the_cube(patchy, fitted_network):
    network = fitted_network("convolutional").network_
    cube = patchy[0].copy()
    cube[:, 4, 6] = np.nan
    found = pixels_at(network, cube, np.array([5, 0]), np.array([7, 0]))
    halo = network.halo
    side = 2 * halo + 1
    assert found.coordinates.shape == (2, network.sizes.rank, side, side)
    assert not found.valid[0, halo - 1, halo - 1] and found.valid[0].sum() == side**2 - 1
    assert found.valid[1].sum() == (halo + 1) ** 2
    around = torch.as_tensor(cube[:, 5 - halo : 6 + halo, 7 - halo : 8 + halo]).flatten(1).T
    expected = coordinates_of(network).of(around.nan_to_num()).T.reshape(-1, side, side)
    torch.testing.assert_close(found.coordinates[0], expected, atol=1e-5, rtol=1e-4)


def test_pixels_alone_are_rows(patchy, fitted_network):
    network = fitted_network("variational").network_
    rows, columns = np.array([3, 9]), np.array([1, 2])
    found = pixels_at(network, patchy[0], rows, columns)
    spectra = torch.as_tensor(patchy[0][:, rows, columns]).T
    torch.testing.assert_close(found.coordinates, coordinates_of(network).of(spectra))
    assert found.side.shape == (2, 0) and found.valid.all()
    both = joined_pixels([part_of(found, [1]), part_of(found, [0])])
    assert torch.equal(both.coordinates, found.coordinates.flip(0))


def test_a_network_learns_on_from_what_it_learned_from(patchy, fitted_network):
    patches = batches_for(fitted_network("convolutional").network_, patchy[0])
    pixels = batches_for(fitted_network("variational").network_, patchy[0])
    assert isinstance(patches, PatchBatches) and isinstance(pixels, PixelBatches)
    assert len(pixels.everything.coordinates) == 36 * 44
    drawn = patches.draw(torch.Generator().manual_seed(0))
    assert drawn.seen.all() and drawn.target.shape[1] == patches.everything.coordinates.shape[1]
