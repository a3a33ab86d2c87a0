"""Features of a scene's pixels, kind by kind: of blocks to be mapped, and of labelled places."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from rasterio.windows import Window
from torch import Tensor

from scenes import Scene
from scenes.blocks import Block
from scenes.labels import Labels
from unmix.bundle.network_maps import with_surroundings
from unmix.networks import NetworkUnmixer
from unmix.networks.network import Network, Pixels
from unmix.networks.places import joined_pixels, part_of, pixels_at
from unmix.unmixer import Unmixer
from unmix.uses.features import SpectralFeatures, UnitSpectra
from unmix.uses.network_features import (
    CODES_WEIGHT,
    feature_blocks,
    feature_names,
    features_at,
    features_of_cube,
    features_of_rows,
)
from unmix.uses.scaling import FeatureBlock

PLACE_NUMBERS = 2**22
"""Of spectra that are read at once around labelled places."""


class FeaturePart(Protocol):
    """Features of one kind."""

    @property
    def names(self) -> list[str]:
        """Of the features."""

    @property
    def blocks(self) -> list[FeatureBlock]:
        """Which of them are scaled together."""

    def of_block(self, scene: Scene, block: Block) -> Tensor:
        """(n_valid, n_features) Of the valid pixels of a block of a scene."""

    def of_places(self, scene: Scene, labels: Labels, spectra: Tensor) -> Tensor:
        """(n_labelled, n_features) Of valid labelled pixels, whose spectra are given."""

    def save(self, folder: Path) -> None:
        """Write what the features need, if anything, into a folder of results."""


@dataclass(frozen=True)
class PixelPart:
    """Features that a pixel's spectrum decides alone."""

    features: SpectralFeatures | UnitSpectra
    """Fitted."""

    @property
    def names(self) -> list[str]:
        """Of the features."""
        names: list[str] = self.features.get_feature_names_out().tolist()
        return names

    @property
    def blocks(self) -> list[FeatureBlock]:
        """Which of them are scaled together."""
        return self.features.blocks()

    def of_block(self, scene: Scene, block: Block) -> Tensor:
        """(n_valid, n_features) Of the valid pixels of a block."""
        return torch.as_tensor(self.features.transform(block.spectra))

    def of_places(self, scene: Scene, labels: Labels, spectra: Tensor) -> Tensor:
        """(n_labelled, n_features) Of labelled pixels."""
        return torch.as_tensor(self.features.transform(spectra))

    def save(self, folder: Path) -> None:
        """Write the model, if there is one, as ``model``."""
        model = getattr(self.features, "model_", None)
        if isinstance(model, Unmixer):
            model.save(folder / "model")


@dataclass(frozen=True)
class NetworkPart:
    """Features that a network makes of a pixel, and of its neighbourhood if it sees one."""

    model: NetworkUnmixer
    """Fitted, without side information."""
    codes_weight: float = CODES_WEIGHT
    """See `unmix.uses.network_features.feature_blocks`."""

    @property
    def network(self) -> Network:
        """Of the model."""
        return self.model.network_

    @property
    def names(self) -> list[str]:
        """Of the features."""
        return feature_names(self.network)

    @property
    def blocks(self) -> list[FeatureBlock]:
        """Which of them are scaled together."""
        return feature_blocks(self.network, self.codes_weight)

    def of_block(self, scene: Scene, block: Block) -> Tensor:
        """(n_valid, n_features) Of the valid pixels of a block, which is read with its halo."""
        if self.network.halo == 0:
            return features_of_rows(self.network, block.spectra)
        cube = with_surroundings(scene, block.window, self.network.halo)
        found = features_of_cube(self.network, cube, with_halo=True)
        return found[torch.from_numpy(block.valid).reshape(-1)]

    def of_places(self, scene: Scene, labels: Labels, spectra: Tensor) -> Tensor:
        """(n_labelled, n_features) Of labelled pixels."""
        return features_at(self.network, places_of(scene, labels, self.network))

    def save(self, folder: Path) -> None:
        """Write the network as ``network``."""
        self.model.save(folder / "network")


class SceneFeatures(NamedTuple):
    """Features of several kinds, side by side."""

    parts: Sequence[FeaturePart]

    @property
    def names(self) -> list[str]:
        """Of the features."""
        return [name for part in self.parts for name in part.names]

    @property
    def blocks(self) -> list[FeatureBlock]:
        """Which of them are scaled together; see `unmix.uses.scaling`."""
        return [block for part in self.parts for block in part.blocks]

    @property
    def network(self) -> NetworkPart | None:
        """The part that can be fine-tuned, if there is one."""
        return next((part for part in self.parts if isinstance(part, NetworkPart)), None)

    def of_block(self, scene: Scene, block: Block) -> Tensor:
        """Features (n_valid, n_features) of a block; NaN in all of a pixel that lacks one."""
        return _whole([part.of_block(scene, block) for part in self.parts])

    def of_places(self, scene: Scene, labels: Labels, spectra: Tensor) -> Tensor:
        """Features (n_labelled, n_features) of valid labelled pixels, in the same way."""
        return _whole([part.of_places(scene, labels, spectra) for part in self.parts])

    def with_network(self, learned: NetworkPart) -> "SceneFeatures":
        """The same features by a network that has learned on."""
        return SceneFeatures([learned if part is self.network else part for part in self.parts])

    def save(self, folder: Path) -> None:
        """Write models and networks into a folder of results."""
        for part in self.parts:
            part.save(folder)


def places_of(scene: Scene, labels: Labels, network: Network) -> Pixels:
    """Labelled pixels as a network looks at them, read strip by strip.

    Parameters
    ----------
    scene : Scene
        That the labels were read for.
    labels : Labels
    network : Network

    Returns
    -------
    Pixels
        (n_labelled, ...) in the order of the labels.
    """
    halo = network.halo
    height = max(1, PLACE_NUMBERS // (scene.n_bands * (scene.width + 2 * halo)))
    strips = labels.rows // height
    parts, places = [], []
    for strip in np.unique(strips):
        inside = np.flatnonzero(strips == strip)
        first = int(strip) * height
        window = Window(0, first, scene.width, min(height, scene.height - first))
        cube = with_surroundings(scene, window, halo)
        rows, columns = labels.rows[inside] - first + halo, labels.columns[inside] + halo
        parts.append(pixels_at(network, cube, rows, columns))
        places.append(inside)
    order = np.argsort(np.concatenate(places), kind="stable")
    return part_of(joined_pixels(parts), order)


def _whole(parts: list[Tensor]) -> Tensor:
    features = torch.cat(parts, dim=1)
    features[~features.isfinite().all(dim=1)] = torch.nan
    return features
