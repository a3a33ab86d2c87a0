"""The encoder that sees a pixel's neighbourhood."""

import math

import torch
from torch import Tensor, nn

from unmix.networks.encoders import HEAD, dense

KERNEL = 3
"""Side of a convolution in pixels."""
DILATIONS = (1, 2)
"""Distance of the pixels that each convolution reads; together they see 7 x 7 pixels."""


def convolution(
    n_in: int, n_out: int, kernel: int, dilation: int, generator: torch.Generator
) -> nn.Conv2d:
    """A convolution without padding, its weights drawn from a generator."""
    layer = nn.utils.skip_init(nn.Conv2d, n_in, n_out, kernel, dilation=dilation)
    with torch.no_grad():
        drawn = torch.randn(n_out, n_in, kernel, kernel, generator=generator)
        layer.weight.copy_(drawn * math.sqrt(2 / (n_in * kernel * kernel)))
        layer.bias.zero_()
    return layer


class ConvolutionalEncoder(nn.Module):
    """Convolutions over the neighbourhood, beside a way for the pixel alone.

    Nothing is padded: a map of ``height x width`` pixels needs `halo` more on every side, and what
    stands in a pixel depends on those around it alone, never on the block it is computed in.

    Parameters
    ----------
    n_in, n_out, n_hidden : int
    generator : torch.Generator
    """

    halo = sum(DILATIONS) * (KERNEL // 2)

    def __init__(self, n_in: int, n_out: int, n_hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.lift = convolution(n_in, n_hidden, 1, 1, generator)
        self.around = nn.ModuleList(
            convolution(n_hidden, n_hidden, KERNEL, dilation, generator) for dilation in DILATIONS
        )
        self.head = dense(n_in + 2 * n_hidden, n_out, generator, gain=HEAD)

    def features(self, inputs: Tensor) -> Tensor:
        """What the last layer sees of each pixel: itself, its neighbourhood, (n, n_features)."""
        wide = torch.relu(self.lift(inputs))
        near = wide
        for layer in self.around:
            near = torch.relu(layer(near))
        inner = slice(self.halo, -self.halo)
        seen = [inputs[..., inner, inner], wide[..., inner, inner], near]
        rows = torch.cat(seen, dim=1).permute(0, 2, 3, 1)
        return rows.reshape(-1, rows.shape[-1])

    def forward(self, inputs: Tensor) -> Tensor:
        """Numbers (n_patches * height * width, n_out) of the inner pixels, row by row.

        Parameters
        ----------
        inputs : Tensor of shape (n_patches, n_in, height + 2 halo, width + 2 halo)
        """
        return self.head(self.features(inputs))
