"""Endmembers outside the data's hull: the smallest simplex around the pixels, in noise units.

Where no pixel is pure, no mean of pixels is an endmember. The relaxed decoder lets the corners of
the simplex leave the hull and asks for a small volume instead. A pixel lies outside a facet by
``-t`` standard deviations of its noise; what that costs decides where the facet comes to lie, so
each facet's weight is moved until as many pixels lie outside as the noise carries there.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from unmix.abundances import nnls
from unmix.autoencoder.chart import Chart

REACH = 3.0
"""Standard deviations outside a facet beyond which the cost grows with distance, not its square."""
WEIGHT, LEAST, MOST = 3.0, 0.3, 30.0
"""Cost of a pixel outside a facet, per dimension: at the start, and its limits."""
OUTSIDE, OUTSIDE_EVEN = 0.05, 0.1
"""Pixels more than one standard deviation outside a facet for every other one that is outside, or
inside by less than one: evenly spread pixels have .08, pixels on the facet itself .19. In
perspective, where noise grows towards the corners, and in even light."""
N_ROUNDS = 10
"""Rounds of moving the facets' weights."""
STEP, DAMPED = 3.0, 0.7
"""A weight moves by this factor at the most, and by this power of what its facet asks for."""
SETTLED = 0.25
"""Relative error (logarithmic) of the share outside at which a facet stays."""
RESOLVED = 0.25
"""A facet blurred by more than this share of the simplex is not resolved."""
N_LOOKED_AT = 4000
"""Pixels whose distance from the hull is measured, or up to twice as many."""
OUTLIER = 25.0
"""Noise variances per dimension that a single pixel counts at the most."""
CERTAIN = 2.0
"""Standard deviations above which a fraction is taken to be more than noise."""
FEW = 3.0
"""Pixels that the share outside counts as seen before any."""


@dataclass(frozen=True)
class _Facets:
    """The pixels seen from the facets of a simplex."""

    distance: Tensor
    """(n_pixels, n) How far inside each facet a pixel lies, in standard deviations of its noise."""
    blur: Tensor
    """(n,) Standard deviation of the fraction of each corner in the median pixel."""


def outside_hull(chart: Chart, corners: Tensor) -> float:
    """Mean squared distance of the points from a simplex, in noise variances per dimension.

    Around the right simplex only noise lies outside: a pixel within has none outside, one on a
    facet half of it in one dimension, and one on a corner of several the more of it the sharper
    the corner. How much that makes in all is found by adding noise to pixels laid on the simplex.
    More than 0.5, the extreme of blunt corners, is more than the noise explains.

    Parameters
    ----------
    chart : Chart
    corners : Tensor of shape (n, n - 1)

    Returns
    -------
    float
        Relative to what noise makes where that is more than 0.5, so that 0.5 is the limit of any
        simplex. Where the spectra of materials vary, the noise is taken to be stronger inside the
        subspace than the strongest direction outside it by the same factor that this one is above
        white noise.
    """
    every = max(1, len(chart.points) // N_LOOKED_AT)
    points, sd = chart.points[::every], chart.sd[::every]
    codes = _fractions(points, corners)
    found = _outside(points - codes @ corners, sd)
    generator = torch.Generator().manual_seed(0)
    laid = _laid_on(codes, corners, sd)
    noisy = laid + sd[:, None] * torch.randn(laid.shape, generator=generator, dtype=laid.dtype)
    expected = _outside(noisy - _fractions(noisy, corners) @ corners, sd)
    return found / chart.structure / max(1.0, 2 * expected)


def _fractions(points: Tensor, corners: Tensor) -> Tensor:
    """Barycentric coordinates (n_points, n) of the points of a simplex nearest to some points."""
    heavy = (1e2 * corners.abs().max()).reshape(1, 1)  # weight of the sum to one
    raised = torch.cat([points, heavy.expand(len(points), 1)], dim=1)
    return nnls(raised, torch.cat([corners, heavy.expand(len(corners), 1)], dim=1))


def _outside(away: Tensor, sd: Tensor) -> float:
    """Mean square of vectors in noise variances per dimension; single ones count only so much."""
    squared = away.square().sum(dim=1) / sd.square()
    return float((squared / away.shape[1]).clamp(max=OUTLIER).mean())


def _laid_on(codes: Tensor, corners: Tensor, sd: Tensor) -> Tensor:
    """Points of a simplex without the fractions that may be noise."""
    ones = torch.ones(len(corners), 1, dtype=corners.dtype)
    slope = torch.linalg.pinv(torch.cat([corners, ones], dim=1))[:-1].norm(dim=0)
    seen = torch.where(codes > CERTAIN * sd[:, None] * slope, codes, 0.0)
    nearest = torch.nn.functional.one_hot(codes.argmax(dim=1), len(corners)).to(codes)
    seen = torch.maximum(seen, 1e-9 * nearest)
    return seen / seen.sum(dim=1, keepdim=True) @ corners


def smallest_simplex(chart: Chart, corners: Tensor) -> Tensor | None:
    """Corners (n, n - 1) of the smallest simplex that holds the points up to their noise.

    Parameters
    ----------
    chart : Chart
    corners : Tensor of shape (n, n - 1)
        Where to start from.

    Returns
    -------
    Tensor or None
        None where the noise does not let even the first simplex found be seen, of which a direction
        would collapse; a later one that collapses ends the search.

    References
    ----------
    Craig (1994), doi:10.1109/36.297973, for the smallest simplex; Bioucas-Dias (2009),
    doi:10.1109/WHISPERS.2009.5289072, for letting pixels lie outside at a cost.
    """
    relaxed = _Relaxed(chart)
    n = len(corners)
    weights = torch.full((n,), WEIGHT * (n - 1), dtype=torch.float64)
    wanted = OUTSIDE_EVEN if chart.normal is None else OUTSIDE
    found: Tensor | None = None
    corners = corners / relaxed.scale
    for _ in range(N_ROUNDS + 1):
        corners = relaxed.descend(corners, weights)
        facets = relaxed.facets(corners)
        if not float(facets.blur.max()) < RESOLVED:
            break
        found = corners * relaxed.scale
        near = (facets.distance < 1).sum(dim=0) + FEW
        share = ((facets.distance < -1).sum(dim=0) + FEW * wanted) / near / wanted
        if float(share.log().abs().max()) < SETTLED:
            break
        weights = weights * share.clamp(1 / STEP, STEP) ** DAMPED
        weights = weights.clamp(LEAST * (n - 1), MOST * (n - 1))
    return found


class _Relaxed:
    """The objective of the relaxed decoder, on coordinates of unit variance."""

    def __init__(self, chart: Chart) -> None:
        self.scale = chart.points.std(dim=0)
        ones = torch.ones(len(chart.points), 1, dtype=torch.float64)
        self.points = torch.cat([chart.points / self.scale, ones], dim=1)
        self.sd = chart.sd
        self.blur = chart.sd.median().square() * torch.diag(self.scale**-2)
        """Covariance added to the simplex's, so that collapsing into the noise earns nothing."""

    def facets(self, corners: Tensor) -> _Facets:
        """The points seen from the facets of a simplex (n, n - 1)."""
        ones = torch.ones(len(corners), 1, dtype=torch.float64)
        heights = torch.linalg.inv_ex(torch.cat([corners, ones], dim=1))[0]
        slope = (heights[:-1] / self.scale[:, None]).norm(dim=0)
        distance = self.points @ heights / (self.sd[:, None] * slope)
        return _Facets(distance, slope * self.sd.median())

    def value(self, corners: Tensor, weights: Tensor) -> Tensor:
        """Log volume of the blurred simplex + weighted cost of what lies outside each facet."""
        n = len(corners)
        outside = (-self.facets(corners).distance).clamp(min=0)
        near = outside.clamp(max=REACH)
        cost = (near * (outside - near / 2)).mean(dim=0)  # Huber
        spread = corners - corners.mean(dim=0)
        covariance = spread.T @ spread / (n * (n + 1)) + self.blur
        return torch.logdet(covariance) / 2 + weights @ cost

    def descend(self, corners: Tensor, weights: Tensor) -> Tensor:
        """The simplex of a local minimum near ``corners``."""

        def value_and_gradient(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            trial = torch.from_numpy(flat.reshape(corners.shape)).requires_grad_()
            value = self.value(trial, weights)
            if not value.isfinite():
                return 1e10, np.zeros_like(flat)
            (gradient,) = torch.autograd.grad(value, trial)
            return value.item(), gradient.numpy().ravel()

        found = minimize(
            value_and_gradient,
            corners.numpy().ravel(),
            jac=True,
            method="BFGS",
            options={"maxiter": 300, "gtol": 1e-3},
        )
        return torch.from_numpy(found.x.reshape(corners.shape))
