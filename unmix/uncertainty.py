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
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.abundances import Abundances
from unmix.error_sources import ErrorSources, Residuals
from unmix.products import Products
from unmix.readings import Reading
from unmix.support_table import times_of_group
from unmix.supports import RIDGE, groups

TABLE_ELEMENTS = 2**22
"""Numbers in the largest table of all supports of some pixels, 32 MiB, if none is like another."""
CHUNK_ELEMENTS = 2**16
"""Fractions at a time: what becomes of them stays in the cache."""
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
TAIL_SCALE = 3.5
TAIL = (
    0.163264,
    0.326919,
    0.409848,
    0.556171,
    -0.853754,
    3.32097,
    -6.46265,
    4.74976,
    -1.21052,
)
"""Of `_second_moment_beyond`: coefficients of t^2, t^3, ... with t = 1 / (1 + z / TAIL_SCALE), by
least squares of the relative error, which is at most 2e-5, weighted towards the largest."""


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
    step = max(1, TABLE_ELEMENTS // (len(found.gram) ** 2 * max(1, len(problem.shifts))))
    pixels = (read.fractions, read.brightness, found.cross, found.energy)
    parts = [problem.deviation(*part) for part in _split(step, *pixels)]
    return torch.cat(parts) if parts else torch.zeros_like(read.fractions)


def _split(step: int, *columns: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same pixels of each column, so many at a time."""
    return zip(*(column.split(step) for column in columns), strict=True)


class _Tables(NamedTuple):
    """What there is to know of each support, by groups of the pixels that have it, float32."""

    own: Tensor
    """(n_groups, n) Variance of each code for noise of variance one."""
    with_sum: Tensor
    """(n_groups, n) Covariance of each code with the sum of all."""
    of_sum: Tensor
    """(n_groups, 1) Variance of the sum."""
    stiffness: Tensor
    """(n_groups, n) Against an absent endmember."""
    entering: Tensor
    """(n_groups, 2 n + 1, n) `_moments` of what a unit of an absent endmember does to all codes."""
    outside: Tensor | None
    """(n_groups, 2 n + 1, n) The same for the distance of endmembers from the pixels, if any."""
    refits: Tensor
    """(n_groups, n_samples * (n + 1), n) Changes of the codes, and of their sum, by refits."""


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
        first, group = groups(fractions > 0)
        tables = self._on_supports((fractions > 0)[first])
        step = max(1, CHUNK_ELEMENTS // fractions.shape[1])
        few = _split(step, fractions, brightness, cross, energy, group)
        return torch.cat([self._looked_up(tables, *pixels) for pixels in few])

    def _on_supports(self, support: Tensor) -> _Tables:
        here = support.to(self.gram.dtype)
        pairs = here[:, :, None] * here[:, None, :]
        whole = self.gram + self.pull
        inverse = torch.linalg.inv(whole * pairs + torch.diag_embed(1 - here + RIDGE)) * pairs
        absent = (1 - here)[:, None, :]
        entering = torch.diag_embed(1 - here) - inverse @ whole * absent
        stiffness = (entering * (whole @ entering)).sum(dim=1)
        refits = inverse[:, None] @ self.shifts  # (n_groups, n_samples, n, n)
        refits = torch.cat([refits, refits.sum(dim=2, keepdim=True)], dim=2)
        outside = inverse @ self.extrapolation if self.extrapolation.any() else None
        return _Tables(
            own=_single(inverse.diagonal(dim1=1, dim2=2)),
            with_sum=_single(inverse.sum(dim=2)),
            of_sum=_single(inverse.sum(dim=(1, 2)))[:, None],
            stiffness=_single(stiffness.clamp(min=RIDGE)),  # errors are squared
            entering=_moments(entering),
            outside=None if outside is None else _moments(outside),
            refits=_single(refits.flatten(1, 2)),
        )

    def _looked_up(
        self,
        tables: _Tables,
        fractions: Tensor,
        brightness: Tensor,
        cross: Tensor,
        energy: Tensor,
        group: Tensor,
    ) -> Tensor:
        a = fractions.nan_to_num()
        total = brightness.nan_to_num().clamp(min=DARKEST)[:, None]
        codes, cross = a * total, cross / (self.scale * self.size)
        slope = codes @ self.gram - cross
        rest = (energy / self.size + torch.linalg.vecdot(codes, slope - cross)).clamp(min=0)
        level = self.residuals.level / self.size
        squared_noise = ((rest + level) / (2 * self.residuals.n_dimensions))[:, None]
        slope -= torch.linalg.vecdot(slope, a)[:, None]  # the pull of the sum, the same for all
        squared_noise = (squared_noise / total.square()).clamp(max=UNKNOWN)
        slope, squared_noise = (slope / total).float(), squared_noise.float()
        deviation = self._from_brightness_one(a.float(), slope, squared_noise, group, tables)
        return torch.where(fractions.isnan(), math.nan, deviation.to(a))

    def _from_brightness_one(
        self, a: Tensor, slope: Tensor, squared_noise: Tensor, group: Tensor, tables: _Tables
    ) -> Tensor:
        """Of pixels of brightness one.

        All differences of large numbers have been taken: float32 is enough, and twice as fast.
        """
        own, with_sum, of_sum, stiffness = (table.index_select(0, group) for table in tables[:4])
        second_moment = _moment_of_absent(a, slope, squared_noise, stiffness)
        of_noise = (own - 2 * a * with_sum + a.square() * of_sum).clamp(min=0)
        variance = squared_noise * of_noise
        variance += _variance_of_moved(a, tables.entering, second_moment, group)
        if tables.outside is not None:  # endmembers are extrapolated independently
            variance += _variance_of_moved(a, tables.outside, a.square(), group)
        if len(self.shifts):
            variance += _variance_of_refits(a, tables.refits, group)
        variance += self._variance_of_materials(a)
        return _within_unit_interval(a, variance).sqrt()

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


def _moments(moved: Tensor) -> Tensor:
    """The table for `_variance_of_moved` (n_groups, 2 n + 1, n).

    The columns of `moved` (n_groups, n, n) are the changes of all codes x by a unit of each cause.
    """
    total = moved.sum(dim=1, keepdim=True)
    return _single(torch.cat([moved.square(), moved * total, total.square()], dim=1))


def _variance_of_moved(a: Tensor, table: Tensor, variances: Tensor, group: Tensor) -> Tensor:
    """Variances of ``x / sum(x)`` times the squared sum, from independent causes of known variance.

    Fractions change by ``moved_jk - a_j sum_i moved_ik``, the square of which is multiplied out, so
    that groups need no array of n x n for each pixel.
    """
    n = a.shape[1]
    squares, crossed, totals = times_of_group(table, group, variances).split([n, n, 1], dim=1)
    return (squares - 2 * a * crossed + a.square() * totals).clamp(min=0)


def _variance_of_refits(a: Tensor, table: Tensor, group: Tensor) -> Tensor:
    """What refits of the endmembers do to the fractions.

    From the mean absolute change, since few refits are at hand and one may have gone astray.
    """
    n, change = a.shape[1], torch.zeros_like(a)
    refits = times_of_group(table, group, a).split(n + 1, dim=1)
    for moved in refits:
        change += (moved[:, :n] - a * moved[:, n:]).abs_()
    return (change / len(refits)).square_() * GAUSSIAN_RATIO


def _single(table: Tensor) -> Tensor:
    """In float32, whose range the square of what is clamped here does not leave."""
    return table.clamp(-LARGEST, LARGEST).float()


def _second_moment_beyond(z: Tensor) -> Tensor:
    """Second moment around z >= 0 of a standard Gaussian beyond z: 1 at zero, 2 / z^2 far out.

    It is ``z^2 + 1 - z h`` with the hazard h, of which nothing would be left in float32.
    """
    t = 1 / (1 + z / TAIL_SCALE)
    moment = torch.full_like(t, TAIL[-1])
    for coefficient in reversed(TAIL[:-1]):
        moment.mul_(t).add_(coefficient)
    return moment.mul_(t).mul_(t)


def _within_unit_interval(centre: Tensor, variance: Tensor) -> Tensor:
    """Second moment around the centre in [0, 1] of a Gaussian that is cut to [0, 1]."""
    width = (2 * variance.clamp(1e-30, 100.0)).sqrt()
    low, high = centre / width, (1 - centre) / width  # how far the ends are
    mass = torch.erf(low) + torch.erf(high)
    edge = (low * _bell(low) + high * _bell(high)) / mass
    cut = variance.clamp(max=100.0) * (1 - 2 / math.sqrt(math.pi) * edge).clamp(min=0)
    return cut.clamp(min=0)


def _bell(x: Tensor) -> Tensor:
    """``exp(-x^2)``, but never so small that the processor takes a long way round."""
    return x.square().clamp(max=80.0).neg_().exp_()
