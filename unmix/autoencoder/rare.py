"""Rare materials: what stays unexplained may become an endmember.

A mean over the scene does not notice fifteen odd pixels, so learning alone never finds them. Here
a compact group of pixels outside the cone of the endmembers is a candidate. What it would save is
measured by a high power mean of the residuals, which looks at the worst pixels; the candidate takes
the place of the endmember that saves least, if it saves more.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.abundances import nnls
from unmix.autoencoder.coreset import Pixels

SUPPORT = 3
"""Pixels that a material must show itself in."""
N_WORST, N_SEEDS, N_EXACT = 2000, 300, 8
"""Worst pixels looked at; groups ranked roughly among them; groups then measured exactly."""
TIGHTNESS = 6.0
"""A residual within this many times a group's own scatter may be noise and does not count."""
RANK_POWER, RANK_BRIGHTNESS = 8, 0.5
DECIDE_POWER, DECIDE_BRIGHTNESS = 6, 1.0
"""Power of the mean, and of the brightness in a pixel's weight, to rank groups and to decide."""


class Group(NamedTuple):
    """A compact group of pixels."""

    spectrum: Tensor
    """(n_coordinates,) Its mean, of length one."""
    floor: Tensor
    """() Residual below which it does not speak."""


class Fit(NamedTuple):
    """How endmembers explain unit spectra."""

    residual: Tensor
    """(n_pixels, n_coordinates)"""
    length: Tensor
    """(n_pixels,) Of the residual."""
    codes: Tensor
    """(n_pixels, n_endmembers)"""

    def of(self, chosen: Tensor) -> "Fit":
        """The same of some pixels."""
        return Fit(self.residual[chosen], self.length[chosen], self.codes[chosen])


def explain(spectra: Tensor, endmembers: Tensor) -> Fit:
    """Exact nonnegative fit of spectra (n_pixels, n_coordinates) by endmembers."""
    codes = nnls(spectra, endmembers).float()
    residual = spectra - codes @ endmembers
    return Fit(residual, residual.norm(dim=1), codes)


def best_candidate(pixels: Pixels, endmembers: Tensor) -> Group | None:
    """The compact group of pixels outside the endmembers' cone that would save most.

    Parameters
    ----------
    pixels : Pixels
    endmembers : Tensor of shape (n_endmembers, n_coordinates)
        Of length one.

    Returns
    -------
    Group or None
        None if no group saves anything beyond its own scatter.
    """
    fit = explain(pixels.coordinates, endmembers)
    weight = pixels.brightness**RANK_BRIGHTNESS
    worst = (weight * fit.length).argsort(descending=True, stable=True)[:N_WORST]
    seeds = worst[:N_SEEDS]
    groups, floors = _compact_groups(pixels.coordinates, seeds)
    order = _rough_savings(fit.residual[worst], fit.residual[seeds], floors, weight[worst])
    best, most = None, 0.0
    for i in order.argsort(descending=True, stable=True)[:N_EXACT].tolist():
        richer = _length_with(pixels.coordinates[worst], endmembers, groups[i], fit.of(worst))
        saving = _saving(weight[worst], fit.length[worst], richer, RANK_POWER, floors[i])
        if saving > most:
            best, most = Group(groups[i], floors[i]), saving
    return best


def saving_of(pixels: Pixels, endmembers: Tensor, group: Group) -> float:
    """What the group's spectrum saves when it joins the endmembers."""
    fit = explain(pixels.coordinates, endmembers)
    richer = _length_with(pixels.coordinates, endmembers, group.spectrum, fit)
    return _decisive(pixels, fit.length, richer, group.floor)


def savings_of_each(pixels: Pixels, endmembers: Tensor) -> Tensor:
    """What each endmember saves (n_endmembers,), that is, what is lost when it goes."""
    full = explain(pixels.coordinates, endmembers)
    savings = []
    for k in range(len(endmembers)):
        others = torch.cat([endmembers[:k], endmembers[k + 1 :]])
        needed = full.codes[:, k] > 0  # the fit of any other pixel stays as it is
        without = full.length.clone()
        without[needed] = explain(pixels.coordinates[needed], others).length
        savings.append(_decisive(pixels, without, full.length, endmembers.new_zeros(())))
    return torch.tensor(savings)


def _length_with(spectra: Tensor, endmembers: Tensor, extra: Tensor, fit: Fit) -> Tensor:
    """Residual lengths with one endmember more, solved only where its code becomes positive."""
    wanted = fit.residual @ extra > 0  # by the KKT conditions
    length = fit.length.clone()
    length[wanted] = explain(spectra[wanted], torch.cat([endmembers, extra[None]])).length
    return length


def _decisive(pixels: Pixels, poorer: Tensor, richer: Tensor, floor: Tensor) -> float:
    weight = pixels.brightness**DECIDE_BRIGHTNESS
    return _saving(weight, poorer, richer, DECIDE_POWER, floor)


def _saving(weight: Tensor, before: Tensor, after: Tensor, power: int, floor: Tensor) -> float:
    """Power mean of the weighted residual that disappears beyond twice what stays.

    The best pixels, one fewer than a material must show itself in, do not count: a single odd
    pixel is not a material.
    """
    gone = (before**2 - 4 * after**2 - floor**2).clamp(min=0).sqrt() * weight
    counted = gone.double().sort().values[: len(gone) - SUPPORT + 1]
    return float((counted**power).mean() ** (1 / power)) if len(counted) else 0.0


def _compact_groups(spectra: Tensor, seeds: Tensor) -> tuple[Tensor, Tensor]:
    """Means (n_seeds, n_coordinates) of each seed and its nearest pixels, and their floors."""
    support = min(SUPPORT, len(spectra))
    near = torch.cat(
        [(spectra[part] @ spectra.T).topk(support, dim=1).indices for part in seeds.split(64)]
    )
    means = normalize(spectra[near].mean(dim=1), dim=1)
    scatter = (spectra[near] - means[:, None]).square().sum(dim=2).mean(dim=1).sqrt()
    return means, TIGHTNESS * scatter


def _rough_savings(residual: Tensor, seeds: Tensor, floors: Tensor, weight: Tensor) -> Tensor:
    """What each seed would save (n_seeds,), judged by the direction of its residual alone."""
    along = (residual @ normalize(seeds, dim=1).T).clamp(min=0)
    gone = (along**2 - floors**2).clamp(min=0).sqrt() * weight[:, None]
    counted = gone.double().pow(RANK_POWER).sort(dim=0).values
    return counted[: max(1, len(residual) - SUPPORT + 1)].sum(dim=0)
