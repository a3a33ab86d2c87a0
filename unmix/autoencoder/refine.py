"""The noise-ball mean: an endmember is the mean of the pixels that differ from it by noise only."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.autoencoder.coreset import Pixels
from unmix.autoencoder.darkness import expected_residual
from unmix.autoencoder.rare import SUPPORT, Fit, explain

FEW = 10
"""With fewer dominated pixels than this, an endmember takes the noise of the whole scene."""
RARE_QUANTILE = 0.25
"""Rare materials take the noise of the best explained quarter of the pixels."""


class Refined(NamedTuple):
    """Endmembers as means of near-pure pixels, or where the smallest simplex puts them."""

    endmembers: Tensor
    """(n_endmembers, n_bands), in the unit of the pixels: brightness comes with the mean."""
    n_members: Tensor
    """(n_endmembers,) Pixels averaged; 0 where the endmember lies outside the data's hull."""


def refine(
    pixels: Pixels,
    endmembers: Tensor,
    n_rare: int,
    ball: float,
    n_rounds: int,
    known: Tensor | None = None,
) -> Refined:
    """Replace each endmember by the mean of the pixels within a noise ball around it.

    The radius, ``ball`` median residuals of the pixels that the endmember dominates, is measured
    once, before the first round, so that a drift cannot feed itself.

    Parameters
    ----------
    pixels : Pixels
    endmembers : Tensor of shape (n_endmembers, n_coordinates)
        The rare ones last.
    n_rare : int
        How many of them are rare materials, which stay with their own group.
    ball : float
    n_rounds : int
        At least 1.
    known : Tensor of shape (n_known, n_coordinates), optional
        Endmembers beside them, which stay: they only say which pixels the others dominate.

    Returns
    -------
    Refined
        Without the known ones.
    """
    centres = normalize(endmembers, dim=1)
    fit = explain(pixels.coordinates, with_known(centres, known))
    radius = _radii(pixels, fit, centres, n_rare, ball)
    for _ in range(n_rounds):
        members = _within(pixels.coordinates, centres, radius)  # (n_pixels, n_endmembers)
        centres = normalize(members.T.float() @ pixels.coordinates, dim=1)
    n_members = members.sum(dim=0)
    share = members.float() / n_members
    shapes = normalize(_denoised_means(pixels, share.T, n_members), dim=1)
    along = (pixels.unit @ shapes.T) * pixels.length[:, None]  # noise across it has no part in it
    return Refined(shapes * (share * along).sum(dim=0)[:, None], n_members)


def with_known(learned: Tensor, known: Tensor | None) -> Tensor:
    """Learned endmembers and, after them, the known ones."""
    some = known is not None and len(known)
    return torch.cat([learned, known]) if some else learned  # type: ignore[list-item]


def _denoised_means(pixels: Pixels, share: Tensor, n_members: Tensor) -> Tensor:
    """Means (n_endmembers, n_bands) of unit spectra, less of what is noise in them.

    What a mean has outside the signal's coordinates is noise by as much as its members' scatter
    there, divided by their number, lets expect: it is shrunk by that share (James and Stein).
    """
    means = share @ pixels.unit
    inside = (means @ pixels.basis) @ pixels.basis.T
    outside = means - inside
    energy = 1 - (pixels.unit @ pixels.basis).square().sum(dim=1)
    found = outside.square().sum(dim=1)
    scatter = (share @ energy - found).clamp(min=0)
    noise = scatter / (n_members - 1).clamp(min=1)
    kept = (1 - noise / found.clamp(min=1e-30)).clamp(min=0)
    return inside + kept[:, None] * outside


def _radii(pixels: Pixels, fit: Fit, centres: Tensor, n_rare: int, ball: float) -> Tensor:
    dominant = fit.codes.argmax(dim=1)
    radii = []
    for k in range(len(centres)):
        own = fit.length[dominant == k]
        radii.append(ball * (own if len(own) > FEW else fit.length).median())
    radius = torch.stack(radii)
    if n_rare:
        nearest = (pixels.coordinates @ centres[-n_rare:].T).topk(SUPPORT, dim=0).indices
        expected = expected_residual(fit.length, pixels.brightness)
        ratio = fit.length / expected(pixels.brightness)
        quiet = ratio.sort().values[int(RARE_QUANTILE * (len(ratio) - 1))]
        own = ball * quiet * expected(pixels.brightness[nearest].mean(dim=0))
        radius[-n_rare:] = torch.minimum(radius[-n_rare:], own)
    return radius


def _within(spectra: Tensor, centres: Tensor, radius: Tensor) -> Tensor:
    """Which unit spectra lie within each ball; at least the nearest few always do."""
    distance = (1 - (spectra @ centres.T).square()).clamp(min=0).sqrt()
    nearest = distance.topk(min(SUPPORT, len(spectra)), dim=0, largest=False).values[-1]
    return distance <= torch.maximum(radius, nearest)
