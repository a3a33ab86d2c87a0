"""A discriminator that tells codes from draws of the prior, until it cannot."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from unmix.autoencoder.adam import Adam
from unmix.networks.encoders import dense
from unmix.networks.network import Network
from unmix.networks.settings import Training

N_HIDDEN = 64
FLOOR = 1e-2
"""Fractions below this look alike to the discriminator, which sees their logarithms."""
N_ROUNDS = 2
"""Steps of the discriminator for every step of the network."""
RATE = 1.0
"""Its learning rate relative to the network's."""


class Adversary:
    """The discriminator and its training.

    Parameters
    ----------
    network : Network
    training : Training
    generator : torch.Generator

    References
    ----------
    Makhzani et al. (2015), arXiv:1511.05644, section 2; Goodfellow et al. (2014),
    arXiv:1406.2661, section 3, for the loss that does not saturate.
    """

    def __init__(self, network: Network, training: Training, generator: torch.Generator) -> None:
        n_codes = network.sizes.n_codes
        device = network.basis.device
        self._prior = torch.distributions.Dirichlet
        self._concentration = network.settings.concentration
        self._n_codes = n_codes
        self._judge = nn.Sequential(
            dense(2 * n_codes, N_HIDDEN, generator),
            nn.LeakyReLU(0.2),
            dense(N_HIDDEN, N_HIDDEN, generator),
            nn.LeakyReLU(0.2),
            dense(N_HIDDEN, 1, generator),
        ).to(device)
        self._parameters = list(self._judge.parameters())
        n_steps = N_ROUNDS * training.n_steps
        rate = RATE * training.learning_rate
        self._optimisers = [Adam(each.data, rate, n_steps) for each in self._parameters]

    def learn(self, codes: Tensor, generator: torch.Generator) -> None:
        """Steps towards telling these codes (n_pixels, n_codes) from draws of the prior."""
        for _ in range(N_ROUNDS):
            drawn = dirichlet(len(codes), self._n_codes, self._concentration, generator).to(codes)
            loss = softplus(-self._opinion(drawn)).mean() + softplus(self._opinion(codes)).mean()
            gradients = torch.autograd.grad(loss, self._parameters)
            for optimiser, gradient in zip(self._optimisers, gradients, strict=True):
                optimiser.step(gradient)

    def unmasked(self, codes: Tensor) -> Tensor:
        """How surely the codes are not taken for draws of the prior: what the network goes down."""
        return softplus(-self._opinion(codes)).mean()

    def _opinion(self, codes: Tensor) -> Tensor:
        seen = torch.cat([codes * self._n_codes, (codes + FLOOR).log()], dim=1)
        opinion: Tensor = self._judge(seen)
        return opinion


def dirichlet(n: int, n_codes: int, concentration: float, generator: torch.Generator) -> Tensor:
    """Draw fractions (n, n_codes) from a symmetric Dirichlet distribution, float32.

    Normalised gamma variables; drawn with NumPy, as torch's take no generator.
    """
    import numpy as np

    seed = int(torch.randint(2**62, (1,), generator=generator))
    drawn = np.random.default_rng(seed).dirichlet([concentration] * n_codes, n)
    return torch.from_numpy(drawn.astype(np.float32))
