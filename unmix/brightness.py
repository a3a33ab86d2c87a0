"""How far the brightness of a scene's pixels varies, learned from the pixels.

A pixel is ``y = s * sum_k f_k r_k + noise`` with fractions ``f`` on the simplex and a brightness
``s ~ N(1, spread^2)`` under white noise of a standard deviation per band. With ``x = s f >= 0`` the
most probable fractions minimise

    |y - x E|^2 / noise^2 + (sum(x) - 1)^2 / spread^2

which is FCLS for a spread of zero and NNLS for an infinite one (`unmix.quadratic`). Where light
is even, the sum to one is information; where it is not, forcing it ruins the fractions. So both
widths are estimated from the scene itself.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.products import Products
from unmix.quadratic import free_on_supports, solve_quadratic

SAMPLE = 3000
"""Pixels that the two widths are learned from; more would not move them by a percent or two."""

N_ROUNDS = 8
"""Most rounds between the supports of the pixels and the widths; in practice two to five."""
SETTLED = 0.01
"""Relative change of the spread at which the rounds end."""

N_STEPS = 60
"""Steps to the spread's maximum likelihood within a round."""
LEAST_SPREAD = 1e-6
"""A smaller spread is none."""
LEAST_NOISE = 1e-7
"""Noise relative to the pixels' root mean square: the resolution of float32."""


class BrightnessPrior(NamedTuple):
    """What is expected of a pixel's brightness before it is seen, and of its noise."""

    spread: float
    """Standard deviation of the brightness around 1, that of the endmembers."""
    noise: float
    """Standard deviation of the noise in each band, in the unit of the spectra."""

    @property
    def slack(self) -> float:
        """Variance of the brightness in units of the noise's; see `unmix.quadratic`.

        Examples
        --------
        >>> BrightnessPrior(spread=0.5, noise=0.25).slack
        4.0
        """
        if self.spread == 0:
            return 0.0
        return (self.spread / self.noise) ** 2 if self.noise > 0 else math.inf


ANY_BRIGHTNESS = BrightnessPrior(spread=1.0, noise=0.0)
"""Where nothing was learned: the pixel alone decides, which is NNLS."""


def learn_brightness(found: Products) -> BrightnessPrior:
    """Learn the spread of the brightness and the noise from pixels and their endmembers.

    Both have maximum likelihood given which endmembers are present in each pixel: on that support,
    with Gram matrix G, the least-squares sum ``s`` of a pixel has the variance ``noise^2 u`` with
    ``u = 1' G^-1 1``, so that ``s ~ N(1, spread^2 + noise^2 u)``. The supports are those of the
    most probable fractions under the prior learned so far, beginning with NNLS. Pixels far from
    brightness 1, in shadow for example, widen the spread and so lead towards NNLS, which is right
    in any light.

    Parameters
    ----------
    found : Products
        Of pixels and endmembers. A sample of the pixels is looked at, the same every time.

    Returns
    -------
    BrightnessPrior
        With the errors of the endmembers in it: what they fail to explain is noise, and what is
        wrong with their brightness is spread. `ANY_BRIGHTNESS` where they explain no pixel.

    Examples
    --------
    >>> from unmix.products import products
    >>> generator = torch.Generator().manual_seed(0)
    >>> fractions = torch.rand(2000, 2, generator=generator) ** 3
    >>> fractions /= fractions.sum(dim=1, keepdim=True)
    >>> light = 1 + 0.2 * torch.randn(2000, 1, generator=generator)
    >>> endmembers = torch.rand(2, 50, generator=generator)
    >>> noise = 0.01 * torch.randn(2000, 50, generator=generator)
    >>> prior = learn_brightness(products(light * fractions @ endmembers + noise, endmembers))
    >>> round(prior.spread, 1), round(prior.noise, 3)
    (0.2, 0.01)
    """
    gram, cross, energy = found.gram, *_sampled(found.cross, found.energy)
    floor = LEAST_NOISE**2 * float(energy.sum()) / max(1, energy.numel() * found.n_bands)
    prior = ANY_BRIGHTNESS
    support = solve_quadratic(gram, cross, math.inf) > 0
    for _ in range(N_ROUNDS):
        lit = support.any(dim=1)
        if not lit.any():
            break
        x, unit_variance = free_on_supports(gram, cross[lit], support[lit])
        rest = (energy[lit] - torch.linalg.vecdot(x, cross[lit])).clamp(min=0).sum()
        freedom = (found.n_bands - support[lit].sum(dim=1)).clamp(min=0).sum()
        noise = math.sqrt(max(float(rest / freedom.clamp(min=1)), floor))
        spread = _likeliest_spread(x.sum(dim=1), noise**2 * unit_variance, prior.spread)
        settled = abs(spread - prior.spread) <= SETTLED * prior.spread
        prior = BrightnessPrior(spread, noise)
        if settled:
            break
        support = solve_quadratic(gram, cross, prior.slack, support) > 0
    return prior


def _likeliest_spread(sums: Tensor, variances: Tensor, start: float) -> float:
    """Maximum likelihood of t for ``sums ~ N(1, t^2 + variances)``, by its fixed point.

    Setting the derivative to zero gives ``t^2 = t^2 * sum(w^2 (sums - 1)^2) / sum(w)`` with
    ``w = 1 / (t^2 + variances)``.
    """
    square = sums.new_tensor(max(start, LEAST_SPREAD) ** 2)
    for _ in range(N_STEPS):
        weights = 1 / (square + variances)
        found = (weights * (sums - 1)).square().sum() / weights.sum()
        square = (square * found).clamp(min=LEAST_SPREAD**2)
    return math.sqrt(float(square))


def _sampled(cross: Tensor, energy: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of at most `SAMPLE` pixels."""
    if len(cross) <= SAMPLE:
        return cross, energy
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(cross), generator=generator)[:SAMPLE].to(cross.device)
    return cross[chosen], energy[chosen]
