"""SMACC: the pixel that the convex cone of those chosen before explains least."""

import torch
from torch import Tensor

from unmix.endmembers.greedy import pick_greedily
from unmix.endmembers.signal import check_extraction


def smacc(spectra: Tensor, n_endmembers: int) -> Tensor:
    """The brightest pixel, then always the one with the longest residual beside the cone.

    Each new endmember takes its share of every pixel, as much as least squares asks for, but never
    so much that the share of an endmember before would become negative (an oblique projection).
    What is left of the pixels decides on the next one. A cone is scaled with brightness: shade is
    no endmember. Shares may take any sum, as in the program's setting "positivity only".

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit.
    n_endmembers : int
        From 2 to the number of bands.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels, in the order of choice.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, a value is not finite, or the cone of
        fewer pixels holds all others.

    References
    ----------
    Gruninger, Ratkowski and Hoke (2004), doi:10.1117/12.543794.

    Examples
    --------
    >>> smacc(torch.tensor([[0.5, 0.5], [0.9, 0.0], [0.1, 0.6]]), 2)
    tensor([1, 2])
    """
    check_extraction(spectra, n_endmembers)
    return pick_greedily(lambda: [spectra], n_endmembers, smacc_score).indices


def smacc_score(spectra: Tensor, chosen: Tensor) -> Tensor:
    """Squared length of what the cone of the chosen leaves of spectra (n_pixels, n_bands)."""
    return cone_residuals(spectra, chosen).square().sum(dim=1)


def cone_residuals(spectra: Tensor, chosen: Tensor) -> Tensor:
    """What is left of spectra when each endmember in turn has taken its share.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    chosen : Tensor of shape (n_endmembers, n_bands)
        In the order in which they were chosen.

    Returns
    -------
    Tensor of shape (n_pixels, n_bands)
    """
    n = len(chosen)
    residuals = torch.cat([chosen, spectra])  # the chosen go through the same, and lead the way
    shares = residuals.new_zeros(len(residuals), n)
    for k in range(n):
        new, holds = residuals[k].clone(), shares[k, :k].clone()
        share = (residuals @ new / new.square().sum()).clamp(min=0)
        if (holds > 0).any():
            most = (shares[:, :k] / holds)[:, holds > 0].amin(dim=1)
            share = torch.minimum(share, most.clamp(min=0))
        residuals -= share[:, None] * new
        shares[:, :k] -= share[:, None] * holds
        shares[:, k] = share
    return residuals[n:]
