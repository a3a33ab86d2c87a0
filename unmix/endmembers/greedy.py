"""One pixel after the other: the largest of all in a score that depends on those chosen before."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.endmembers.signal import FLAT
from unmix.errors import UnmixError

ROWS_AT_ONCE = 2**14

Parts = Callable[[], Iterable[Tensor]]
"""Gives all pixels anew at each call, as tensors (n, n_bands) in an order that stays."""
Score = Callable[[Tensor, Tensor], Tensor]
"""From pixels (n, n_bands) and those chosen so far (k, n_bands), both float64, to (n,) squared
lengths."""


class Picks(NamedTuple):
    """Pixels that were chosen among those of all parts."""

    indices: Tensor
    """(n_picks,) int64, counted through the parts, in the order of choice."""
    spectra: Tensor
    """(n_picks, n_bands) As they are."""


def pick_greedily(parts: Parts, n_picks: int, score: Score) -> Picks:
    """Choose the pixel of the highest score, as often as asked for.

    Every pixel is looked at for every choice, so that pixels that do not fit in memory give the
    same as those that do.

    Parameters
    ----------
    parts : callable
        All pixels, finite.
    n_picks : int
    score : callable
        Of pixels, given those chosen so far; zero for those.

    Returns
    -------
    Picks

    Raises
    ------
    UnmixError
        If there are no pixels, or too few that differ.
    """
    indices: list[int] = []
    chosen: list[Tensor] = []
    size = 0.0
    for k in range(n_picks):
        highest, index, spectrum = _highest(parts, score, chosen)
        size = max(size, highest)
        if spectrum is None or highest <= FLAT**2 * size:
            raise UnmixError(
                f"{n_picks} endmembers are asked for, but nothing is left of any pixel beyond the "
                f"{k} chosen first. Ask for at most {k}."
            )
        indices.append(index)
        chosen.append(spectrum)
    return Picks(torch.tensor(indices), torch.stack(chosen))


def _highest(parts: Parts, score: Score, chosen: list[Tensor]) -> tuple[float, int, Tensor | None]:
    """The highest score, the number of its pixel, and the pixel."""
    highest, index, spectrum = -1.0, -1, None
    n_before = 0
    for part in parts():
        before = torch.stack(chosen) if chosen else part[:0]
        for rows in part.split(ROWS_AT_ONCE):
            scores = score(rows.double(), before.double())
            if len(rows) and float(scores.max()) > highest:
                place = int(scores.argmax())
                highest, index = float(scores[place]), n_before + place
                spectrum = rows[place].clone()
            n_before += len(rows)
    return highest, index, spectrum


def beyond_span(spectra: Tensor, chosen: Tensor) -> Tensor:
    """Squared distance of spectra (n, n_bands) from the subspace of others (k, n_bands).

    Examples
    --------
    >>> beyond_span(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]]))
    tensor([16.])
    """
    basis = torch.linalg.qr(chosen.T).Q  # (n_bands, k)
    return (spectra - spectra @ basis @ basis.T).square().sum(dim=1)
