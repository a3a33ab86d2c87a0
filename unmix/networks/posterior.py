"""Codes as distributions on the simplex: the softmax of a Gaussian (logistic-normal)."""

import torch
from torch import Tensor, nn

SOFTEST, HARDEST = -6.0, 3.0
"""Of the logarithm of a standard deviation of logits."""


class GaussianPrior(nn.Module):
    """What logits are distributed as over the whole scene; learned with the rest.

    Parameters
    ----------
    n_codes : int
    """

    def __init__(self, n_codes: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_codes))
        self.log_deviation = nn.Parameter(torch.full((n_codes,), 1.0))

    def divergence(self, mean: Tensor, log_deviation: Tensor) -> Tensor:
        """``KL(N(mean, deviation^2) || prior)`` in nats, (n_pixels,).

        Parameters
        ----------
        mean, log_deviation : Tensor of shape (n_pixels, n_codes)

        References
        ----------
        Kingma and Welling (2014), arXiv:1312.6114, appendix B.
        """
        apart = log_deviation - self.log_deviation
        standard = (mean - self.mean) * (-self.log_deviation).exp()
        return (((2 * apart).exp() + standard.square() - 1) / 2 - apart).sum(dim=1)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw logits (n, n_codes)."""
        drawn = torch.randn(n, len(self.mean), generator=generator).to(self.mean.device)
        return self.mean + drawn * self.log_deviation.exp()


def split(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Means and logarithms of standard deviations from the encoder's numbers (n, 2 n_codes)."""
    mean, log_deviation = raw.chunk(2, dim=1)
    return mean, log_deviation.clamp(SOFTEST, HARDEST)


def draw(mean: Tensor, log_deviation: Tensor, noise: Tensor) -> Tensor:
    """Logits that are drawn with standard noise of the same shape."""
    return mean + log_deviation.exp() * noise


def moments(mean: Tensor, log_deviation: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of fractions over draws, each (n_pixels, n_codes).

    Parameters
    ----------
    mean, log_deviation : Tensor of shape (n_pixels, n_codes)
    noise : Tensor of shape (n_draws, n_codes)
        The same for every pixel, so that a pixel's answer depends on the pixel alone.
    """
    centre = mean.softmax(dim=1)  # near the mean, so that little cancels below
    total = torch.zeros_like(mean)
    squares = torch.zeros_like(mean)
    for each in noise:
        apart = draw(mean, log_deviation, each).softmax(dim=1) - centre
        total += apart
        squares += apart.square()
    shift = total / len(noise)
    return centre + shift, (squares / len(noise) - shift.square()).clamp(min=0).sqrt()
