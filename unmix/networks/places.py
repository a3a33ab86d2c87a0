"""Pixels at chosen places of a scene, each with the neighbourhood that a network looks at."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.networks.batches import PatchBatches, PixelBatches
from unmix.networks.coordinates import Coordinates
from unmix.networks.gathering import Spectra, gather, maps_of, patches_of
from unmix.networks.network import Network, Pixels

CHUNK = 4096
"""Places that go through a network at a time."""


def coordinates_of(network: Network) -> Coordinates:
    """What the coordinates of a network mean."""
    return Coordinates(network.basis, network.size, network.noise)


def pixels_at(
    network: Network,
    cube: Tensor | NDArray[Any],
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
) -> Pixels:
    """Places of a cube as a network looks at them, in its coordinates.

    Parameters
    ----------
    network : Network
    cube : array of shape (n_bands, height, width)
        NaN where a pixel is invalid. What lies beyond its edges is invalid too.
    rows, columns : ndarray of shape (n,)
        Of the cube.

    Returns
    -------
    Pixels
        (n, rank), or for a network with a halo (n, rank, 2 halo + 1, 2 halo + 1); without side
        information.
    """
    halo = network.halo
    maps = maps_of(cube, None, coordinates_of(network), pad=halo)
    across = np.arange(2 * halo + 1)
    down_at = torch.as_tensor(np.asarray(rows)[:, None, None] + across[:, None])
    right_at = torch.as_tensor(np.asarray(columns)[:, None, None] + across)
    near = [part[0][..., down_at, right_at] for part in maps]
    values, side, valid = near[0].movedim(0, 1), near[1].movedim(0, 1), near[2]
    if halo == 0:
        return Pixels(values[..., 0, 0], side[..., 0, 0], valid[..., 0, 0])
    return Pixels(values.contiguous(), side.contiguous(), valid)


def part_of(pixels: Pixels, which: Tensor | NDArray[Any]) -> Pixels:
    """Some of the places, by their numbers or a mask."""
    chosen = torch.as_tensor(which)
    return Pixels(*(part[chosen] for part in pixels))


def joined_pixels(parts: list[Pixels]) -> Pixels:
    """Places after one another as one."""
    return Pixels(*(torch.cat(each) for each in zip(*parts, strict=True)))


def batches_for(
    network: Network, spectra: Spectra, *, max_pixels: int = 50_000, seed: int = 0
) -> PixelBatches | PatchBatches:
    """What a fitted network can learn on from: pixels or patches from all over a scene.

    Parameters
    ----------
    network : Network
        Without side information.
    spectra : Scene, cube (n_bands, height, width), or rows for a network that sees pixels alone
    max_pixels : int
    seed : int
    """
    steps, coordinates = network.settings.training, coordinates_of(network)
    if network.halo:
        generator = torch.Generator().manual_seed(seed)
        size = (steps.patch, network.halo)
        patches = patches_of(spectra, None, coordinates, size, generator)
        return PatchBatches(patches, network.halo, steps.batch_size)
    rows = gather(spectra, None, max_pixels, seed).spectra
    rows = rows[rows.isfinite().all(dim=1)]
    rows = rows[rows.isfinite().all(dim=1)].to(network.basis.device)
    return PixelBatches(coordinates.of(rows), rows.new_zeros(len(rows), 0), None, steps.batch_size)
