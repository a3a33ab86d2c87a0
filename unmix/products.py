"""Products of pixels and endmembers: all that a reading needs to know of the bands."""

from typing import NamedTuple

import torch
from torch import Tensor

from unmix.errors import UnmixError
from unmix.least_squares import check_shapes

CHUNK_ELEMENTS = 2**18
"""Numbers taken to float64 at a time, 2 MiB, which stay in the cache."""


class Products(NamedTuple):
    """All that any reading needs of the pixels, in float64: reading starts where bands end."""

    gram: Tensor
    """(n_endmembers, n_endmembers) ``E @ E.T``"""
    cross: Tensor
    """(n_pixels, n_endmembers) ``Y @ E.T``"""
    energy: Tensor
    """(n_pixels,) Squared length of each pixel."""
    peaks: Tensor
    """(n_endmembers,) Largest value of each endmember."""
    n_bands: int
    """Bands that were summed over."""


def products(spectra: Tensor, endmembers: Tensor) -> Products:
    """Products of pixels and endmembers.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Returns
    -------
    Products

    Raises
    ------
    UnmixError
        If the numbers of bands differ, or anything is not finite.
    """
    check_shapes(spectra, endmembers)
    weights = endmembers.double()
    cross = weights.new_empty(len(spectra), len(weights))
    energy = weights.new_empty(len(spectra))
    step = max(1, CHUNK_ELEMENTS // max(1, spectra.shape[1]))
    for first in range(0, len(spectra), step):
        part = spectra[first : first + step].double()
        torch.mm(part, weights.T, out=cross[first : first + step])
        torch.linalg.vecdot(part, part, out=energy[first : first + step])
    if not (weights.isfinite().all() and energy.isfinite().all()):
        raise UnmixError(
            "Spectra or endmembers contain NaN or infinite values. Leave invalid pixels out "
            "(a Scene's blocks do) before solving for abundances."
        )
    return Products(weights @ weights.T, cross, energy, weights.amax(dim=1), spectra.shape[1])
