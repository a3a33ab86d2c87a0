"""Exact abundances for known endmembers, batched over pixels.

Here pixels are rows, ``Y ~= A @ E``, the transpose of most papers' orientation. The solver is in
`unmix.quadratic`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.errors import UnmixError
from unmix.quadratic import CHUNK_ELEMENTS, solve_free, solve_quadratic
from unmix.readings import READINGS, Reading


class Abundances(NamedTuple):
    """Abundances of pixels and what the reading of them set aside."""

    fractions: Tensor
    """(n_pixels, n_endmembers), nonnegative, summing to one; NaN where nothing was explained."""
    brightness: Tensor
    """(n_pixels,) The sum before division: 1 means as bright as the endmembers themselves."""


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
    if spectra.ndim != 2 or endmembers.ndim != 2 or spectra.shape[1] != endmembers.shape[1]:
        raise UnmixError(
            f"`spectra` has shape {tuple(spectra.shape)} and `endmembers` "
            f"{tuple(endmembers.shape)}. They must be (n_pixels, n_bands) and "
            "(n_endmembers, n_bands), measured on the same bands."
        )
    if len(endmembers) == 0:
        raise UnmixError("`endmembers` is empty. At least one endmember is needed.")
    weights = endmembers.double()
    cross = weights.new_empty(len(spectra), len(weights))
    energy = weights.new_empty(len(spectra))
    step = max(1, CHUNK_ELEMENTS // max(1, spectra.shape[1]))
    for first in range(0, len(spectra), step):
        part = spectra[first : first + step].double()
        torch.mm(part, weights.T, out=cross[first : first + step])
        energy[first : first + step] = torch.linalg.vecdot(part, part)
    if not (weights.isfinite().all() and energy.isfinite().all()):
        raise UnmixError(
            "Spectra or endmembers contain NaN or infinite values. Leave invalid pixels out "
            "(a Scene's blocks do) before solving for abundances."
        )
    return Products(weights @ weights.T, cross, energy, weights.amax(dim=1), spectra.shape[1])


def ucls(spectra: Tensor, endmembers: Tensor) -> Tensor:
    """Unconstrained least squares, ``argmin |y - x E|^2``.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Any sign, any sum. Values far outside [0, 1] say that the endmembers do not fit.

    Raises
    ------
    UnmixError
        If the numbers of bands differ, or anything is not finite.

    Examples
    --------
    >>> endmembers = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> ucls(torch.tensor([[1.0, 2.0]]), endmembers).round(decimals=6)
    tensor([[-1.,  2.]], dtype=torch.float64)
    """
    return unconstrained(products(spectra, endmembers))


def nnls(spectra: Tensor, endmembers: Tensor) -> Tensor:
    """Nonnegative least squares, ``argmin |y - x E|^2`` over ``x >= 0`` (NCLS), exactly.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Nonnegative; each row's sum is the pixel's brightness.

    Raises
    ------
    UnmixError
        If the numbers of bands differ, or anything is not finite.

    Examples
    --------
    >>> nnls(torch.tensor([[0.2, -0.1]]), torch.eye(2)).round(decimals=6)
    tensor([[0.2000, 0.0000]], dtype=torch.float64)
    """
    return nonnegative(products(spectra, endmembers))


def fcls(spectra: Tensor, endmembers: Tensor) -> Tensor:
    """Fully constrained least squares, ``argmin |y - x E|^2`` over the simplex, exactly.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Nonnegative, each row summing to one.

    Raises
    ------
    UnmixError
        If the numbers of bands differ, or anything is not finite.

    References
    ----------
    Heinz and Chang (2001), doi:10.1109/36.911111, defines the problem; the solver is ours.

    Examples
    --------
    >>> fcls(torch.tensor([[0.2, 0.4]]), torch.eye(2)).round(decimals=6)
    tensor([[0.4000, 0.6000]], dtype=torch.float64)
    """
    found = products(spectra, endmembers)
    return solve_quadratic(found.gram, found.cross, slack=0.0)


def read_abundances(
    spectra: Tensor, endmembers: Tensor, reading: Reading = "reflectance"
) -> Abundances:
    """Fractions of each endmember in each pixel, by one of four readings.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance.
    endmembers : Tensor of shape (n_endmembers, n_bands)
        In the same unit; for ``reflectance`` and ``fcls`` their brightness matters.
    reading : {"reflectance", "fcls", "peak", "l2"}
        ``reflectance``: NNLS on the endmembers as they are, divided by the sum: area fractions
        under any illumination. ``fcls``: sum-to-one inside the fit: area fractions where
        illumination is constant. ``peak`` and ``l2``: NNLS on endmembers scaled to maximum one
        or to unit length, divided by the sum: the conventions of published benchmarks, which
        favour dark materials less than their area.

    Returns
    -------
    Abundances
        Fractions (float64) and brightness. A pixel that no endmember explains (all codes zero)
        has NaN fractions and brightness 0.

    Raises
    ------
    UnmixError
        If the reading is unknown, the numbers of bands differ, or anything is not finite.
    """
    found = products(spectra, endmembers)
    return read_codes(found, nonnegative(found), reading)


def unconstrained(found: Products) -> Tensor:
    """Least-squares codes (n_pixels, n_endmembers) of any sign."""
    return solve_free(found.gram, found.cross)


def nonnegative(found: Products) -> Tensor:
    """Nonnegative least-squares codes (n_pixels, n_endmembers)."""
    return solve_quadratic(found.gram, found.cross, slack=math.inf)


def read_codes(found: Products, codes: Tensor, reading: Reading) -> Abundances:
    """Fractions from nonnegative codes; see `read_abundances`.

    An endmember that is scaled by a factor has its nonnegative code divided by it, so one solution
    serves every reading without a constraint on the sum.

    Parameters
    ----------
    found : Products
    codes : Tensor of shape (n_pixels, n_endmembers)
        `nonnegative` of them.
    reading : str

    Returns
    -------
    Abundances

    Raises
    ------
    UnmixError
        If the reading is unknown.
    """
    if reading not in READINGS:
        raise UnmixError(f"`reading` must be one of {', '.join(READINGS)}. Got {reading!r}.")
    if reading == "fcls":
        codes = solve_quadratic(found.gram, found.cross, slack=0.0)
    elif reading == "peak":
        codes = codes * found.peaks
    elif reading == "l2":
        codes = codes * found.gram.diagonal().sqrt()
    brightness = codes.sum(dim=1)
    whole = torch.where(brightness > 0, brightness, math.nan)
    return Abundances(codes / whole[:, None], brightness)
