"""The flat map on which unit spectra of mixtures fill a simplex, and the noise on it.

Mixtures of n materials lie in an n-dimensional cone. Where that cone cuts the plane that fits the
unit spectra best, they fill a simplex whose corners are the materials, whatever the illumination:
a perspective projection. Its n - 1 principal directions are the map's coordinates. In even light
the spectra themselves fill a simplex, and no projection is needed; its corners are as bright as
the materials, and its noise is the same everywhere.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.abundances import nnls
from unmix.endmembers.signal import leading_directions
from unmix.endmembers.white_noise import noise_edges

NOISE_ROUNDS = 3
"""Rounds of whitening the bands and looking again at what the subspace leaves."""
NOISE_RANGE = (0.1, 10.0)
"""Noise of a band relative to the median band is kept within these limits."""
LEAST_SPARE = 0.05
"""Share of a band that the subspace is taken to leave free at the least."""

SPARE_BANDS = 2
"""Bands beyond the number of endmembers that it takes to see the noise."""
EVEN = 1.5
"""Light is even if the first direction beyond the simplex is no stronger than this, in units of
what white noise shows."""
SHALLOW = 0.1
"""Least depth of a pixel on the map, relative to the median: closer to black all is noise."""
FINEST = 1e-3
"""Least noise, relative to the spread of the points: nothing measured is finer."""


@dataclass(frozen=True)
class Chart:
    """Spectra as points on the flat map of an n-dimensional cone; float64, on the CPU."""

    points: Tensor
    """(n_pixels, n - 1), float64."""
    sd: Tensor
    """(n_pixels,) Standard deviation of each point's noise, mean over the map's directions."""
    structure: float
    """Strongest direction of what the subspace leaves, over what white noise would have there: 1
    for white noise, tens where the spectra of a material vary."""
    noise: Tensor
    """(n_bands,) Noise of each band relative to the median band."""
    normal: Tensor | None
    """(n_bands,) Of the plane, in whitened bands; None where light is even."""
    centre: Tensor
    """(n_bands,) Mean of the (projected) spectra, in whitened bands."""
    axes: Tensor
    """(n_bands, n - 1) Directions of the coordinates, in whitened bands."""

    @classmethod
    def of(cls, spectra: Tensor, n: int) -> Self:
        """Chart of spectra (n_pixels, n_bands) that mix ``n`` materials; ``n_bands > n``.

        Pixels that are all but black are left out: seen in perspective, they are noise.
        """
        noise = band_noise(spectra, n)
        white = spectra.double() / noise
        basis = leading_directions(white / white.norm(dim=1, keepdim=True), n)
        length = white.norm(dim=1, keepdim=True)
        inside = (white / length) @ basis
        normal = basis @ all_ones(inside)
        depth = white @ normal
        seen = depth > SHALLOW * depth.median()
        white, depth = white[seen], depth[seen]
        flat = _Flat.of(white / depth[:, None], n, white.shape[1] - n)
        sd = (_level(flat.left, depth) * flat.structure).sqrt()
        sd = sd * _stretch((white @ basis) / depth[:, None], normal)
        sd = sd.clamp(min=FINEST * float(flat.points.std()))
        return cls(flat.points, sd, flat.structure, noise, normal, flat.centre, flat.axes)

    @classmethod
    def in_even_light(cls, spectra: Tensor, n: int) -> Self | None:
        """Chart of the spectra as they are; None where light varies.

        In even light n materials span n - 1 dimensions around the mean: beyond, noise is all.
        """
        noise = band_noise(spectra, n)
        flat = _Flat.of(spectra.double() / noise, n, spectra.shape[1] - n + 1)
        if flat.structure > EVEN:
            return None
        level = flat.left.mean().sqrt().clamp(min=FINEST * float(flat.points.std()))
        sd = level.expand(len(spectra))
        return cls(flat.points, sd, flat.structure, noise, None, flat.centre, flat.axes)

    def shows(self, spectra: Tensor) -> bool:
        """Whether all of some spectra (n, n_bands) lie on the map: in front of the eye."""
        if self.normal is None:
            return True
        return bool(((spectra.double() / self.noise) @ self.normal > 0).all())

    def into(self, spectra: Tensor) -> Tensor:
        """Points (n, n - 1) of spectra (n, n_bands)."""
        white = spectra.double() / self.noise
        if self.normal is not None:
            white = white / (white @ self.normal)[:, None]
        return (white - self.centre) @ self.axes

    def in_signal(self, spectra: Tensor) -> Tensor:
        """Coordinates (n, n) of spectra (n, n_bands) in the span of the map and its centre.

        Linear: black is the origin. Distances are those of whitened bands.
        """
        across = self.centre - self.axes @ (self.axes.T @ self.centre)
        basis = torch.cat([self.axes, normalize(across, dim=0)[:, None]], dim=1)
        return (spectra.double() / self.noise) @ basis

    def back(self, points: Tensor) -> Tensor:
        """Spectra (n, n_bands) of points (n, n - 1); in even light as bright as they are."""
        return ((points @ self.axes.T + self.centre) * self.noise).clamp(min=0)


@dataclass(frozen=True)
class _Flat:
    """Spectra that fill a simplex, in their n - 1 principal directions."""

    points: Tensor
    left: Tensor
    """(n_pixels,) Energy outside, per dimension that is left."""
    structure: float
    """Strongest direction of what is left, relative to what white noise would show; at least 1."""
    centre: Tensor
    axes: Tensor

    @classmethod
    def of(cls, spectra: Tensor, n: int, n_spare: int) -> Self:
        """Of spectra (n_pixels, n_bands) whose noise has ``n_spare`` dimensions beyond n - 1."""
        centre = spectra.mean(dim=0)
        flat = spectra - centre
        variances, directions = torch.linalg.eigh(flat.T @ flat / len(flat))
        axes = directions[:, -(n - 1) :]
        points = flat @ axes
        left = (flat.square().sum(dim=1) - points.square().sum(dim=1)).clamp(min=0) / n_spare
        edge = noise_edges(n_spare / len(flat))[1]
        rest = variances[: 1 - n]
        structure = rest[-1] * n_spare / (edge * rest.sum()).clamp(min=1e-300)
        return cls(points, left, max(float(structure), 1.0), centre, axes)


def band_noise(spectra: Tensor, n: int) -> Tensor:
    """Noise of each band relative to the median band (n_bands,), float64.

    What the n-dimensional subspace of the unit spectra leaves of a band, divided by the share of
    the band that lies outside the subspace (one minus its leverage): with few bands the subspace
    takes much of the noise with it.
    """
    spectra = spectra.double()
    noise = torch.ones(spectra.shape[1], dtype=spectra.dtype, device=spectra.device)
    for _ in range(NOISE_ROUNDS):
        unit = normalize(spectra / noise, dim=1)
        basis = leading_directions(unit, n)
        left = (unit - unit @ basis @ basis.T).square().mean(dim=0)
        spare = (1 - basis.square().sum(dim=1)).clamp(min=LEAST_SPARE)
        noise = noise * (left / spare).sqrt()
        noise = (noise / noise.median().clamp(min=1e-300)).clamp(*NOISE_RANGE)
    return noise


def all_ones(rows: Tensor) -> Tensor:
    """Least-squares ``x`` of ``rows @ x = 1``, for ``rows`` (n_rows, n) of many rows.

    By the normal equations: LAPACK's solvers depend in the last bit on where memory lies.
    """
    return torch.linalg.pinv(rows.T @ rows, hermitian=True) @ rows.sum(dim=0)


def _stretch(on_plane: Tensor, normal: Tensor) -> Tensor:
    """How much farther noise moves points (n_pixels, n) in the map than across it.

    Noise in a pixel's depth moves its point towards the foot of the plane, or away from it, the
    farther the point is from there. Mean over the directions of the map.
    """
    away = on_plane.square().sum(dim=1) * normal.square().sum() - 1
    return (1 + away.clamp(min=0) / (on_plane.shape[1] - 1)).sqrt()


def _level(left: Tensor, depth: Tensor) -> Tensor:
    """Noise energy to be expected of each pixel: ``a + b / depth^2``, fitted to what is left.

    Noise of the sensor weighs more the darker the pixel, what materials vary by does not.
    """
    design = torch.stack([torch.ones_like(depth), depth.square().reciprocal()])
    size = design.mean(dim=1, keepdim=True)
    scale = left.mean().clamp(min=1e-300)
    weights = nnls((left / scale)[None], design / size)[0] * scale
    return (weights @ (design / size)).clamp(min=1e-300)
