"""PPI: the pixels that are extreme in many random directions."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.endmembers.greedy import ROWS_AT_ONCE, Parts, Picks, pick_greedily
from unmix.endmembers.signal import check_extraction, seeded
from unmix.endmembers.sivm import sivm_score
from unmix.errors import UnmixError, counted

N_SKEWERS = 5000
"""Random directions, as many as users of the program usually begin with."""
SKEWERS_AT_ONCE = 512


class Purity(NamedTuple):
    """Pixels that are extreme along at least one of the directions."""

    picks: Picks
    """In ascending order."""
    counts: Tensor
    """(n_found,) int64: how often each is the first or the last along a direction."""
    points: Tensor
    """(n_found, n_dimensions) Their principal components about the mean, float64."""


def ppi(
    spectra: Tensor,
    n_endmembers: int,
    random_state: int | torch.Generator | None = None,
    *,
    n_skewers: int = N_SKEWERS,
) -> Tensor:
    """Corners among the pixels that are extreme most often.

    Pixels are laid on random lines ("skewers") in their ``n_endmembers - 1`` principal components
    about the mean, and those at the ends are counted. The count is the pixel purity index. Choosing
    materials among pure pixels is done by eye in the original; here the purest pixel is the first,
    and of those counted at least as often as the average the next is always the one farthest from
    the flat through the chosen.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance under even illumination.
    n_endmembers : int
        From 2 to the number of bands.
    random_state : int or torch.Generator, optional
        Seed of the directions; None is 0. A generator must be on the CPU.
    n_skewers : int
        How many directions.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels, in the order of choice.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, a value is not finite, or fewer pixels
        than endmembers are extreme.

    References
    ----------
    Boardman, Kruse and Green (1995), "Mapping target signatures via partial unmixing of AVIRIS
    data", Summaries of the Fifth JPL Airborne Earth Science Workshop, JPL Publication 95-1.

    Examples
    --------
    >>> corners = torch.tensor([[0.9, 0.1], [0.1, 0.8]])
    >>> mixed = torch.tensor([[0.5, 0.45], [0.3, 0.6]])
    >>> ppi(torch.cat([mixed, corners]), 2).sort().values
    tensor([2, 3])
    """
    check_extraction(spectra, n_endmembers)
    return pick_purest(lambda: [spectra], n_endmembers, random_state, n_skewers).indices


def pick_purest(
    parts: Parts,
    n_endmembers: int,
    random_state: int | torch.Generator | None = None,
    n_skewers: int = N_SKEWERS,
) -> Picks:
    """The same of pixels that come part by part, which are gone through twice.

    Parameters
    ----------
    parts : callable
        All pixels, finite.
    n_endmembers, random_state, n_skewers
        See `ppi`.

    Raises
    ------
    UnmixError
        If fewer pixels than endmembers are extreme, or there is no direction to look along.
    """
    found = pixel_purity(parts, n_endmembers - 1, random_state, n_skewers)
    counts = found.counts.double()
    pure = torch.nonzero(counts >= counts.mean()).ravel()
    if len(pure) < n_endmembers:
        pure = torch.arange(len(counts))

    if len(pure) < n_endmembers:
        raise UnmixError(
            f"extreme along {n_skewers} directions: only {counted(len(pure), 'pixel')}, but "
            f"{n_endmembers} endmembers are asked for. Take more directions, or ask for fewer."
        )
    points, often = found.points[pure], counts[pure] / counts.max()
    size = points.square().sum(dim=1).max()

    def score(points: Tensor, chosen: Tensor) -> Tensor:
        return sivm_score(points, chosen) if len(chosen) else often * size

    corners = pure[pick_greedily(lambda: [points], n_endmembers, score).indices]
    return Picks(found.picks.indices[corners], found.picks.spectra[corners])


def pixel_purity(
    parts: Parts,
    n_dimensions: int,
    random_state: int | torch.Generator | None = None,
    n_skewers: int = N_SKEWERS,
) -> Purity:
    """Count how often pixels are extreme along random directions.

    Parameters
    ----------
    parts : callable
        All pixels, finite.
    n_dimensions : int
        Of the principal components about the mean that are looked at.
    random_state : int or torch.Generator, optional
    n_skewers : int

    Returns
    -------
    Purity

    Raises
    ------
    UnmixError
        If there is no direction to look along.
    """
    if n_skewers < 1:
        raise UnmixError(f"`n_skewers` must be at least 1. Got {n_skewers}.")
    mean, directions = _principal_directions(parts, n_dimensions)
    drawn = torch.randn(n_skewers, n_dimensions, generator=seeded(random_state)).double()
    indices, spectra = _extremes(
        parts, lambda rows: (rows.double() - mean) @ directions, drawn.to(mean).T
    )
    found, first, counts = _counted(indices)
    kept = spectra[first]
    return Purity(Picks(found, kept), counts, (kept.double() - mean) @ directions)


def _principal_directions(parts: Parts, n: int) -> tuple[Tensor, Tensor]:
    """Mean (n_bands,) of all pixels, and principal directions about it as columns (n_bands, n)."""
    n_pixels, total, products = 0, torch.zeros(()), torch.zeros(())
    for part in parts():
        for rows in part.split(ROWS_AT_ONCE):
            wide = rows.double()
            n_pixels += len(rows)
            total, products = total + wide.sum(dim=0), products + wide.T @ wide
    if n_pixels == 0:
        raise UnmixError("there is no pixel to extract endmembers from.")
    mean = total / n_pixels
    scatter = products - n_pixels * torch.outer(mean, mean)
    return mean, torch.linalg.eigh(scatter).eigenvectors[:, -n:]


def _extremes(
    parts: Parts, points_of: Callable[[Tensor], Tensor], skewers: Tensor
) -> tuple[Tensor, Tensor]:
    """Numbers and spectra of the pixels at the ends of every skewer (n_dimensions, n_skewers)."""
    n_skewers = skewers.shape[1]
    columns = torch.arange(n_skewers, device=skewers.device)
    highest = skewers.new_full((2 * n_skewers,), -torch.inf)
    indices = torch.full_like(highest, -1, dtype=torch.int64)
    spectra = skewers.new_zeros(2 * n_skewers, 0)
    n_before = 0
    for part in parts():
        for rows in part.split(ROWS_AT_ONCE) if len(part) else ():
            if n_before == 0:
                spectra = rows.new_zeros(2 * n_skewers, rows.shape[1])
            points = points_of(rows)
            for some in columns.split(SKEWERS_AT_ONCE):
                along = skewers[:, some].T @ points.T  # (n_some, n_rows)
                (high, top), (low, bottom) = along.max(dim=1), along.min(dim=1)
                for ends, reach, places in ((some, high, top), (some + n_skewers, -low, bottom)):
                    better = reach > highest[ends]
                    changed = ends[better]
                    highest[changed] = reach[better]
                    indices[changed] = n_before + places[better]
                    spectra[changed] = rows[places[better]]
            n_before += len(rows)
    return indices, spectra


def _counted(indices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers that occur, ascending; where each occurs first; how often."""
    found, counts = indices.unique(return_counts=True)
    first = torch.stack([(indices == number).nonzero()[0, 0] for number in found])
    return found, first, counts
