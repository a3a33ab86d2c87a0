"""ATGP: the pixel that the subspace of those chosen before leaves most of."""

from torch import Tensor

from unmix.endmembers.greedy import beyond_span, pick_greedily
from unmix.endmembers.signal import check_extraction


def atgp(spectra: Tensor, n_endmembers: int) -> Tensor:
    """The brightest pixel, then always the one farthest from the subspace of those chosen.

    Automatic target generation: every choice is the strongest target in the orthogonal complement
    of the targets before. Nothing is drawn at random, and no signal subspace is estimated, so that
    a single odd pixel is found as surely as a material.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit.
    n_endmembers : int
        From 2 to the number of bands.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels, in the order of choice: the first k are those found with
        ``n_endmembers = k``.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, a value is not finite, or the spectra
        span too few dimensions.

    References
    ----------
    Ren and Chang (2003), doi:10.1109/TAES.2003.1261124. The same choices are known as successive
    projections: Araujo et al. (2001), doi:10.1016/S0169-7439(01)00119-8.

    Examples
    --------
    >>> import torch
    >>> atgp(torch.tensor([[0.5, 0.5], [0.9, 0.0], [0.1, 0.6]]), 2)
    tensor([1, 2])
    """
    check_extraction(spectra, n_endmembers)
    return pick_greedily(lambda: [spectra], n_endmembers, atgp_score).indices


def atgp_score(spectra: Tensor, chosen: Tensor) -> Tensor:
    """Squared length of what the subspace of the chosen leaves of spectra (n_pixels, n_bands)."""
    return beyond_span(spectra, chosen)
