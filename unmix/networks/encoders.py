"""From a pixel to one number for each code."""

import math

import torch
from torch import Tensor, nn

HEAD = 0.3
"""First weights of the last layer, relative to those that keep the size of what passes."""


def dense(n_in: int, n_out: int, generator: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """A layer whose weights are drawn from a generator, so that the seed decides them."""
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out)
    with torch.no_grad():
        drawn = torch.randn(n_out, n_in, generator=generator)
        layer.weight.copy_(drawn * gain / math.sqrt(n_in))
        layer.bias.zero_()
    return layer


class LinearEncoder(nn.Module):
    """``x -> x W + b``.

    Parameters
    ----------
    n_in, n_out : int
    generator : torch.Generator
    """

    halo = 0

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.head = dense(n_in, n_out, generator, gain=HEAD)

    def features(self, inputs: Tensor) -> Tensor:
        """What the last layer sees: the input itself."""
        return inputs

    def forward(self, inputs: Tensor) -> Tensor:
        """Numbers (n_pixels, n_out) of pixels (n_pixels, n_in)."""
        return self.head(self.features(inputs))


class MlpEncoder(nn.Module):
    """Two hidden layers of rectified units, and a linear way past them.

    Parameters
    ----------
    n_in, n_out, n_hidden : int
    generator : torch.Generator
    """

    halo = 0

    def __init__(self, n_in: int, n_out: int, n_hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            dense(n_in, n_hidden, generator, gain=math.sqrt(2)),
            nn.ReLU(),
            dense(n_hidden, n_hidden, generator, gain=math.sqrt(2)),
            nn.ReLU(),
        )
        self.head = dense(n_in + n_hidden, n_out, generator, gain=HEAD)

    def features(self, inputs: Tensor) -> Tensor:
        """What the last layer sees: the input and the hidden units, (n_pixels, n_features)."""
        return torch.cat([inputs, self.hidden(inputs)], dim=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Numbers (n_pixels, n_out) of pixels (n_pixels, n_in)."""
        return self.head(self.features(inputs))
