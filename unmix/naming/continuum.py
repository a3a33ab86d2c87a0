"""Absorption bands apart from the continuum that they lie in."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Spectra = NDArray[np.floating[Any]]
FloatArray = NDArray[np.float64]

_GAP_IN_STEPS = 5.0


def band_depths(spectra: Spectra, wavelengths_nm: FloatArray) -> FloatArray:
    """Depth of each band below the continuum, ``1 - spectrum / continuum``.

    The continuum is the upper convex hull of a spectrum, taken apart on both sides of a gap in the
    wavelengths (five usual steps or more, as where water vapour absorbs).

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_bands)
        Reflectance, or any linear unit; no NaN.
    wavelengths_nm : array of shape (n_bands,)
        Ascending.

    Returns
    -------
    float64 array of shape (n_spectra, n_bands)
        0 on the continuum; 0 also where the continuum is not positive.

    References
    ----------
    Clark & Roush (1984), doi:10.1029/JB089iB07p06329.

    Examples
    --------
    >>> band_depths(np.array([[0.4, 0.2, 0.4]]), np.array([2190.0, 2200.0, 2210.0]))
    array([[0. , 0.5, 0. ]])
    """
    depths = np.zeros(spectra.shape)
    for part in stretches(wavelengths_nm):
        for depth, spectrum in zip(depths[:, part], spectra[:, part], strict=True):
            hull = upper_hull(wavelengths_nm[part], spectrum.astype(np.float64))
            depth[:] = np.where(hull > 0, 1 - spectrum / np.where(hull > 0, hull, 1), 0)
    return depths


def stretches(wavelengths_nm: FloatArray) -> list[slice]:
    """Runs of ascending wavelengths without a gap.

    Examples
    --------
    >>> stretches(np.array([400.0, 410.0, 420.0, 900.0, 910.0]))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    steps = np.diff(wavelengths_nm)
    if steps.size == 0:
        return [slice(0, wavelengths_nm.size)]
    cuts = np.flatnonzero(steps >= _GAP_IN_STEPS * np.median(steps)) + 1
    edges = [0, *cuts.tolist(), wavelengths_nm.size]
    return [slice(a, b) for a, b in pairwise(edges)]


def upper_hull(x: FloatArray, y: FloatArray) -> FloatArray:
    """Upper convex hull of some points, read at each of them (Andrew's monotone chain)."""
    kept: list[int] = []
    for i in range(x.size):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) > (y[i] - y[a]) * (x[b] - x[a]):
                break
            kept.pop()
        kept.append(i)
    hull: FloatArray = np.interp(x, x[kept], y[kept])
    return hull
