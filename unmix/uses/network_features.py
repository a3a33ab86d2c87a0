"""What a network says of pixels, as features: their shape, their brightness, and its codes."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.errors import UnmixError
from unmix.networks import MEMBERS, Network, NetworkUnmixer
from unmix.networks.batches import batch_of
from unmix.networks.dead import active
from unmix.networks.gathering import cube_rows, maps_of
from unmix.networks.network import Pixels
from unmix.networks.places import CHUNK, coordinates_of
from unmix.networks.posterior import split
from unmix.networks.settings import NetworkSettings
from unmix.uses.scaling import FeatureBlock

NetworkKind = Literal["pixel", "convolutional"]
N_CODES = 32
N_STEPS = {"pixel": 2000, "convolutional": 800}
"""Of the training."""
SHAPE_WEIGHT, BRIGHTNESS_WEIGHT, CODES_WEIGHT = 100.0, 4.0, 1.0
"""Variances of the features in a classifier; see `unmix.uses.scaling`."""
DARKEST = 1e-2
"""Brightness, relative to a usual pixel's, below which all is as dark as this."""


def feature_network(
    kind: NetworkKind,
    *,
    n_steps: int | None = None,
    random_state: int = 0,
    device: str = "auto",
    progress: Callable[[float], None] | None = None,
) -> NetworkUnmixer:
    """A network whose codes are to be features; not fitted yet.

    It is taught to see a pixel through its noise, without labels: `pixel` from the pixel alone,
    `convolutional` from 7 x 7 pixels.

    Parameters
    ----------
    kind : {"pixel", "convolutional"}
    n_steps : int, optional
        Of the training.
    random_state : int
    device : str
    progress : callable, optional
        See `unmix.networks.NetworkUnmixer`.
    """
    return NetworkUnmixer(
        N_CODES,
        member="denoising",
        settings=_settings(kind, n_steps or N_STEPS[kind]),
        random_state=random_state,
        device=device,
        progress=progress,
    )


def _settings(kind: NetworkKind, n_steps: int) -> NetworkSettings:
    alone = MEMBERS["denoising"]
    if kind == "pixel":
        return replace(alone, training=replace(alone.training, n_steps=n_steps))
    training = replace(
        alone.training, n_steps=n_steps, batch_size=1024, patch=16, learning_rate=2e-3
    )
    return replace(alone, encoder="convolutional", n_hidden=32, training=training)


def features_of(network: Network, pixels: Pixels) -> Tensor:
    """Features of rows, or of the inner pixels of patches, as `feature_names` names them.

    Parameters
    ----------
    network : Network
    pixels : Pixels

    Returns
    -------
    Tensor of shape (n_pixels, n_features)
        Gradients go through. Rows of invalid pixels mean nothing.
    """
    batch = batch_of(pixels, network.halo)
    raw = network.raw(pixels)
    if network.prior is not None:
        raw = split(raw)[0]
    codes = network.code(raw)
    mixture = network.mix(codes, batch.side)
    seen = network.light(batch.target, mixture) * mixture
    length = seen.norm(dim=1, keepdim=True).clamp(min=DARKEST)
    return torch.cat([seen / length, length.log(), codes], dim=1)


def check_sees_spectra_alone(network: Network) -> None:
    """Refuse a network that needs more than the scene.

    Raises
    ------
    UnmixError
        If it sees side information.
    """
    if network.sizes.n_side:
        raise UnmixError(
            f"The network was fitted with {network.sizes.n_side} numbers of side information for "
            "each pixel, which features do not have. Use one that sees spectra alone."
        )


def feature_names(network: Network) -> list[str]:
    """Names of what `features_of` gives."""
    sizes = network.sizes
    shape = [f"shape {k + 1}" for k in range(sizes.rank)]
    return [*shape, "log shape length", *(f"code {k + 1}" for k in range(sizes.n_codes))]


def feature_blocks(network: Network, codes_weight: float = CODES_WEIGHT) -> list[FeatureBlock]:
    """What of `features_of` is scaled together, the codes to a variance of `codes_weight`."""
    return [
        FeatureBlock(network.sizes.rank, SHAPE_WEIGHT),
        FeatureBlock(1, BRIGHTNESS_WEIGHT),
        FeatureBlock(network.sizes.n_codes, codes_weight),
    ]


@torch.no_grad()
def features_at(network: Network, pixels: Pixels) -> Tensor:
    """The same of places (n, ...), chunk by chunk, on the CPU; NaN where a place is invalid.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    pixels : Pixels
        Rows, or patches around one pixel each; see `unmix.networks.places.pixels_at`.
    """
    found = [torch.empty(0, len(feature_names(network)))]
    for first in range(0, len(pixels.coordinates), CHUNK):
        some = Pixels(*(part[first : first + CHUNK].to(network.basis.device) for part in pixels))
        valid = batch_of(some, network.halo).seen
        found.append(torch.where(valid[:, None], features_of(network, some), torch.nan).cpu())
    return torch.cat(found)


@torch.no_grad()
def features_of_cube(
    network: Network, cube: Tensor | NDArray[Any], *, with_halo: bool = False
) -> Tensor:
    """Features (n_pixels, n_features) of the pixels of a cube, row by row, on the CPU.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    cube : array of shape (n_bands, height, width)
        NaN where a pixel is invalid.
    with_halo : bool
        Whether the outer `network.halo` pixels are only looked at, as of a block of a scene.

    Raises
    ------
    UnmixError
        If the cube has other bands than the network.
    """
    if len(cube) != network.sizes.n_bands:
        raise UnmixError(
            f"The cube has {len(cube)} bands but the network was fitted on "
            f"{network.sizes.n_bands}. Pass ({network.sizes.n_bands}, height, width)."
        )
    if network.halo == 0:
        return features_of_rows(network, cube_rows(cube))
    maps = maps_of(cube, None, coordinates_of(network), pad=0 if with_halo else network.halo)
    valid = batch_of(maps, network.halo).seen
    return torch.where(valid[:, None], features_of(network, maps), torch.nan).cpu()


def features_of_rows(network: Network, spectra: Tensor) -> Tensor:
    """Features of spectra (n_pixels, n_bands) by a network that sees pixels alone."""
    spectra = spectra.to(network.basis)
    valid = spectra.isfinite().all(dim=1)
    known = coordinates_of(network).of(torch.where(valid[:, None], spectra, 0))
    return features_at(network, Pixels(known, known.new_zeros(len(known), 0), valid))


@torch.no_grad()
def relearned(model: NetworkUnmixer, network: Network, pixels: Pixels) -> NetworkUnmixer:
    """The same estimator with a network that has learned on.

    Parameters
    ----------
    model : NetworkUnmixer
        Fitted; it stays as it is.
    network : Network
        In evaluation mode, with as many codes.
    pixels : Pixels
        Some of the scene, to look at its codes and its loss.
    """
    batch = batch_of(pixels, network.halo)
    raw = network.raw(pixels)
    codes = network.code(raw)[batch.seen]
    target = batch.target[batch.seen]
    mixture = network.mix(codes, batch.side[batch.seen])
    left = network.light(target, mixture) * mixture - target
    after = copy(model)
    after.network_ = network
    after.mean_codes_ = codes.mean(dim=0).tolist()
    after.n_dead_ = int((~active(codes).any(dim=0)).sum())
    after.loss_ = float(left.square().mean()) / network.noise**2
    return after
