"""Exact abundances for known endmembers, batched over pixels.

Here pixels are rows, ``Y ~= A @ E``, the transpose of most papers' orientation. Other constraints,
noise that differs between bands and endmembers that differ between pixels: see
`unmix.least_squares`. The solver is in `unmix.quadratic`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.brightness import BrightnessPrior, learn_brightness
from unmix.errors import UnmixError
from unmix.least_squares import least_squares
from unmix.products import Products, products
from unmix.quadratic import solve_quadratic
from unmix.readings import READINGS, Reading
from unmix.supports import solve_free


class Abundances(NamedTuple):
    """Abundances of pixels and what the reading of them set aside."""

    fractions: Tensor
    """(n_pixels, n_endmembers), nonnegative, summing to one; NaN where nothing was explained."""
    brightness: Tensor
    """(n_pixels,) The sum before division: 1 means as bright as the endmembers themselves."""


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
    return least_squares(spectra, endmembers, "ucls")


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
    return least_squares(spectra, endmembers, "nnls")


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
    return least_squares(spectra, endmembers, "fcls")


def read_abundances(
    spectra: Tensor,
    endmembers: Tensor,
    reading: Reading = "reflectance",
    prior: BrightnessPrior | None = None,
) -> Abundances:
    """Fractions of each endmember in each pixel, by one of five readings.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance.
    endmembers : Tensor of shape (n_endmembers, n_bands)
        In the same unit; for ``reflectance``, ``nnls`` and ``fcls`` their brightness matters.
    reading : {"reflectance", "nnls", "fcls", "peak", "l2"}
        ``reflectance``: area fractions, brightness varying about 1 as far as `prior` says: between
        the next two, which are its limits for a brightness that varies at will and for one that
        does not vary. ``nnls``: nonnegative least squares, divided by the sum: area fractions under
        any illumination. ``fcls``: sum-to-one inside the fit: area fractions where illumination is
        constant. ``peak`` and ``l2``: NNLS on endmembers scaled to maximum one or to unit length,
        divided by the sum: the conventions of published benchmarks, which favour dark materials
        less than their area.
    prior : BrightnessPrior, optional
        For ``reflectance``; the others do without. By default it is learned from these spectra.

    Returns
    -------
    Abundances
        Fractions (float64) and brightness. A pixel that no endmember explains (all codes zero)
        has NaN fractions and brightness 0, except for ``fcls``.

    Raises
    ------
    UnmixError
        If the reading is unknown, the numbers of bands differ, or anything is not finite.

    Examples
    --------
    >>> endmembers = torch.tensor([[0.1, 0.2, 0.6], [0.4, 0.3, 0.1]])
    >>> spectra = torch.tensor([[1.0, 0.0], [0.3, 0.7]]) @ endmembers
    >>> read_abundances(spectra, endmembers).fractions.round(decimals=3)
    tensor([[1.0000, 0.0000],
            [0.3000, 0.7000]], dtype=torch.float64)
    """
    found = products(spectra, endmembers)
    if reading == "reflectance" and prior is None:
        prior = learn_brightness(found)
    return read_codes(found, nonnegative(found), reading, prior)


def unconstrained(found: Products) -> Tensor:
    """Least-squares codes (n_pixels, n_endmembers) of any sign."""
    return solve_free(found.gram, found.cross)


def nonnegative(found: Products) -> Tensor:
    """Nonnegative least-squares codes (n_pixels, n_endmembers)."""
    return solve_quadratic(found.gram, found.cross, slack=math.inf)


def read_codes(
    found: Products, codes: Tensor, reading: Reading, prior: BrightnessPrior | None
) -> Abundances:
    """Fractions from nonnegative codes; see `read_abundances`.

    An endmember that is scaled by a factor has its nonnegative code divided by it, so one solution
    serves every reading without a constraint on the sum.

    Parameters
    ----------
    found : Products
    codes : Tensor of shape (n_pixels, n_endmembers)
        `nonnegative` of them.
    reading : str
    prior : BrightnessPrior or None
        Needed for ``reflectance``.

    Returns
    -------
    Abundances

    Raises
    ------
    UnmixError
        If the reading is unknown, or ``reflectance`` and without a prior.
    """
    if reading not in READINGS:
        raise UnmixError(f"`reading` must be one of {', '.join(READINGS)}. Got {reading!r}.")
    if reading == "reflectance":
        if prior is None:
            raise UnmixError("The reading `reflectance` needs a `prior`: see `learn_brightness`.")
        support = codes > 0
        expected = solve_quadratic(found.gram, found.cross, prior.slack, support)
        codes = expected * support.any(dim=1, keepdim=True)  # a black pixel stays without fractions
    elif reading == "fcls":
        codes = solve_quadratic(found.gram, found.cross, slack=0.0, support=codes > 0)
    elif reading == "peak":
        codes = codes * found.peaks
    elif reading == "l2":
        codes = codes * found.gram.diagonal().sqrt()
    brightness = codes.sum(dim=1)
    whole = torch.where(brightness > 0, brightness, math.nan)
    return Abundances(codes / whole[:, None], brightness)
