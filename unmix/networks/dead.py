"""Units that no pixel uses: counted, started anew on what is explained worst, or left out."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.networks.batches import Batch
from unmix.networks.decoders import ArchetypalDecoder, NonnegativeDecoder, SignedDecoder
from unmix.networks.network import Network
from unmix.networks.settings import Training

N_CHECKS = 12
"""How often units are looked at in a training ..."""
LAST_CHECK = 0.7
"""... and when for the last time, as a share of the steps: what is started anew must learn."""
ACTIVE = 1e-3
"""A unit is active in a pixel where its code exceeds this share of the scene's largest."""
SURE = 12.0
"""Logit of the candidate that an archetype started anew is."""
LOUD = 1.0
"""What the encoder says for a unit started anew in the pixel that it stands for."""


def active(codes: Tensor) -> Tensor:
    """Which units are active in which pixels, bool (n_pixels, n_codes)."""
    return codes > ACTIVE * codes.amax()


class DeadUnits:
    """Watches a training, and revives where that is wanted.

    Parameters
    ----------
    network : Network
    training : Training

    References
    ----------
    Bricken et al. (2023), "Towards Monosemanticity", appendix on neuron resampling.
    """

    def __init__(self, network: Network, training: Training) -> None:
        self._network = network
        self._wanted = training.dead == "revive" and network.settings.decoder != "fixed"
        self._every = max(1, training.n_steps // N_CHECKS)
        self._last = int(LAST_CHECK * training.n_steps)
        self._used = torch.zeros(network.sizes.n_codes, device=network.basis.device)

    @torch.no_grad()
    def watch(self, step: int, batch: Batch, codes: Tensor) -> None:
        """Take note of a step's codes, and revive units that none has used for a while."""
        if not self._wanted:
            return
        self._used += active(codes[batch.seen]).sum(dim=0)
        if (step + 1) % self._every == 0 and step < self._last:
            dead = (self._used == 0).nonzero()[:, 0]
            if 0 < len(dead):
                self._revive(dead, batch, codes)
            self._used.zero_()

    def _revive(self, dead: Tensor, batch: Batch, codes: Tensor) -> None:
        """Let each dead unit stand for one of the pixels that are explained worst."""
        network = self._network
        mixture = network.mix(codes, batch.side)
        residual = batch.target - network.light(batch.target, mixture) * mixture
        worst = (residual.norm(dim=1) * batch.seen).argsort(descending=True, stable=True)
        worst = worst[: len(dead)]
        dead = dead[: len(worst)]
        features = network.encoder.features(network.look(batch.pixels))
        usual = features.norm(dim=1).mean()
        chosen = features[worst]
        length = chosen.norm(dim=1, keepdim=True)
        head = network.encoder.head
        head.weight[dead] = LOUD * chosen / (length * length.clamp(min=usual))
        head.bias[dead] = 0
        _start_anew(network, dead, batch.target[worst], residual[worst])


def _start_anew(network: Network, units: Tensor, pixels: Tensor, residual: Tensor) -> None:
    """Let the decoder's units be the residual of these pixels, or what is nearest to it."""
    decoder = network.decoder
    if isinstance(decoder, NonnegativeDecoder):
        decoder.weights[units] = normalize((residual @ network.basis.T).clamp(min=0), dim=1)
        decoder.constrain_()
    elif isinstance(decoder, SignedDecoder):
        decoder.weights[units] = residual
    elif isinstance(decoder, ArchetypalDecoder):
        nearest = torch.cdist(pixels, decoder.candidates).argmin(dim=1)
        decoder.logits[units] = 0.0
        decoder.logits[units, nearest] = SURE
