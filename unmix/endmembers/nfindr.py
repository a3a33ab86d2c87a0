"""N-FINDR: the pixels that span the simplex of largest volume."""

import torch
from torch import Tensor

from unmix.endmembers.signal import affine_projection, check_extraction, check_spread, seeded
from unmix.endmembers.vca import pick_extremes, vca

LARGER = 1 + 1e-9
"""Factor in volume that an exchange must bring."""


def nfindr(
    spectra: Tensor, n_endmembers: int, random_state: int | torch.Generator | None = None
) -> Tensor:
    """Pixels no one of which can be exchanged for another to enlarge the volume they span.

    The volume is that of the simplex in the ``n_endmembers - 1`` principal components about the
    mean. Starting from the picks of VCA, the exchange that enlarges it most is made until none
    does. Written in the coordinates of the simplex itself, the factor by which pixel i in place
    of corner k changes the volume is the pixel's k-th coordinate, so that one exchange costs
    ``n_pixels * n_endmembers`` operations.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance under even illumination: brightness counts as a material of its own.
    n_endmembers : int
        From 2 to the number of bands.
    random_state : int or torch.Generator, optional
        Seed of the start; None is 0. A generator must be on the CPU.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, a value is not finite, or the spectra
        span fewer dimensions than the simplex has.

    References
    ----------
    Winter (1999), doi:10.1117/12.366289 (one pixel after the other is tried there).

    Examples
    --------
    >>> corners = torch.tensor([[0.9, 0.1], [0.1, 0.8]])
    >>> mixed = torch.tensor([[0.5, 0.45], [0.3, 0.6]])
    >>> nfindr(torch.cat([mixed, corners]), 2).sort().values
    tensor([2, 3])
    """
    check_extraction(spectra, n_endmembers)
    points = affine_projection(spectra, n_endmembers).points
    check_spread(points, float(spectra.double().square().sum(dim=1).mean().sqrt()), n_endmembers)
    points = points / points.square().mean(dim=0).sqrt()  # the same factor in every volume
    generator = seeded(random_state)
    starts = [
        vca(spectra, n_endmembers, generator),
        pick_extremes(points, n_endmembers, generator),  # never flat in this projection
    ]
    picks = max(starts, key=lambda each: float(torch.linalg.det(points[each]).abs()))
    return _enlarged(points, picks)


def _enlarged(points: Tensor, picks: Tensor) -> Tensor:
    """Exchange picks as long as that enlarges the volume of ``points[picks]``."""
    picks = picks.clone()
    while True:
        fractions = torch.linalg.solve(points[picks], points, left=False)
        n_exchanges = 0
        while True:
            best = int(fractions.abs().argmax())
            pixel, corner = divmod(best, len(picks))
            if fractions[pixel, corner].abs() <= LARGER:
                break
            picks[corner] = pixel
            n_exchanges += 1
            _exchange(fractions, pixel, corner)
        if n_exchanges == 0:  # confirmed without the rounding of the updates
            return picks


def _exchange(fractions: Tensor, pixel: int, corner: int) -> None:
    """Make a pixel a corner: what held the old corner now holds the pixel (in place)."""
    change = fractions[pixel].clone()
    share = fractions[:, corner] / change[corner]
    change[corner] -= 1
    fractions -= share[:, None] * change
