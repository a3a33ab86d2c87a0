"""How unlike two spectra are, in three ways that do not see brightness."""

from dataclasses import dataclass

import numpy as np
import torch

from unmix.metrics import spectral_angle
from unmix.naming.continuum import FloatArray, Spectra, band_depths, stretches

_SMALLEST = 1e-6
"""Keeps logarithms finite, as a share of a spectrum's mean, and products positive."""


@dataclass(frozen=True)
class References:
    """Reference spectra on ascending bands, with what comparing needs of each.

    Parameters
    ----------
    spectra : float64 array of shape (n_references, n_bands)
        No NaN.
    wavelengths_nm : float64 array of shape (n_bands,)
        Ascending.
    depths : float64 array of shape (n_references, n_bands)
        `smooth_depths` of the spectra.
    """

    spectra: FloatArray
    wavelengths_nm: FloatArray
    depths: FloatArray

    @classmethod
    def of(cls, spectra: FloatArray, wavelengths_nm: FloatArray) -> "References":
        """Prepare some spectra."""
        return cls(spectra, wavelengths_nm, smooth_depths(spectra, wavelengths_nm))


@dataclass(frozen=True)
class Distances:
    """How far one spectrum lies from each reference; all of shape (n_references,)."""

    angle_rad: FloatArray
    """Spectral angle: Kruse et al. (1993), doi:10.1016/0034-4257(93)90013-N."""
    band_angle_rad: FloatArray
    """Angle between the depths below the continuum, so that the depth of the bands does not count
    but their places and shapes do; after Clark et al. (2003), doi:10.1029/2002JE001847."""
    divergence: FloatArray
    """Spectral information divergence: Chang (2000), doi:10.1109/18.857802."""
    excess: FloatArray
    """What is left after the best brightness and looks alike in neighbouring bands, as a share of
    the spectrum's mean square. White noise has none on average, and may have less than none."""

    @property
    def score(self) -> FloatArray:
        """Geometric mean of the two angles and of the root of the divergence, in radians.

        The root of the divergence is proportional to the distance where spectra are near, as
        angles are.
        """
        factors = (self.angle_rad, self.band_angle_rad, np.sqrt(self.divergence))
        score: FloatArray = np.prod([np.maximum(f, _SMALLEST) for f in factors], axis=0) ** (1 / 3)
        return score


def distances(spectrum: FloatArray, references: References) -> Distances:
    """Compare a spectrum of shape (n_bands,) with references on the same bands."""
    depths = smooth_depths(spectrum[None], references.wavelengths_nm)
    return Distances(
        angle_rad=_angles(spectrum, references.spectra),
        band_angle_rad=_angles(depths[0], references.depths),
        divergence=information_divergence(spectrum, references.spectra),
        excess=excess(spectrum, references),
    )


def smooth_depths(spectra: Spectra, wavelengths_nm: FloatArray) -> FloatArray:
    """Depths below the continuum of smoothed spectra: a hull rests on the peaks of noise.

    Smoothing by (1 4 6 4 1) / 16 within each stretch of bands halves white noise and widens a
    band by about its sampling.
    """
    smooth = spectra.astype(np.float64)
    for part in stretches(wavelengths_nm):
        for _ in range(2):
            padded = np.pad(smooth[:, part], ((0, 0), (1, 1)), mode="edge")
            smooth[:, part] = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return band_depths(smooth, wavelengths_nm)


def information_divergence(spectrum: FloatArray, references: FloatArray) -> FloatArray:
    """Symmetric relative entropy of spectra taken as distributions over the bands.

    Parameters
    ----------
    spectrum : array of shape (n_bands,)
    references : array of shape (n_references, n_bands)

    Returns
    -------
    float64 array of shape (n_references,)
        0 for the same shape; values that are not positive count as nearly 0.

    References
    ----------
    Chang (2000), doi:10.1109/18.857802.

    Examples
    --------
    >>> information_divergence(np.array([1.0, 3.0]), np.array([[2.0, 6.0], [1.0, 1.0]])).round(3)
    array([0.   , 0.275])
    """
    p, q = _distribution(spectrum), _distribution(references)
    divergence: FloatArray = ((p - q) * (np.log(p) - np.log(q))).sum(axis=-1)
    return divergence


def excess(spectrum: FloatArray, references: References) -> FloatArray:
    """Mean product of neighbouring residuals, as a share of the spectrum's mean square."""
    known = references.spectra
    power = np.maximum((known * known).sum(axis=1), np.finfo(np.float64).tiny)
    residual = spectrum - (known @ spectrum / power)[:, None] * known
    products = [
        residual[:, part][:, 1:] * residual[:, part][:, :-1]
        for part in stretches(references.wavelengths_nm)
    ]
    mean: FloatArray = np.concatenate(products, axis=1).mean(axis=1) / np.mean(spectrum**2)
    return mean


def _angles(spectrum: FloatArray, references: FloatArray) -> FloatArray:
    angles = spectral_angle(torch.as_tensor(spectrum[None]), torch.as_tensor(references))
    return angles.numpy()


def _distribution(spectra: FloatArray) -> FloatArray:
    mean = np.maximum(np.abs(spectra).mean(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
    positive = np.maximum(spectra / mean, _SMALLEST)
    shares: FloatArray = positive / positive.sum(axis=-1, keepdims=True)
    return shares
