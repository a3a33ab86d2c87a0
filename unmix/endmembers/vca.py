"""Vertex component analysis: the pixels at the corners of the data."""

import torch
from torch import Tensor

from unmix.endmembers.signal import check_extraction, seeded, steady_projection


def vca(
    spectra: Tensor, n_endmembers: int, random_state: int | torch.Generator | None = None
) -> Tensor:
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
    random_state : int or torch.Generator, optional
        Seed of the random directions; None is 0. A generator must be on the CPU.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, or a value is not finite.

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
    check_extraction(spectra, n_endmembers)
    projection = steady_projection(spectra, n_endmembers)
    return pick_extremes(projection.points, n_endmembers, seeded(random_state))


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
