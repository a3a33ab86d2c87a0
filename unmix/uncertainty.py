"""Standard deviations of abundances: what a map of fractions must not be read without.

A fraction is uncertain for three reasons, whose variances add:

1. **Noise.** With the endmembers known, the codes ``x`` of a pixel have the posterior
   ``exp(-(|y - x E|^2 / noise^2 + (sum(x) - 1)^2 / spread^2) / 2)`` over ``x >= 0``. On its support
   that is a Gaussian. An endmember outside the support is not surely absent: its posterior falls
   from zero with the slope of the constraint, and its second moment counts, with what it does
   to the others.
2. **Endmembers.** Refits on resampled pixels (`unmix.stability`) move the endmembers by ``D``, and
   with it the codes, to first order, by ``-(E E')^-1 E D' x`` on the support. An endmember that
   lies outside the data is an extrapolation, and known to a part of its way from them.
3. **Materials vary.** Two pixels of one material differ in brightness. How far pixels differ is
   known (the spread of the brightness prior), but in a pure pixel nothing tells light from
   material. Half of the variance is taken for the material's own, which moves fractions.

All are carried through the division by the sum to first order (the delta method), and the result
is the root mean square deviation from the reported fraction within [0, 1], which no standard
deviation can leave.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.abundances import Abundances
from unmix.error_sources import ErrorSources, Residuals
from unmix.products import Products
from unmix.readings import Reading
from unmix.supports import RIDGE, groups

CHUNK_ELEMENTS = 2**20
"""Numbers in the largest intermediate array, 8 MiB: fewer would be computed anew more often."""
OWN_SHARE = 0.5
"""Part of the variance of brightness that is the materials' own, not the light's."""
SHARPEST = 1e-4
"""Least slack, relative to the Gram matrix: the sum is then as good as fixed."""
GAUSSIAN_RATIO = math.pi / 2
"""Variance of a Gaussian over its squared mean absolute value."""
BLACK = 1e-100
"""Stands for the length of an endmember that has none, where it divides."""
FAR = 100.0
"""Standard deviations outside the constraint beyond which the posterior is an exponential."""


def fraction_deviation(
    found: Products, read: Abundances, reading: Reading, sources: ErrorSources
) -> Tensor:
    """Standard deviation of each fraction of each pixel.

    Parameters
    ----------
    found : Products
        Of pixels and endmembers.
    read : Abundances
        What `unmix.abundances.read_codes` made of them.
    reading : str
        The reading that was asked for.
    sources : ErrorSources

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Root mean square deviation of the true fraction from the reported one, 0 to 1. NaN where
        the fractions are.
    """
    problem = _Problem.of(found, reading, sources)
    step = max(1, CHUNK_ELEMENTS // (len(found.gram) * (len(found.gram) + len(sources.shifts))))
    parts = [
        problem.deviation(*rows)
        for rows in zip(
            read.fractions.split(step),
            read.brightness.split(step),
            found.cross.split(step),
            found.energy.split(step),
            strict=True,
        )
    ]
    return torch.cat(parts) if parts else torch.zeros_like(read.fractions)


class _Problem(NamedTuple):
    """The endmembers' side of the inverse problem, in the units of a reading."""

    gram: Tensor
    """(n, n) Without the constraint on the sum."""
    scale: Tensor
    """(n,) What an endmember is divided by in this reading."""
    shifts: Tensor
    """(n_samples, n, n)"""
    extrapolation: Tensor
    """(n, n)"""
    pull: float
    """Weight of the constraint on the sum: 1 / slack."""
    own_variance: float
    """Of the brightness of a material."""
    residuals: Residuals

    @classmethod
    def of(cls, found: Products, reading: Reading, sources: ErrorSources) -> "_Problem":
        gram, shifts = found.gram, sources.shifts.to(found.gram)
        extrapolation = sources.extrapolation.to(gram)
        scale = torch.ones_like(found.peaks)
        own_variance = OWN_SHARE * sources.prior.spread**2
        slack = {"reflectance": sources.prior.slack, "fcls": 0.0}.get(reading, math.inf)
        if reading in ("peak", "l2"):  # these divide an endmember's brightness out
            squared_lengths = gram.diagonal().clamp(min=BLACK)
            scale = found.peaks.clamp(min=BLACK) if reading == "peak" else squared_lengths.sqrt()
            brighter = shifts.diagonal(dim1=1, dim2=2) / squared_lengths
            shifts = shifts - gram * brighter[:, None, :]
            extrapolation = extrapolation - gram * (extrapolation.diagonal() / squared_lengths)
            own_variance = 0.0
        units = torch.outer(scale, scale)
        gram = gram / units
        pull = 1 / max(slack, SHARPEST / max(float(gram.diagonal().mean()), BLACK))
        shifts, extrapolation = shifts / units, extrapolation / units
        return cls(gram, scale, shifts, extrapolation, pull, own_variance, sources.residuals)

    def deviation(
        self, fractions: Tensor, brightness: Tensor, cross: Tensor, energy: Tensor
    ) -> Tensor:
        """Of some pixels; see `fraction_deviation`."""
        a = fractions.nan_to_num()
        total = brightness.nan_to_num().clamp(min=1e-300)[:, None]
        codes, cross = a * total, cross / self.scale
        slope = codes @ self.gram - cross
        rest = (energy + torch.linalg.vecdot(codes, slope - cross)).clamp(min=0)
        squared_noise = ((rest + self.residuals.level) / (2 * self.residuals.n_dimensions))[:, None]
        first, group = groups(a > 0)
        inverse, entering, stiffness = self._on_supports((a > 0)[first])
        variance = squared_noise * _divided(inverse, a, group)
        second_moment = self._moment_of_absent(a, slope, squared_noise, stiffness[group])
        variance += _variance_of_moved(a, entering, second_moment, group)
        variance += self._variance_of_endmembers(a, codes, inverse, group)
        variance = variance / total.square() + self._variance_of_materials(a)
        return torch.where(fractions.isnan(), math.nan, _within_unit_interval(a, variance).sqrt())

    def _on_supports(self, support: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inverse of the problem on each support, and what an absent endmember would do.

        The latter are the change of all codes for a unit of it, in columns (n_groups, n, n), and
        the stiffness against it (n_groups, n).
        """
        here = support.to(self.gram.dtype)
        pairs = here[:, :, None] * here[:, None, :]
        whole = self.gram + self.pull
        size = self.gram.diagonal().mean().clamp(min=BLACK)
        padding = torch.diag_embed((1 - here + RIDGE) * size)
        inverse = torch.linalg.inv(whole * pairs + padding) * pairs
        absent = (1 - here)[:, None, :]
        entering = torch.diag_embed(1 - here) - inverse @ whole * absent
        stiffness = (whole @ entering).diagonal(dim1=1, dim2=2).clamp(min=RIDGE * size)
        return inverse, entering, stiffness

    def _moment_of_absent(
        self, a: Tensor, slope: Tensor, squared_noise: Tensor, stiffness: Tensor
    ) -> Tensor:
        """What endmembers may contribute that the nonnegativity keeps at zero: second moments.

        Their code t has the density ``exp(-(w t + K t^2 / 2) / noise^2)`` over ``t >= 0``, with
        the slope w and the stiffness K: a Gaussian around ``-w / K`` cut at zero.
        """
        multiplier = (slope * a).sum(dim=1, keepdim=True)  # the pull of the sum, the same for all
        width = (squared_noise * stiffness).sqrt()
        z = (slope - multiplier).clamp(min=0) / width.clamp(min=1e-150)
        return squared_noise / stiffness * _second_moment_beyond(z) * (a <= 0)

    def _variance_of_endmembers(
        self, a: Tensor, codes: Tensor, inverse: Tensor, group: Tensor
    ) -> Tensor:
        """What refits of the endmembers do to the fractions, and what lies beyond all pixels.

        From the mean absolute change over the refits, since few are at hand and one may have gone
        astray; and from the sum over the endmembers, which are extrapolated independently.
        """
        variance = torch.zeros_like(a)
        if self.extrapolation.any():
            variance += _variance_of_moved(a, inverse @ self.extrapolation, codes.square(), group)
        if len(self.shifts):
            of_codes = (inverse[:, None] @ self.shifts).flatten(
                1, 2
            )  # (n_groups, n_samples * n, n)
            moved = _times(of_codes, group, codes).unflatten(1, (len(self.shifts), -1))
            changes = moved - a[:, None, :] * moved.sum(dim=2, keepdim=True)
            variance += changes.abs().mean(dim=1).square() * GAUSSIAN_RATIO
        return variance

    def _variance_of_materials(self, a: Tensor) -> Tensor:
        """Brightness of its own in each material: ``da_j = a_j (e_j - sum_k a_k e_k)``."""
        concentration = a.square().sum(dim=1, keepdim=True)
        return self.own_variance * a.square() * (1 - 2 * a + concentration)


def _divided(covariance: Tensor, a: Tensor, group: Tensor) -> Tensor:
    """Variances of ``x / sum(x)`` times the squared sum, from a covariance of x for each group."""
    own = covariance.diagonal(dim1=1, dim2=2)[group]
    with_sum = covariance.sum(dim=2)[group]
    of_sum = covariance.sum(dim=(1, 2))[group][:, None]
    return (own - 2 * a * with_sum + a.square() * of_sum).clamp(min=0)


def _variance_of_moved(a: Tensor, moved: Tensor, variances: Tensor, group: Tensor) -> Tensor:
    """Variances of ``x / sum(x)`` times the squared sum, from independent causes of known variance.

    For each group the columns of `moved` (n_groups, n, n) are the changes of x by a unit of each
    cause: fractions change by ``moved_jk - a_j sum_i moved_ik``, the square of which is multiplied
    out, so that groups need no array of n x n for each pixel.
    """
    total = moved.sum(dim=1, keepdim=True)
    table = torch.cat([moved.square(), moved * total, total.square()], dim=1)
    n = a.shape[1]
    squares, crossed, totals = _times(table, group, variances).split([n, n, 1], dim=1)
    return (squares - 2 * a * crossed + a.square() * totals).clamp(min=0)


def _times(matrices: Tensor, group: Tensor, vectors: Tensor) -> Tensor:
    """The matrix (m, n) of each pixel's group times the pixel's vector: (n_pixels, m)."""
    return torch.bmm(matrices.index_select(0, group), vectors[:, :, None])[:, :, 0]


def _second_moment_beyond(z: Tensor) -> Tensor:
    """Second moment around z of a standard Gaussian beyond z: 1 at zero, 2 / z^2 far out."""
    near = z.clamp(max=FAR)
    hazard = math.sqrt(2 / math.pi) / torch.special.erfcx(near / math.sqrt(2))
    moment = 1 + near.square() - near * hazard
    return torch.where(z < FAR, moment, 2 / z.clamp(min=FAR).square())


def _within_unit_interval(centre: Tensor, variance: Tensor) -> Tensor:
    """Second moment around the centre of a Gaussian that is cut to [0, 1]."""
    sd = variance.clamp(1e-30, 100.0).sqrt()
    low, high = -centre / sd, (1 - centre) / sd
    mass = torch.special.ndtr(high) - torch.special.ndtr(low)
    edge = (low * (-low.square() / 2).exp() - high * (-high.square() / 2).exp()) / mass
    cut = sd.square() * (1 + edge / math.sqrt(2 * math.pi)).clamp(min=0)
    return torch.where(variance > 1e-30, cut, variance.clamp(min=0))
