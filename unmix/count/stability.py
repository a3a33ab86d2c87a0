"""How many endmembers hold: fits of two halves of the pixels, for one number after the other."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.abundances import nnls
from unmix.autoencoder import FitSettings, fit_endmembers
from unmix.count.subspace import Subspace
from unmix.metrics import match_endmembers, spectral_angle
from unmix.stability import quick_settings

DISTINCT = 2.0
"""An endmember is one of its own if it lies this many median residuals outside the others' cone.

The noise ball of the fit, inside which pixels count as the same material, has radius 1.75."""
FOUND_AGAIN = 0.5
"""Both halves find the same endmember if it moves less than this share of that distance."""
WORTH = 0.25
"""One endmember more must explain at least this share of what was left unexplained."""
PATIENCE = 3
"""Where materials vary, the search ends this many numbers after the last that were distinct."""
ROUNDING = 1e-7
"""Angles below this are rounding of float32."""
QUICK = quick_settings(FitSettings())
"""Half the work of a usual fit, which loses nothing."""


class Step(NamedTuple):
    """What fits with one number of endmembers tell."""

    n_endmembers: int
    separation: float
    """Distance of the least distinct endmember from the cone of the others, in median residuals."""
    disagreement: float
    """Angle between an endmember and its match from the other half, over its distance from the
    cone of the others; the largest of all."""
    residual: float
    """Median length of what a pixel of the other half has outside the cone, for unit spectra."""
    unexplained: float
    """Mean power of the same beyond its noise, over the power of noise in the signal subspace."""
    gain: float
    """Share of what one endmember less left unexplained that is explained now; 1 for the first."""

    @property
    def is_distinct(self) -> bool:
        """Whether all endmembers stand out, are found by both halves, and all are worth having."""
        return (
            self.separation >= DISTINCT and self.disagreement <= FOUND_AGAIN and self.gain >= WORTH
        )


def stability_curve(
    spectra: Tensor,
    subspace: Subspace,
    n_max: int,
    settings: FitSettings = QUICK,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Step]:
    """Fit two halves of the pixels with 2, 3, ... endmembers until they are distinct no more.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands), float32
        Finite and not black; at least 4 pixels for each of n_max endmembers.
    subspace : Subspace
        Residuals are looked at inside it only, where the noise is small.
    n_max : int
        The largest number tried; at least 2.
    settings : FitSettings
    seed : int
        Of the halves and of the fits.
    progress : callable
        Called with the share of the work done, 0 to 1.

    Returns
    -------
    list of Step
        For 2, 3, ... endmembers: to n_max, or if there are signals beyond it, which materials
        that vary make, to 3 more than the last that were distinct.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(spectra), generator=generator).to(spectra.device)
    halves = spectra[order[::2]], spectra[order[1::2]]
    steps: list[Step] = []
    for n in range(2, n_max + 1):
        found = [fit_endmembers(half, n, settings, generator).spectra for half in halves]
        steps.append(_look_at(halves, found, subspace, steps[-1] if steps else None))
        last = max((step.n_endmembers for step in steps if step.is_distinct), default=n)
        if subspace.n_dimensions > n_max and n - last == PATIENCE:
            break
        progress((n - 1) / (n_max - 1))
    progress(1.0)
    return steps


def _look_at(
    halves: tuple[Tensor, Tensor], found: list[Tensor], subspace: Subspace, before: Step | None
) -> Step:
    """Compare the endmembers of two halves, and each with the pixels of the other."""
    endmembers = [normalize(subspace.denoised(each), dim=1) for each in found]
    left = [
        _left_over(pixels, each, subspace)
        for pixels, each in zip(halves, reversed(endmembers), strict=True)
    ]
    residual = float(torch.cat([each.length for each in left]).median())
    unexplained = sum(each.power for each in left) / 2
    one, other = endmembers
    one = one[match_endmembers(one, other)]
    distance = torch.minimum(_outside_the_others(one), _outside_the_others(other))
    return Step(
        n_endmembers=len(other),
        separation=float(distance.min()) / max(residual, ROUNDING),
        disagreement=float((spectral_angle(one, other) / distance.clamp(min=ROUNDING)).max()),
        residual=residual,
        unexplained=unexplained,
        gain=_gain(unexplained, before),
    )


def _gain(unexplained: float, before: Step | None) -> float:
    """Share of the unexplained power that is gone; nothing can be gained where none was left."""
    if before is None:
        return 1.0
    if before.unexplained <= 0:
        return 0.0
    return 1 - unexplained / before.unexplained


class _LeftOver(NamedTuple):
    """What pixels have outside the cone of endmembers."""

    length: Tensor
    """(n_pixels,) Of the residuals of unit spectra."""
    power: float
    """Their mean power beyond noise, over the power of noise in the signal subspace."""


def _left_over(spectra: Tensor, endmembers: Tensor, subspace: Subspace) -> _LeftOver:
    """Residuals inside the signal subspace.

    Of the noise in it, a fit with s active endmembers takes s dimensions on average, so that
    ``n_dimensions - s`` remain where nothing but noise is left.
    """
    pixels = subspace.denoised(spectra)
    abundances = nnls(pixels, endmembers)
    residual = pixels - abundances @ endmembers
    power = (residual / subspace.noise).square().sum(dim=1).mean()
    of_noise = subspace.n_dimensions - (abundances > 0).sum(dim=1).double().mean()
    length = residual.norm(dim=1) / pixels.norm(dim=1).clamp(min=1e-30)
    return _LeftOver(length, float(power - of_noise) / subspace.n_dimensions)


def _outside_the_others(endmembers: Tensor) -> Tensor:
    """Distance of every unit endmember (n, n_bands) from the cone of all others, (n,)."""
    distances = []
    for k in range(len(endmembers)):
        others = torch.cat([endmembers[:k], endmembers[k + 1 :]])
        mixed = nnls(endmembers[k : k + 1], others) @ others
        distances.append((endmembers[k] - mixed[0]).norm())
    return torch.stack(distances)
