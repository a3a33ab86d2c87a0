"""Features that are taught by labels: a network learns on, with few labelled pixels.

A network that learned a scene without labels is trained further, for the cross-entropy of a softmax
of its features at the labelled pixels beside the reconstruction of all others, so that few labels
do not destroy what the codes mean. How many steps are worth it is looked at on held-out groups of
labels; it may be none.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unmix.autoencoder.adam import Adam
from unmix.errors import UnmixError
from unmix.networks.batches import PatchBatches, PixelBatches, batch_of
from unmix.networks.network import Network, Pixels
from unmix.networks.places import part_of
from unmix.networks.training import corrupted, loss_of, one_thread
from unmix.uses.classification import check_classes_to_learn, group_folds
from unmix.uses.network_features import (
    check_sees_spectra_alone,
    feature_blocks,
    features_at,
    features_of,
)
from unmix.uses.scaling import BlockScaler
from unmix.uses.softmax_head import SoftmaxHead

N_LOOKS = 10
"""At held-out labels, beside that before the first step."""


@dataclass(frozen=True)
class FineTuning:
    """How a network learns from labels."""

    n_steps: int = 300
    """Steps at most."""
    network_rate: float = 1e-3
    """Learning rate of the network: small, so that codes stay near to what they were."""
    head_rate: float = 3e-3
    """Learning rate of the softmax."""
    reconstruction: float = 0.3
    """Weight of the reconstruction of unlabelled pixels, in nats as the cross-entropy is."""
    codes_weight: float = 3.0
    """Variance of the codes among the features (see `unmix.uses.scaling`): large, so that labels
    reach them."""
    batch_size: int = 48
    """Labelled pixels in a step, as many of each class."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for each in fields(self):
            value = getattr(self, each.name)
            if not value > 0 and not (each.name == "reconstruction" and value == 0):
                raise UnmixError(f"`{each.name}` must be above 0. Got {value!r}.")

    @property
    def every(self) -> int:
        """Steps between two looks at the held-out labels."""
        return max(1, self.n_steps // N_LOOKS)


class Labelled(NamedTuple):
    """Labelled pixels as a network looks at them."""

    pixels: Pixels
    """(n_labelled, ...); see `unmix.networks.places.pixels_at`."""
    classes: NDArray[np.integer]
    """(n_labelled,) From 0."""
    groups: NDArray[np.integer]
    """(n_labelled,) Polygons or patches that pixels come from."""


class FineTuned(NamedTuple):
    """A network that has learned from labels, and what held-out labels say of it."""

    network: Network
    """A copy; the one given is as it was."""
    n_steps: int
    """That the held-out labels were predicted best after; 0 if learning did not help."""
    curve: list[float]
    """Mean cross-entropy of held-out labels (nats, classes weighing alike) after 0, `every`, ...
    steps."""
    fold_features: list[NDArray[np.float32]]
    """For each fold of `unmix.uses.classification.group_folds`: features (n_labelled, n_features)
    by a network that has not seen its labels, after as many steps as the other folds say."""


Look = Callable[[int, Network, SoftmaxHead], None]
"""Called with the steps done, the network and the head."""


def fine_tune(
    network: Network,
    labelled: Labelled,
    unlabelled: PixelBatches | PatchBatches,
    settings: FineTuning | None = None,
    *,
    n_folds: int = 5,
    random_state: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> FineTuned:
    """Train a copy of a network further with labelled pixels.

    Parameters
    ----------
    network : Network
        Fitted without labels, with codes that are not distributions.
    labelled : Labelled
        Valid pixels.
    unlabelled : PixelBatches or PatchBatches
        See `unmix.networks.places.batches_for`.
    settings : FineTuning, optional
    n_folds, random_state : int
        Of the folds; see `unmix.uses.classification.group_folds`.
    progress : callable
        Called with the share that is done, 0 to 1.

    Returns
    -------
    FineTuned

    Raises
    ------
    UnmixError
        If the network gives distributions, or the labels teach nothing.
    """
    settings = settings or FineTuning()
    check_tunable(network)
    check_classes_to_learn(labelled.classes)
    splits, _ = group_folds(labelled.classes, labelled.groups, n_folds, random_state)
    looks, n_parts = [], len(splits) + 1
    for number, (train_places, test_places) in enumerate(splits):
        held_out = _HeldOut(labelled, test_places)
        seen = _some(labelled, train_places)
        tune(network, seen, unlabelled, settings, random_state, held_out.look)
        looks.append(held_out)
        progress((number + 1) / n_parts)
    curves = np.array([held_out.losses for held_out in looks])
    best = int(curves.mean(axis=0).argmin())
    tuned = deepcopy(network)
    if best:
        steps = best * settings.every
        tuned = tune(network, labelled, unlabelled, settings, random_state, stop=steps)
    progress(1.0)
    chosen = _chosen_by_others(curves)
    return FineTuned(
        network=tuned,
        n_steps=best * settings.every,
        curve=curves.mean(axis=0).tolist(),
        fold_features=[each.features[k] for each, k in zip(looks, chosen, strict=True)],
    )


def check_tunable(network: Network) -> None:
    """Refuse a network that labels cannot teach.

    Raises
    ------
    UnmixError
        If its codes are distributions, or it sees side information.
    """
    check_sees_spectra_alone(network)
    if network.prior is not None:
        raise UnmixError(
            "Fine-tuning needs a network with one code for each pixel, but this one has a "
            "posterior. Use the features 'convolutional' or 'pixel' with their own network."
        )


def tune(
    network: Network,
    labelled: Labelled,
    unlabelled: PixelBatches | PatchBatches,
    settings: FineTuning,
    seed: int,
    look: Look = lambda step, network, head: None,
    stop: int | None = None,
) -> Network:
    """Train a copy of a network with labels for a number of steps.

    Parameters
    ----------
    network : Network
    labelled : Labelled
    unlabelled : PixelBatches or PatchBatches
    settings : FineTuning
    seed : int
    look : callable
        Called before the first step and after every `settings.every`.
    stop : int, optional
        Steps after which to stop; the learning rates fall as if there were all of them.

    Returns
    -------
    Network
        In evaluation mode.
    """
    generator = torch.Generator().manual_seed(seed)
    network = deepcopy(network).eval()
    n_classes = int(labelled.classes.max()) + 1
    features = features_at(network, labelled.pixels).to(network.basis)
    scaler = BlockScaler(feature_blocks(network, settings.codes_weight))
    head = SoftmaxHead(features, labelled.classes, n_classes, scaler)
    parameters = [*network.parameters(), *head.parameters()]
    rates = [settings.network_rate] * (len(parameters) - 2) + [settings.head_rate] * 2
    optimisers = [
        Adam(each.data, rate, settings.n_steps)
        for each, rate in zip(parameters, rates, strict=True)
    ]
    look(0, network, head)
    with one_thread():
        for step in range(1, (stop or settings.n_steps) + 1):
            network.train()
            loss = _loss(network, head, labelled, unlabelled, settings, generator)
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for optimiser, gradient in zip(optimisers, gradients, strict=True):
                if gradient is not None:
                    optimiser.step(gradient)
            network.decoder.constrain_()
            if step % settings.every == 0:
                look(step, network.eval(), head)
    return network.eval()


def _loss(
    network: Network,
    head: SoftmaxHead,
    labelled: Labelled,
    unlabelled: PixelBatches | PatchBatches,
    settings: FineTuning,
    generator: torch.Generator,
) -> Tensor:
    """Cross-entropy of labelled pixels, the head's penalty, and the loss of unlabelled ones."""
    chosen = _drawn(labelled.classes, settings.batch_size, generator)
    batch = batch_of(_turned(part_of(labelled.pixels, chosen), generator), network.halo)
    features = features_of(network, corrupted(batch, network, generator).pixels)
    wanted = torch.as_tensor(labelled.classes)[chosen].to(features.device)
    loss = nn.functional.nll_loss(head(features), wanted)
    loss = loss + head.weights.square().sum() / (2 * len(labelled.classes))
    if settings.reconstruction == 0:
        return loss
    others = corrupted(unlabelled.draw(generator), network, generator)
    return loss + settings.reconstruction * loss_of(network, others, generator)[1]


def _drawn(classes: NDArray[np.integer], n: int, generator: torch.Generator) -> Tensor:
    """Numbers of labelled pixels, as many of each class but for one."""
    known = np.unique(classes)
    places = []
    for number in known:
        own = torch.as_tensor(np.flatnonzero(classes == number))
        share = -(-n // len(known))
        places.append(own[torch.randint(len(own), (share,), generator=generator)])
    return torch.cat(places)


def _turned(pixels: Pixels, generator: torch.Generator) -> Pixels:
    """Patches turned and mirrored at random, all alike; rows as they are."""
    if pixels.coordinates.ndim == 2:
        return pixels
    turns, mirror = torch.randint(4, (2,), generator=generator).tolist()
    turned = [torch.rot90(part, turns, dims=(-2, -1)) for part in pixels]
    return Pixels(*(part.flip(-1) if mirror % 2 else part for part in turned))


class _HeldOut:
    """Looks at held-out labels while a network learns from the others."""

    def __init__(self, labelled: Labelled, places: NDArray[np.intp]) -> None:
        self._labelled, self._places = labelled, places
        self.losses: list[float] = []
        self.features: list[NDArray[np.float32]] = []

    @torch.no_grad()
    def look(self, step: int, network: Network, head: SoftmaxHead) -> None:
        """Note how well the held-out labels are predicted, and all features."""
        features = features_at(network, self._labelled.pixels)
        wanted = self._labelled.classes[self._places]
        chances = head(features[self._places].to(network.basis)).double().cpu().numpy()
        losses = -chances[np.arange(len(wanted)), wanted]
        self.losses.append(
            float(np.mean([losses[wanted == number].mean() for number in np.unique(wanted)]))
        )
        self.features.append(features.numpy())


def _some(labelled: Labelled, places: NDArray[np.intp]) -> Labelled:
    return Labelled(
        part_of(labelled.pixels, places), labelled.classes[places], labelled.groups[places]
    )


def _chosen_by_others(curves: NDArray[np.floating]) -> Sequence[int]:
    """For each fold, where the mean curve of the other folds is lowest."""
    others = curves.sum(axis=0) - curves
    return [int(each.argmin()) for each in others]
