"""Vertex component analysis: the pixels at the corners of the data."""

import math

import torch
from torch import Tensor

from unmix.errors import UnmixError


def vca(spectra: Tensor, n_endmembers: int, random_state: int | None = None) -> Tensor:
    """Pixels that are extreme in random directions, each orthogonal to those found before.

    Above the switching signal-to-noise ratio, ``15 + 10 log10(n_endmembers)`` dB, pixels are
    projected on the signal subspace and on the plane ``u . y = 1``; below it, on the principal
    components about the mean.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit.
    n_endmembers : int
        From 2 to the number of bands.
    random_state : int, optional
        Seed of the random directions.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers.

    References
    ----------
    Nascimento and Bioucas-Dias (2005), doi:10.1109/TGRS.2005.844293 (bands x pixels there).

    Examples
    --------
    >>> corners = torch.eye(3)
    >>> mixed = torch.full((1, 3), 1 / 3)
    >>> vca(torch.cat([mixed, corners]), 3, random_state=0).sort().values
    tensor([1, 2, 3])
    """
    n_pixels, n_bands = spectra.shape
    if not 2 <= n_endmembers <= min(n_pixels, n_bands):
        raise UnmixError(
            f"`n_endmembers` must be from 2 to {min(n_pixels, n_bands)} for {n_pixels} pixels "
            f"of {n_bands} bands. Got {n_endmembers}."
        )
    generator = torch.Generator().manual_seed(0 if random_state is None else random_state)
    y = spectra.double()
    if _snr_db(y, n_endmembers) > 15 + 10 * math.log10(n_endmembers):
        x = y @ _leading_directions(y, n_endmembers)
        chart = x / (x @ x.mean(dim=0)).abs().clamp(min=1e-12)[:, None]
    else:
        centred = y - y.mean(dim=0)
        x = centred @ _leading_directions(centred, n_endmembers - 1)
        chart = torch.cat([x, x.norm(dim=1).max().expand(len(x), 1)], dim=1)
    return pick_extremes(chart, n_endmembers, generator)


def pick_extremes(points: Tensor, n_picks: int, generator: torch.Generator) -> Tensor:
    """Points that are extreme in random directions orthogonal to the points picked before.

    Parameters
    ----------
    points : Tensor of shape (n_points, n_dimensions)
        With ``n_picks <= n_dimensions``; the last coordinate is not looked along first.
    n_picks : int
    generator : torch.Generator
        On the CPU, whatever the device of the points.

    Returns
    -------
    Tensor of shape (n_picks,), int64
    """
    basis = points.new_zeros(points.shape[1], 0)
    picks = []
    for k in range(n_picks):
        direction = torch.randn(points.shape[1], generator=generator).to(points)
        if k == 0:
            direction[-1] = 0
        direction -= basis @ (basis.T @ direction)
        pick = (points @ direction).abs().argmax()
        picks.append(pick)
        fresh = points[pick] - basis @ (basis.T @ points[pick])
        basis = torch.cat([basis, (fresh / fresh.norm().clamp(min=1e-12))[:, None]], dim=1)
    return torch.stack(picks)


def _leading_directions(y: Tensor, n: int) -> Tensor:
    """The n directions that hold most of the energy, as columns."""
    return torch.linalg.eigh(y.T @ y).eigenvectors[:, -n:]


def _snr_db(y: Tensor, n: int) -> float:
    """Signal-to-noise ratio in dB, taking what n directions about the mean hold as signal."""
    centred = y - y.mean(dim=0)
    kept = (centred @ _leading_directions(centred, n)).square().sum() + len(y) * y.mean(
        dim=0
    ).square().sum()
    total, n_bands = y.square().sum(), y.shape[1]
    noise = (total - kept).clamp(min=1e-30)
    return float(10 * torch.log10((kept - n / n_bands * total).clamp(min=1e-30) / noise))
