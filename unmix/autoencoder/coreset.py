"""Few spectra in few coordinates that stand for a whole scene.

Learning works on unit spectra (so that illumination does not matter), in the coordinates that
hold the signal and the odd spectra, on about a thousand means of similar pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.autoencoder.settings import FitSettings


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

    @property
    def brightness(self) -> Tensor:
        """(n_pixels,) Length relative to the median pixel."""
        return self.length / self.length.median()

    def sample(self, n_pixels: int, generator: torch.Generator) -> Tensor:
        """At most ``n_pixels`` spectra as they were, in float64 on the CPU."""
        chosen = torch.randperm(len(self.unit), generator=generator)[:n_pixels].sort().values
        chosen = chosen.to(self.unit.device)
        return (self.unit[chosen] * self.length[chosen, None]).double().cpu()


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


def bright_pixels(spectra: Tensor) -> Tensor:
    """Which spectra (n_pixels, n_bands) have a shape to learn from: finite and not black.

    Examples
    --------
    >>> bright_pixels(torch.tensor([[0.2, 0.3], [0.0, 0.0], [float("nan"), 1.0]]))
    tensor([ True, False, False])
    """
    length = spectra.norm(dim=1)
    lit = length.isfinite() & (length > 0)
    if not lit.any():
        return lit
    return lit & (length > 1e-3 * length[lit].median())


def project(spectra: Tensor, n_endmembers: int, n_extra: int) -> Pixels:
    """Unit spectra in the coordinates of their signal.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Finite and not black (see `bright_pixels`).
    n_endmembers : int
    n_extra : int
        Principal directions beyond the number of endmembers.

    Returns
    -------
    Pixels
    """
    length = spectra.norm(dim=1)
    unit = spectra / length[:, None]
    basis = _signal_basis(unit, n_endmembers, n_extra)
    return Pixels(unit, length, basis, normalize(unit @ basis, dim=1))


def summarise(
    pixels: Pixels, n_endmembers: int, settings: FitSettings, generator: torch.Generator
) -> Coreset:
    """Group the pixels around k-means++ seeds and take each group's mean.

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
    group = _nearest_seed(coordinates, settings.n_points, generator)
    count = torch.bincount(group).double()
    sums = torch.zeros(len(count), coordinates.shape[1], dtype=torch.float64)
    sums.index_add_(0, group, coordinates)
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


def _signal_basis(unit: Tensor, n_endmembers: int, n_extra: int) -> Tensor:
    """Principal directions, then directions of the pixels farthest from all chosen so far.

    The second kind keeps the spectra of rare materials inside, which carry no variance.
    """
    wide = unit.double()
    directions = torch.linalg.eigh(wide.T @ wide).eigenvectors.flip(1)
    basis = directions[:, : n_endmembers + n_extra].float()
    residual = unit - (unit @ basis) @ basis.T
    for _ in range(min(n_endmembers, unit.shape[1] - basis.shape[1])):
        farthest = residual[residual.square().sum(dim=1).argmax()]
        if farthest.norm() < 1e-6:
            break
        fresh = normalize(farthest, dim=0)
        basis = torch.cat([basis, fresh[:, None]], dim=1)
        residual = residual - torch.outer(residual @ fresh, fresh)
    return basis


def _nearest_seed(points: Tensor, n_seeds: int, generator: torch.Generator) -> Tensor:
    """Group of every point: the k-means++ seed nearest to it, numbered from 0 without gaps."""
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
        reach = distance.cumsum(dim=0)
        if k + 1 < len(chances):
            seed = torch.searchsorted(reach, chances[k + 1] * reach[-1]).clamp(max=n_points - 1)
    return group.unique(return_inverse=True)[1]


def _subspace_residual(points: Tensor, weights: Tensor, rank: int) -> float:
    """Weighted mean distance of the points from their best linear subspace."""
    directions = torch.linalg.svd(points * weights.sqrt()[:, None], full_matrices=False).Vh[:rank]
    residual = points - (points @ directions.T) @ directions
    return float(residual.norm(dim=1) @ weights)
