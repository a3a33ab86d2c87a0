"""Few spectra in few coordinates that stand for a whole scene.

Learning works on unit spectra (so that illumination does not matter), in the coordinates that
hold the signal and the odd spectra, on about a thousand means of similar pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.autoencoder.darkness import expected_residual
from unmix.autoencoder.settings import FitSettings

SPANNED = 1e-3
"""Radians that a spectrum may lie off the span of the coordinates."""
PRECISION_ROUNDS = 2
"""Rounds of looking at the noise of dark pixels, and at the subspace without it."""


@dataclass(frozen=True)
class Pixels:
    """The spectra that take part in learning."""

    unit: Tensor
    """(n_pixels, n_bands) Spectra of length one."""
    length: Tensor
    """(n_pixels,) Their lengths before."""
    basis: Tensor
    """(n_bands, n_coordinates) Orthonormal columns that span the signal."""
    coordinates: Tensor
    """(n_pixels, n_coordinates) The unit spectra in that basis, of length one again."""
    precision: Tensor
    """(n_pixels,) Inverse variance of a unit spectrum's noise, relative to the median pixel; 1 at
    the most: what is darker is noisier, what is brighter still varies."""

    @property
    def brightness(self) -> Tensor:
        """(n_pixels,) Length relative to the median pixel."""
        return self.length / self.length.median()


@dataclass(frozen=True)
class Coreset:
    """Weighted means of similar pixels, and what they tell about the scene."""

    points: Tensor
    """(n_points, n_coordinates) Unit means."""
    weights: Tensor
    """(n_points,) How much each counts; they sum to one."""
    one_direction_residual: float
    """Mean distance of the points from the best single spectrum."""
    noise: float
    """Mean distance of the points from the best n-dimensional subspace."""

    @property
    def contrast(self) -> float:
        """How far the spectra differ beyond the noise: the length scale of the unmixing."""
        return max(self.one_direction_residual - self.noise, 1e-9)


def project(
    spectra: Tensor, n_endmembers: int, n_extra: int, known: Tensor | None = None
) -> Pixels:
    """Unit spectra in the coordinates of their signal.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Finite and not black (see `unmix.endmembers.signal.bright_pixels`).
    n_endmembers : int
    n_extra : int
        Principal directions beyond the number of endmembers.
    known : Tensor of shape (n_known, n_bands), optional
        Spectra that the coordinates hold, too.

    Returns
    -------
    Pixels
    """
    length = spectra.norm(dim=1)
    unit = spectra / length[:, None]
    precision = _precision(unit, length / length.median(), n_endmembers)
    basis = _signal_basis(unit, precision, n_endmembers, n_extra)
    basis = basis if known is None else _spanning(basis, known)
    return Pixels(unit, length, basis, normalize(unit @ basis, dim=1), precision)


def summarise(
    pixels: Pixels, n_endmembers: int, settings: FitSettings, generator: torch.Generator
) -> Coreset:
    """Group the pixels around k-means++ seeds and take each group's mean.

    Noisy pixels are seldom seeds and weigh little in the means.

    Parameters
    ----------
    pixels : Pixels
    n_endmembers : int
    settings : FitSettings
    generator : torch.Generator
        On the CPU, whatever the device of the pixels.

    Returns
    -------
    Coreset

    References
    ----------
    Arthur and Vassilvitskii (2007), "k-means++: the advantages of careful seeding", SODA.
    """
    coordinates = pixels.coordinates.double().cpu()  # sums in one order on every device
    precision = pixels.precision.double().cpu()
    group = _nearest_seed(coordinates, precision, settings.n_points, generator)
    count = torch.bincount(group).double()
    sums = torch.zeros(len(count), coordinates.shape[1], dtype=torch.float64)
    sums.index_add_(0, group, precision[:, None] * coordinates)
    brightness = torch.bincount(group, weights=pixels.length.double().cpu()) / count
    weights = count * brightness**settings.brightness_power
    weights = weights / weights.sum()
    points = normalize(sums, dim=1)
    one, noise = (_subspace_residual(points, weights, k) for k in (1, n_endmembers))
    device = pixels.coordinates.device
    return Coreset(points.float().to(device), weights.float().to(device), one, noise)


def flattening(coreset: Coreset, length: float) -> Tensor:
    """Matrix that shrinks the mean direction to ``length`` contrasts (n_coordinates squared).

    Spectra of one scene share most of their shape, so that codes on them are badly conditioned.
    Shrinking the shared direction is linear: it moves no spectrum across the cone of others.
    """
    mean = normalize(coreset.weights.double() @ coreset.points.double(), dim=0)
    shrink = min(1.0, length * coreset.one_direction_residual)
    eye = torch.eye(len(mean), dtype=torch.float64, device=mean.device)
    return (eye + (shrink - 1) * torch.outer(mean, mean)).float()


def _precision(unit: Tensor, brightness: Tensor, n_endmembers: int) -> Tensor:
    """Inverse variance of the noise of unit spectra, from what their subspace leaves of them."""
    precision = torch.ones_like(brightness)
    for _ in range(PRECISION_ROUNDS):
        basis = _principal_directions(unit, precision, n_endmembers)
        residual = (1 - (unit @ basis).square().sum(dim=1)).clamp(min=0).sqrt()
        expected = expected_residual(residual, brightness)(brightness)
        if not expected.min() > 0:
            break
        precision = (expected.median() / expected).square().clamp(max=1)
    return precision


def _principal_directions(unit: Tensor, precision: Tensor, n_directions: int) -> Tensor:
    """Leading directions (n_bands, n_directions) of the unit spectra, weighted."""
    wide = unit.double() * precision[:, None].double().sqrt()
    directions = torch.linalg.eigh(wide.T @ wide).eigenvectors.flip(1)
    return directions[:, :n_directions].float()


def _signal_basis(unit: Tensor, precision: Tensor, n_endmembers: int, n_extra: int) -> Tensor:
    """Principal directions, then directions of the pixels farthest from all chosen so far.

    The second kind keeps the spectra of rare materials inside, which carry no variance. Far is
    meant in units of the pixel's noise, or the darkest pixels would always be farthest.
    """
    basis = _principal_directions(unit, precision, n_endmembers + n_extra)
    residual = unit - (unit @ basis) @ basis.T
    for _ in range(min(n_endmembers, unit.shape[1] - basis.shape[1])):
        farthest = residual[(precision * residual.square().sum(dim=1)).argmax()]
        if farthest.norm() < 1e-6:
            break
        fresh = normalize(farthest, dim=0)
        basis = torch.cat([basis, fresh[:, None]], dim=1)
        residual = residual - torch.outer(residual @ fresh, fresh)
    return basis


def _spanning(basis: Tensor, known: Tensor) -> Tensor:
    """The basis with what it takes to span some more spectra."""
    for spectrum in normalize(known, dim=1):
        outside = spectrum - basis @ (basis.T @ spectrum)
        if outside.norm() > SPANNED and basis.shape[1] < len(basis):
            basis = torch.cat([basis, normalize(outside, dim=0)[:, None]], dim=1)
    return basis


def _nearest_seed(
    points: Tensor, precision: Tensor, n_seeds: int, generator: torch.Generator
) -> Tensor:
    """Group of every point: the k-means++ seed nearest to it, numbered from 0 without gaps.

    A point becomes a seed with a chance that grows with its squared distance in units of noise.
    """
    squared = points.square().sum(dim=1)
    n_points = len(points)
    chances = torch.rand(min(n_seeds, n_points), generator=generator, dtype=torch.float64)
    chances = chances.to(points.device)
    distance = torch.full_like(squared, torch.inf)
    group = torch.zeros(n_points, dtype=torch.int64, device=points.device)
    seed = (chances[0] * n_points).long()
    for k in range(len(chances)):
        fresh = (squared + squared[seed] - 2 * (points @ points[seed])).clamp(min=0)
        nearer = fresh < distance
        group = torch.where(nearer, k, group)
        distance = torch.where(nearer, fresh, distance)
        distance[seed] = 0
        reach = (precision * distance).cumsum(dim=0)
        if k + 1 < len(chances):
            seed = torch.searchsorted(reach, chances[k + 1] * reach[-1]).clamp(max=n_points - 1)
    return group.unique(return_inverse=True)[1]


def _subspace_residual(points: Tensor, weights: Tensor, rank: int) -> float:
    """Weighted mean distance of the points from their best linear subspace."""
    directions = torch.linalg.svd(points * weights.sqrt()[:, None], full_matrices=False).Vh[:rank]
    residual = points - (points @ directions.T) @ directions
    return float(residual.norm(dim=1) @ weights)
