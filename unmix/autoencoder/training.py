"""Learning the decoder: every start at once, in one batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from unmix.autoencoder.adam import Adam
from unmix.autoencoder.decoder import ArchetypalDecoder
from unmix.autoencoder.encoder import SparseCodingEncoder
from unmix.autoencoder.loss import negative_entropy, reconstruction_loss
from unmix.autoencoder.model import SparseAutoencoder
from unmix.autoencoder.settings import FitSettings

FIRST_CODE = 0.3
"""Where all codes begin; the first steps forget it."""


@dataclass(frozen=True)
class Learned:
    """The best start of a training."""

    endmembers: Tensor
    """(n_endmembers, n_coordinates): the free ones, then the frozen ones."""
    weights: Tensor
    """(n_free, n_points) Archetypal weights of the free ones."""
    loss: float
    """Mean length of the residual, without the penalty."""
    losses: Tensor
    """(n_starts,) The same for every start, in ascending order."""


def train(
    points: Tensor,
    weights: Tensor,
    decoder: ArchetypalDecoder,
    settings: FitSettings,
    *,
    spread: float,
    sparsity: float,
    learning_rate: float,
    tick: Callable[[], None] = lambda: None,
) -> Learned:
    """Minimise the autoencoder's loss over the decoder's logits, and keep the best start.

    The codes are not differentiated through: at a minimum over the codes, the loss does not
    change with them to first order.

    Parameters
    ----------
    points : Tensor of shape (n_points, n_coordinates)
        Coreset spectra.
    weights : Tensor of shape (n_points,)
        Summing to one.
    decoder : ArchetypalDecoder
        Its logits are changed in place.
    settings : FitSettings
    spread : float
        Weight of the decoder's negative entropy.
    sparsity : float
        Weight of the codes' L1 norm.
    learning_rate : float
    tick : callable
        Called after every step.

    Returns
    -------
    Learned
    """
    encoder = SparseCodingEncoder(settings.n_codes_steps, sparsity)
    model = SparseAutoencoder(decoder, encoder)
    optimiser = Adam(decoder.logits, learning_rate, settings.n_steps)
    n_starts, n_endmembers, _ = decoder.endmembers.shape
    codes = points.new_full((n_starts, len(points), n_endmembers), FIRST_CODE)
    with _one_thread():
        for _ in range(settings.n_steps):
            with torch.no_grad():
                codes = model.encode(points, warm_start=codes)
            fit = reconstruction_loss(points, model.decode(codes), weights)  # (n_starts,)
            loss = fit + spread * negative_entropy(decoder.weights)
            optimiser.step(*torch.autograd.grad(loss.sum(), decoder.logits))
            tick()
    fit = fit.detach()
    best = int(fit.argmin())
    return Learned(
        endmembers=decoder.endmembers[best].detach(),
        weights=decoder.weights[best].detach(),
        loss=float(fit[best]),
        losses=fit.sort().values,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run the many small operations of a training on one thread.

    More threads hardly help them, wait for each other on a busy machine, and would make the last
    bits of the result depend on how many there are.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
