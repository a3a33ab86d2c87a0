"""Putting a network together for a scene: its sizes, its decoder, and where learning begins."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.autoencoder.coreset import Pixels, summarise
from unmix.autoencoder.settings import FitSettings
from unmix.autoencoder.starts import start_logits
from unmix.networks.coordinates import Coordinates
from unmix.networks.decoders import (
    ArchetypalDecoder,
    DecoderLayer,
    FixedDecoder,
    NonnegativeDecoder,
    SignedDecoder,
)
from unmix.networks.gathering import Rows
from unmix.networks.network import Network, Sizes
from unmix.networks.reconstruction import Scale
from unmix.networks.settings import NetworkSettings

BOUNDED = ("softmax", "sigmoid")
"""Codes that cannot grow at will."""
QUIET = 0.1
"""First weights of a last layer that has something better to begin with, relative to usual ones."""


class Known(NamedTuple):
    """What the default model says of the scene, for the decoder ``fixed``."""

    endmembers: Tensor
    """(n_endmembers, n_bands)"""
    noise: float
    """Standard deviation of what they leave, in every dimension that it is spread over."""
    spread: float
    """Standard deviation of the brightness."""


class Coreset(NamedTuple):
    """Means of similar pixels."""

    coordinates: Tensor
    """(n_points, rank)"""
    side: Tensor
    """(n_points, n_side)"""
    weights: Tensor
    """(n_points,) How many pixels each stands for, as a share."""


def assemble(
    settings: NetworkSettings,
    n_codes: int,
    rows: Rows,
    coordinates: Coordinates,
    known: Known | None,
    generator: torch.Generator,
) -> tuple[Network, Coreset]:
    """A network that is ready to be trained, and the coreset it was begun with.

    Parameters
    ----------
    settings : NetworkSettings
    n_codes : int
    rows : Rows
        Pixels of the scene.
    coordinates : Coordinates
        Of them.
    known : Known or None
        For the decoder ``fixed``.
    generator : torch.Generator

    Returns
    -------
    tuple of Network and Coreset
    """
    coreset = gather_coreset(rows, coordinates, n_codes, generator)
    noise = coordinates.noise
    if known is not None:
        noise = max(noise, known.noise / coordinates.size)
    scale = Scale(coordinates.basis, coordinates.size, noise)
    n_candidates = len(coreset.coordinates) if settings.decoder == "archetypal" else 0
    n_bands, rank = coordinates.basis.shape
    sizes = Sizes(n_codes, n_bands, rank, rows.side.shape[1], n_candidates)
    decoder = _decoder(settings, n_codes, coordinates, coreset, known, generator)
    network = Network(settings, sizes, decoder, scale, generator).to(coordinates.basis.device)
    network.set_standard_(coordinates.of(rows.spectra), rows.side)
    if settings.light == "learned" and known is not None:
        spread = known.spread
        network.slack = (noise / spread) ** 2 if spread > 0 else math.inf
    if isinstance(decoder, SignedDecoder) and settings.code == "softplus":
        begin_as_projection_(network, decoder)
    if network.guess is not None:
        network.guess.set_(network.decoder.atoms(network.basis), _variance(settings, network.slack))
    return network, coreset


@torch.no_grad()
def begin_as_projection_(network: Network, decoder: SignedDecoder) -> None:
    """Let the network begin as the projection onto the leading coordinates.

    ``softplus(x) - softplus(-x) = x``: two codes carry a coordinate through, whatever its sign.
    With as many pairs of codes as coordinates, nothing is lost but what the coordinates leave out.

    Parameters
    ----------
    network : Network
        With codes of softplus.
    decoder : SignedDecoder
        Its decoder.
    """
    n_pairs = min(network.sizes.n_codes // 2, network.sizes.rank)
    head = network.encoder.head
    head.weight.mul_(QUIET)
    decoder.weights.zero_()
    for k in range(n_pairs):
        for code, sign in ((2 * k, 1.0), (2 * k + 1, -1.0)):
            head.weight[code, k] += sign
            decoder.weights[code, k] = sign * network.spread[k]
    decoder.bias.copy_(network.centre[: network.sizes.rank])


def _variance(settings: NetworkSettings, slack: float) -> float:
    """Variance of the brightness in units of the noise's, of which the slack is the inverse."""
    if settings.light == "even":
        return 0.0
    return 1 / slack if slack > 0 else math.inf


def gather_coreset(
    rows: Rows, coordinates: Coordinates, n_codes: int, generator: torch.Generator
) -> Coreset:
    """Group the pixels around those that differ most, and take each group's mean."""
    seen = coordinates.of(rows.spectra)
    length, unit = seen.norm(dim=1), normalize(seen, dim=1)
    pixels = Pixels(unit, length, coordinates.basis, unit, torch.ones_like(length))
    points = summarise(pixels, n_codes, FitSettings(), generator).points
    group = (unit @ points.T).argmax(dim=1).cpu()
    where = seen.double().cpu()
    both = torch.cat([where, rows.side.double().cpu()], dim=1)
    count = torch.bincount(group, minlength=len(points)).double()
    sums = torch.zeros(len(points), both.shape[1], dtype=torch.float64)
    sums.index_add_(0, group, both)
    used = count > 0
    means = (sums[used] / count[used, None]).float().to(rows.spectra.device)
    rank = where.shape[1]
    weights = (count[used] / count.sum()).float().to(rows.spectra.device)
    return Coreset(means[:, :rank], means[:, rank:], weights)


def _decoder(
    settings: NetworkSettings,
    n_codes: int,
    coordinates: Coordinates,
    coreset: Coreset,
    known: Known | None,
    generator: torch.Generator,
) -> DecoderLayer:
    """The decoder of that name, where its learning begins."""
    basis = coordinates.basis
    if settings.decoder == "fixed":
        assert known is not None
        return FixedDecoder((known.endmembers / coordinates.size).to(basis))
    if settings.decoder == "signed":
        return SignedDecoder(n_codes, coreset.weights @ coreset.coordinates, generator)
    logits = _first_logits(coreset, n_codes, generator)
    if settings.decoder == "archetypal":
        return ArchetypalDecoder(logits, coreset.coordinates)
    spectra = (logits.softmax(dim=1) @ coreset.coordinates @ basis.T).clamp(min=0)
    decoder = NonnegativeDecoder(spectra, unit_length=settings.code not in BOUNDED)
    decoder.constrain_()
    return decoder


def _first_logits(coreset: Coreset, n_codes: int, generator: torch.Generator) -> Tensor:
    """Archetypal weights (n_codes, n_points): at the corners, or for many codes all over."""
    points = normalize(coreset.coordinates, dim=1)
    if n_codes <= points.shape[1]:
        return start_logits(points, coreset.weights, n_codes, 1, generator)[0]
    return _spread_logits(points, n_codes, generator)


def _spread_logits(points: Tensor, n_codes: int, generator: torch.Generator) -> Tensor:
    """Weights around points drawn at random, where there are more codes than coordinates."""
    order = torch.randperm(len(points), generator=generator)
    picks = order[torch.arange(n_codes) % len(points)].to(points.device)
    distance = torch.cdist(points[picks], points).square()
    return -30.0 * distance / distance.mean(dim=1, keepdim=True).clamp(min=1e-12)
