"""SiVM: the pixel that makes the simplex of those chosen before largest."""

from torch import Tensor

from unmix.endmembers.greedy import beyond_span, pick_greedily
from unmix.endmembers.signal import check_extraction


def sivm(spectra: Tensor, n_endmembers: int) -> Tensor:
    """The brightest pixel, then always the one with which the simplex has the largest volume.

    The volume grows by the distance of the new corner from the flat through those before, so that
    the pixel farthest from it is the choice. Distances between spectra are all that counts: moving
    the origin changes only where the search begins, and a dark pixel may well be a corner (shade).
    Unlike N-FINDR, no choice is taken back.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance under even illumination.
    n_endmembers : int
        From 2 to the number of bands.

    Returns
    -------
    Tensor of shape (n_endmembers,), int64
        Indices of the chosen pixels, in the order of choice.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than endmembers, a value is not finite, or the spectra
        span too few dimensions.

    References
    ----------
    Thurau, Kersting and Bauckhage (2010), doi:10.1145/1871437.1871729, who take distances between
    corners to be alike; Heylen, Burazerovic and Scheunders (2011),
    doi:10.1109/JSTSP.2010.2088377, with the distances themselves, as here.

    Examples
    --------
    >>> import torch
    >>> sivm(torch.tensor([[0.5, 0.5], [0.9, 0.0], [0.1, 0.6], [0.3, 0.4]]), 2)
    tensor([1, 2])
    """
    check_extraction(spectra, n_endmembers)
    return pick_greedily(lambda: [spectra], n_endmembers, sivm_score).indices


def sivm_score(spectra: Tensor, chosen: Tensor) -> Tensor:
    """Squared distance of spectra (n_pixels, n_bands) from the flat through the chosen."""
    if len(chosen) == 0:
        return spectra.square().sum(dim=1)
    return beyond_span(spectra - chosen[0], chosen[1:] - chosen[0])
