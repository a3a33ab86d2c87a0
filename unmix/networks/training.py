"""Finding the weights: one step after the other, each on a few pixels."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from unmix.autoencoder.adam import Adam
from unmix.networks.adversary import Adversary
from unmix.networks.batches import Batch, PatchBatches, PixelBatches
from unmix.networks.dead import DeadUnits
from unmix.networks.network import Network
from unmix.networks.penalties import roughness, sparsity
from unmix.networks.posterior import draw, split
from unmix.networks.reconstruction import RECONSTRUCTIONS

LOGITS_RATE = 30.0
"""Learning rate of an archetypal decoder's logits, of which there are a thousand for each
endmember, relative to that of the other weights."""


def train(
    network: Network,
    batches: PixelBatches | PatchBatches,
    generator: torch.Generator,
    progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    batches : PixelBatches or PatchBatches
    generator : torch.Generator
        On the CPU, so that every device draws the same numbers.
    progress : callable
        Called with the share of the steps done, 0 to 1.
    """
    settings = network.settings
    steps = settings.training
    parameters = list(network.parameters())
    logits = getattr(network.decoder, "logits", None)
    rates = [steps.learning_rate * (LOGITS_RATE if p is logits else 1.0) for p in parameters]
    optimisers = [
        Adam(each.data, rate, steps.n_steps) for each, rate in zip(parameters, rates, strict=True)
    ]
    adversary = Adversary(network, steps, generator) if settings.prior == "dirichlet" else None
    dead = DeadUnits(network, steps)
    network.train()
    with one_thread():
        for step in range(steps.n_steps):
            batch = corrupted(batches.draw(generator), network, generator)
            codes, loss = loss_of(network, batch, generator)
            if adversary is not None:
                adversary.learn(codes.detach(), generator)
                loss = loss + settings.adversary * adversary.unmasked(codes)
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            _decay(network, settings.penalties.weight_decay * steps.learning_rate)
            for optimiser, gradient in zip(optimisers, gradients, strict=True):
                if gradient is not None:
                    optimiser.step(gradient)
            network.decoder.constrain_()
            dead.watch(step, batch, codes.detach())
            progress((step + 1) / steps.n_steps)
    network.eval()


def loss_of(network: Network, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Codes (n_pixels, n_codes) of a batch, and the loss that its step goes down.

    Parameters
    ----------
    network : Network
    batch : Batch
        Its input may be corrupted; its target is not.
    generator : torch.Generator

    Returns
    -------
    tuple of Tensor
    """
    settings = network.settings
    raw = network.raw(batch.pixels)
    divergence = raw.new_zeros(())
    if network.prior is not None:
        mean, log_deviation = split(raw)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        raw = draw(mean, log_deviation, noise)
        divergence = _mean(network.prior.divergence(mean, log_deviation), batch.seen)
    codes = network.code(raw)
    mixture = network.mix(codes, batch.side)
    factor = network.light(batch.target, mixture)
    misfit = RECONSTRUCTIONS[settings.reconstruction](factor * mixture, batch.target, network.scale)
    if network.slack > 0:  # a brightness far from one is less likely
        misfit = misfit + (factor[:, 0] - 1).square() * network.slack / (2 * network.noise**2)
    loss = _mean(misfit, batch.seen) + divergence + sparsity(codes[batch.seen], settings.penalties)
    if batch.shape is not None and settings.penalties.smoothness > 0:
        maps, valid = codes.reshape(*batch.shape, -1), batch.seen.reshape(batch.shape)
        loss = loss + settings.penalties.smoothness * roughness(maps, valid)
    return codes, loss


def corrupted(batch: Batch, network: Network, generator: torch.Generator) -> Batch:
    """The batch with noise on its input; its target stays as it is.

    Where the noise is as strong as the scene's own, the best answer to a noisy pixel is nearly the
    mean of what the pixel may have been without noise.

    References
    ----------
    Vincent et al. (2010), JMLR 11:3371; Kim and Ye (2021), arXiv:2106.07009, for why.
    """
    deviation = network.settings.training.corruption * network.noise
    if deviation == 0:
        return batch
    pixels = batch.pixels
    noise = torch.randn(pixels.coordinates.shape, generator=generator).to(pixels.coordinates)
    return replace(
        batch, pixels=pixels._replace(coordinates=pixels.coordinates + deviation * noise)
    )


def _mean(values: Tensor, seen: Tensor) -> Tensor:
    return (values * seen).sum() / seen.sum().clamp(min=1)


@torch.no_grad()
def _decay(network: Network, share: float) -> None:
    """Let the encoder's weights lose a share (decoupled weight decay, arXiv:1711.05101)."""
    if share > 0:
        for parameter in network.encoder.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1 - share)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: the bits of the result do not depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
