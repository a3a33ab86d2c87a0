"""How far posterior deviations must be stretched to mean what they say."""

import torch

from unmix.networks.network import Network, Pixels
from unmix.networks.posterior import draw, moments, split

COVERED = 0.9545
"""Share of truths within two standard deviations, as of a Gaussian."""
N_DRAWS = 64
"""Draws from the posterior of a pixel; the same noise for every pixel."""
LEAST = 1e-3
"""Deviations are not below this: fractions of materials that are not there are not quite 0."""
SEED = 20


def quiet_noise(n_codes: int) -> torch.Tensor:
    """Standard normal draws (2 N_DRAWS, n_codes), each with its opposite, always the same."""
    generator = torch.Generator().manual_seed(SEED)
    half = torch.randn(N_DRAWS, n_codes, generator=generator)
    return torch.cat([half, -half])


@torch.no_grad()
def deviation_scale(network: Network, pixels: Pixels, generator: torch.Generator) -> float:
    """The factor with which twice the deviation covers a draw as often as it should.

    The network is asked about mixtures whose codes are known: draws from the posterior of the
    scene's own pixels, mixed, lit as they are, and noisy. No truth about the scene is needed.

    Parameters
    ----------
    network : Network
        Trained, with a posterior.
    pixels : Pixels
        Rows, or patches of convolutional networks.
    generator : torch.Generator

    Returns
    -------
    float
        Above 0.

    References
    ----------
    Talts et al. (2018), arXiv:1804.06788, for checking posteriors by simulation.
    """
    from unmix.networks.batches import batch_of

    batch = batch_of(pixels, network.halo)
    mean, log_deviation = split(network.raw(pixels))
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    truth = draw(mean, log_deviation, noise).softmax(dim=1)
    mixture = network.mix(truth, batch.side)
    seen = network.light(batch.target, mixture) * mixture
    seen = seen + network.noise * torch.randn(seen.shape, generator=generator).to(seen)
    again = _with_inner(pixels, seen, network.halo)
    found, deviation = moments(*split(network.raw(again)), quiet_noise(mean.shape[1]).to(mean))
    ratio = ((found - truth).abs() / (deviation + LEAST))[batch.seen].flatten().double().cpu()
    return max(float(torch.quantile(ratio, COVERED)) / 2, 0.1)


def _with_inner(pixels: Pixels, rows: torch.Tensor, halo: int) -> Pixels:
    """The same pixels with other coordinates; of patches the halo stays."""
    if pixels.coordinates.ndim == 2:
        return pixels._replace(coordinates=rows)
    patches, _, height, width = pixels.coordinates.shape
    inner = (slice(halo, height - halo), slice(halo, width - halo))
    fresh = pixels.coordinates.clone()
    shape = (patches, height - 2 * halo, width - 2 * halo, -1)
    fresh[:, :, *inner] = rows.reshape(shape).permute(0, 3, 1, 2)
    return pixels._replace(coordinates=fresh)
