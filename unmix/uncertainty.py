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
from unmix.supports import RIDGE, groups, times_of_group

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
DARKEST, NARROWEST = 1e-12, 1e-15
"""Stand for no brightness, and for the width of no noise, where they divide."""
UNKNOWN = 1e10
"""Stands for larger variances, in fractions: nothing is known then."""
LARGEST = 1e15
"""Stands for larger numbers in a table."""
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
    step = max(1, CHUNK_ELEMENTS // len(found.gram) ** 2)
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


class _Tables(NamedTuple):
    """What the problem is like on each support, float64."""

    inverse: Tensor
    """(n_groups, n, n)"""
    entering: Tensor
    """(n_groups, n, n) Change of all codes, in a column, for a unit of an absent endmember."""
    stiffness: Tensor
    """(n_groups, n) Against an absent endmember."""


class _Problem(NamedTuple):
    """The endmembers' side of the inverse problem, in the units of a reading."""

    gram: Tensor
    """(n, n) Without the constraint on the sum; its diagonal is about one."""
    size: float
    """What squares of spectra are divided by for that."""
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
    """In the unit of the file, as the energy is."""

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
        size = max(float((gram.diagonal() / scale.square()).mean()), BLACK)
        units = torch.outer(scale, scale) * size
        gram, shifts, extrapolation = gram / units, shifts / units, extrapolation / units
        pull = 1 / max(slack * size, SHARPEST)
        return cls(gram, size, scale, shifts, extrapolation, pull, own_variance, sources.residuals)

    def deviation(
        self, fractions: Tensor, brightness: Tensor, cross: Tensor, energy: Tensor
    ) -> Tensor:
        """Of some pixels; see `fraction_deviation`."""
        a = fractions.nan_to_num()
        total = brightness.nan_to_num().clamp(min=DARKEST)[:, None]
        codes, cross = a * total, cross / (self.scale * self.size)
        slope = codes @ self.gram - cross
        rest = (energy / self.size + torch.linalg.vecdot(codes, slope - cross)).clamp(min=0)
        level = self.residuals.level / self.size
        squared_noise = ((rest + level) / (2 * self.residuals.n_dimensions))[:, None]
        slope -= torch.linalg.vecdot(slope, a)[:, None]  # the pull of the sum, the same for all
        first, group = groups(a > 0)
        tables = self._on_supports((a > 0)[first])
        squared_noise = (squared_noise / total.square()).clamp(max=UNKNOWN)
        slope, squared_noise = (slope / total).float(), squared_noise.float()
        deviation = self._from_brightness_one(a.float(), slope, squared_noise, group, tables)
        return torch.where(fractions.isnan(), math.nan, deviation.to(a))

    def _from_brightness_one(
        self, a: Tensor, slope: Tensor, squared_noise: Tensor, group: Tensor, tables: "_Tables"
    ) -> Tensor:
        """Of pixels of brightness one.

        All differences of large numbers have been taken: float32 is enough, and twice as fast.
        """
        second_moment = _moment_of_absent(a, slope, squared_noise, _single(tables.stiffness)[group])
        variance = squared_noise * _divided(tables.inverse, a, group)
        variance += _variance_of_moved(a, tables.entering, second_moment, group)
        variance += self._variance_of_endmembers(a, tables.inverse, group)
        variance += self._variance_of_materials(a)
        return _within_unit_interval(a, variance).sqrt()

    def _on_supports(self, support: Tensor) -> "_Tables":
        here = support.to(self.gram.dtype)
        pairs = here[:, :, None] * here[:, None, :]
        whole = self.gram + self.pull
        inverse = torch.linalg.inv(whole * pairs + torch.diag_embed(1 - here + RIDGE)) * pairs
        absent = (1 - here)[:, None, :]
        entering = torch.diag_embed(1 - here) - inverse @ whole * absent
        stiffness = (
            (entering * (whole @ entering)).sum(dim=1).clamp(min=RIDGE)
        )  # errors are squared
        return _Tables(inverse, entering, stiffness)

    def _variance_of_endmembers(self, a: Tensor, inverse: Tensor, group: Tensor) -> Tensor:
        """What refits of the endmembers do to the fractions, and what lies beyond all pixels.

        From the mean absolute change over the refits, since few are at hand and one may have gone
        astray; and from the sum over the endmembers, which are extrapolated independently.
        """
        variance = torch.zeros_like(a)
        if self.extrapolation.any():
            outside = inverse @ self.extrapolation
            variance += _variance_of_moved(a, outside, a.square(), group)
        if len(self.shifts):
            change = torch.zeros_like(a)
            for shift in self.shifts:
                moved = times_of_group(_single(inverse @ shift), group, a)
                change += moved.sub_(a * moved.sum(dim=1, keepdim=True)).abs_()
            variance += (change / len(self.shifts)).square() * GAUSSIAN_RATIO
        return variance

    def _variance_of_materials(self, a: Tensor) -> Tensor:
        """Brightness of its own in each material: ``da_j = a_j (e_j - sum_k a_k e_k)``."""
        concentration = a.square().sum(dim=1, keepdim=True)
        return self.own_variance * a.square() * (1 - 2 * a + concentration)


def _moment_of_absent(a: Tensor, slope: Tensor, squared_noise: Tensor, stiffness: Tensor) -> Tensor:
    """What endmembers may contribute that the nonnegativity keeps at zero: second moments.

    Their code t has the density ``exp(-(w t + K t^2 / 2) / noise^2)`` over ``t >= 0``, with the
    slope w and the stiffness K: a Gaussian around ``-w / K`` cut at zero.
    """
    width = (squared_noise * stiffness).sqrt()
    z = slope.clamp(min=0) / width.clamp(min=NARROWEST)
    moment = squared_noise / stiffness * _second_moment_beyond(z)
    return moment.clamp(max=UNKNOWN) * (a <= 0)


def _divided(covariance: Tensor, a: Tensor, group: Tensor) -> Tensor:
    """Variances of ``x / sum(x)`` times the squared sum, from a covariance of x for each group."""
    own = _single(covariance.diagonal(dim1=1, dim2=2))[group]
    with_sum = _single(covariance.sum(dim=2))[group]
    of_sum = _single(covariance.sum(dim=(1, 2)))[group][:, None]
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
    moments = times_of_group(_single(table), group, variances)
    squares, crossed, totals = moments.split([n, n, 1], dim=1)
    return (squares - 2 * a * crossed + a.square() * totals).clamp(min=0)


def _single(table: Tensor) -> Tensor:
    """In float32, whose range the square of what is clamped here does not leave."""
    return table.clamp(-LARGEST, LARGEST).float()


def _second_moment_beyond(z: Tensor) -> Tensor:
    """Second moment around z of a standard Gaussian beyond z: 1 at zero, 2 / z^2 far out."""
    near = z.clamp(max=FAR).double()  # much is cancelled
    hazard = math.sqrt(2 / math.pi) / torch.special.erfcx(near / math.sqrt(2))
    moment = (near * (near - hazard) + 1).to(z)
    return torch.where(z < FAR, moment, 2 / z.clamp(min=FAR).square())


def _within_unit_interval(centre: Tensor, variance: Tensor) -> Tensor:
    """Second moment around the centre of a Gaussian that is cut to [0, 1]."""
    sd = variance.clamp(1e-30, 100.0).sqrt()
    low, high = -centre / sd, (1 - centre) / sd
    mass = torch.special.ndtr(high) - torch.special.ndtr(low)
    edge = (low * (-low.square() / 2).exp() - high * (-high.square() / 2).exp()) / mass
    cut = sd.square() * (1 + edge / math.sqrt(2 * math.pi)).clamp(min=0)
    return torch.where(variance > 1e-30, cut, variance.clamp(min=0))
