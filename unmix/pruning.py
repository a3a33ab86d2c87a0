"""Which spectra of a library to keep: the most representative ones, and those that differ.

Numbers of spectra come out, so that they choose from any array: ``library.take(indices)``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from unmix.errors import UnmixError, counted
from unmix.metrics import spectral_angle

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

FRACTION_LIMITS = (-0.05, 1.05)
"""Fractions that a model of one spectrum and shade may have."""
LARGEST_RMSE = 0.025
"""Reflectance beyond which a model is rejected."""


class Representativeness(NamedTuple):
    """How well each spectrum stands for its class; all of shape (n_spectra,)."""

    ear: FloatArray
    """Endmember average RMSE: of models of its class by this spectrum and shade. NaN if alone."""
    masa: FloatArray
    """Average spectral angle to its class in radians; its minimum is MASA. NaN if alone."""
    in_cob: IntArray
    """Spectra of its class that it models within the limits, itself left out."""
    out_cob: IntArray
    """Spectra of other classes that it models within the limits."""


def prune_by_angle(spectra: ArrayLike, angle_rad: float) -> IntArray:
    """Keep spectra that lie farther than an angle from each one kept before.

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_bands)
        Bands in which any spectrum is NaN are left out.
    angle_rad : float
        0 keeps all that differ in shape.

    Returns
    -------
    int array
        Numbers of those kept, ascending; each other one is within the angle of one of them.

    Raises
    ------
    UnmixError
        If the angle is negative, or no band is known in all spectra.

    Examples
    --------
    >>> prune_by_angle([[0.1, 0.2], [0.2, 0.4], [0.2, 0.1]], 0.05)
    array([0, 2])
    """
    if not angle_rad >= 0:
        raise UnmixError(f"`angle_rad` must not be negative. Got {angle_rad!r} instead.")
    known = _known(spectra)
    kept: list[int] = []
    for number, spectrum in enumerate(known):
        if not kept or float(_angles(spectrum, known[kept]).min()) > angle_rad:
            kept.append(number)
    return np.array(kept, dtype=np.intp)


def representativeness(
    spectra: ArrayLike, classes: Sequence[str], largest_rmse: float = LARGEST_RMSE
) -> Representativeness:
    """Measure how well each spectrum models those of its own class and of others.

    Every spectrum is modelled by every other one and shade, ``x_j = f x_i``, with `f` kept within
    -0.05 and 1.05.

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_bands)
        Reflectance, 0 to 1. Bands in which any spectrum is NaN are left out.
    classes : sequence of str
        One for each spectrum.
    largest_rmse : float
        A model counts for CoB up to this error.

    Raises
    ------
    UnmixError
        If the lengths differ, or no band is known in all spectra.

    References
    ----------
    EAR: Dennison & Roberts (2003), doi:10.1016/S0034-4257(03)00135-4. MASA: Dennison, Halligan &
    Roberts (2004), doi:10.1016/j.rse.2004.07.013. CoB: Roberts et al. (2003),
    doi:10.1109/TGRS.2003.812904.

    Examples
    --------
    >>> found = representativeness([[0.2, 0.4], [0.2, 0.5], [0.2, 0.6]], ["soil"] * 3)
    >>> int(found.masa.argmin())
    1
    """
    known, same = _known(spectra), _same_class(spectra, classes)
    error, within = _models(known)
    others = same & ~np.eye(len(known), dtype=np.bool_)
    counted = within & (error <= largest_rmse)
    angles = np.stack([_angles(spectrum, known) for spectrum in known])
    alone = np.where(others.any(axis=1), 1.0, np.nan)
    n_others = np.maximum(others.sum(axis=1), 1) * alone
    return Representativeness(
        ear=np.where(others, error, 0).sum(axis=1) / n_others,
        masa=np.where(others, angles, 0).sum(axis=1) / n_others,
        in_cob=(counted & others).sum(axis=1),
        out_cob=(counted & ~same).sum(axis=1),
    )


def iterative_selection(spectra: ArrayLike, classes: Sequence[str]) -> IntArray:
    """Choose the spectra with which the library classifies itself best.

    A spectrum gets the class of the chosen one that models it, with shade, at the least RMSE
    (itself included). Starting from none, the spectrum is added that raises kappa most, then any
    is taken out whose loss raises kappa, until nothing does.

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_bands)
        Bands in which any spectrum is NaN are left out.
    classes : sequence of str
        One for each spectrum; at least two different ones.

    Returns
    -------
    int array
        Numbers of the chosen spectra, ascending.

    Raises
    ------
    UnmixError
        If the lengths differ, there is only one class, or no band is known in all spectra.

    References
    ----------
    Schaaf et al. (2011), doi:10.2747/1548-1603.48.3.324; Roth, Dennison & Roberts (2012),
    doi:10.1016/j.rse.2012.08.030.
    """
    known = _known(spectra)
    _same_class(spectra, classes)
    kinds, label = np.unique(np.asarray(classes), return_inverse=True)
    if kinds.size < 2:
        raise UnmixError(
            f"all {len(known)} spectra have the class {classes[0]!r}. To choose those that tell "
            "classes apart, at least two classes are needed."
        )
    error = _models(known)[0]
    chosen: list[int] = []
    best = -np.inf
    while True:
        added = [(_kappa(error, label, [*chosen, i]), -i) for i in range(len(known))]
        kappa, number = max(added)
        if kappa <= best:
            return np.array(sorted(chosen), dtype=np.intp)
        chosen, best = _without_useless([*chosen, -number], kappa, error, label)


def _without_useless(
    chosen: list[int], best: float, error: FloatArray, label: IntArray
) -> tuple[list[int], float]:
    """Take out spectra as long as that raises kappa."""
    while len(chosen) > 1:
        rests = [[i for i in chosen if i != out] for out in chosen]
        kappas = [_kappa(error, label, rest) for rest in rests]
        if max(kappas) <= best:
            break
        best = max(kappas)
        chosen = rests[kappas.index(best)]
    return chosen, best


def _kappa(error: FloatArray, label: IntArray, chosen: list[int]) -> float:
    """Agreement beyond chance of the classes given by the chosen spectra: Cohen (1960)."""
    given = label[chosen][error[chosen].argmin(axis=0)]
    n_kinds = int(label.max()) + 1
    expected = np.bincount(given, minlength=n_kinds) @ np.bincount(label, minlength=n_kinds)
    chance = float(expected) / label.size**2
    return (float(np.mean(given == label)) - chance) / (1 - chance)


def _models(known: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """RMSE of spectrum j modelled by spectrum i and shade, (i, j); whether `f` is in its limits."""
    products = known @ known.T
    power = np.diag(products)
    free = products / np.where(power > 0, power, 1)[:, None]
    fractions = np.clip(free, *FRACTION_LIMITS)
    squares = power[None, :] - 2 * fractions * products + fractions**2 * power[:, None]
    error: FloatArray = np.sqrt(np.maximum(squares, 0) / known.shape[1])
    return error, fractions == free


def _angles(spectrum: FloatArray, others: FloatArray) -> FloatArray:
    return spectral_angle(torch.as_tensor(spectrum[None]), torch.as_tensor(others)).numpy()


def _known(spectra: ArrayLike) -> FloatArray:
    """Return the bands that every spectrum has."""
    values = np.asarray(spectra, dtype=np.float64)
    if values.ndim != 2 or len(values) == 0:
        raise UnmixError(f"`spectra` must be (n_spectra, n_bands). Got shape {values.shape}.")
    known: FloatArray = values[:, np.isfinite(values).all(axis=0)]
    if known.shape[1] == 0:
        raise UnmixError(
            f"none of {values.shape[1]} bands is known in all {len(values)} spectra. Leave the "
            "spectra of other ranges out first."
        )
    return known


def _same_class(spectra: ArrayLike, classes: Sequence[str]) -> NDArray[np.bool_]:
    labels = np.asarray(classes)
    if labels.shape != (len(np.asarray(spectra)),):
        raise UnmixError(
            f"`classes` has {counted(labels.size, 'entry')} for "
            f"{counted(len(np.asarray(spectra)), 'spectrum')}. Give one for each."
        )
    same: NDArray[np.bool_] = labels[:, None] == labels[None, :]
    return same
