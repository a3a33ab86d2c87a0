"""A rare material planted into a scene: pure on a few pixels, and like nothing else there."""

import re

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

AMOUNT = re.compile(r"(\d+)px|(\d+(?:\.\d+)?)%")
"""How much is planted: pixels, or a share of the scene."""
LEAST_ANGLE = 0.1
"""Radians from the cone of the scene's own endmembers; nearer spectra are mixtures of them."""
NOISE = 0.01
"""Length of the noise of planted pixels, in mean lengths of the scene's."""
DIMMEST, BRIGHTEST = 0.8, 1.2
"""Brightness of planted pixels, in mean lengths of the scene's."""
SEED_OFFSET = 100
"""Keeps what is planted apart from what else a seed draws."""


def n_planted_pixels(amount: str, n_pixels: int) -> int | None:
    """Pixels that an amount stands for, or None where it is not one.

    Examples
    --------
    >>> n_planted_pixels("15px", 9025), n_planted_pixels("0.3%", 9025), n_planted_pixels("3", 9)
    (15, 27, None)
    """
    match = AMOUNT.fullmatch(amount)
    if match is None:
        return None
    count, percent = match.groups()
    return int(count) if count else int(float(percent) / 100 * n_pixels)


def plant(
    spectra: NDArray[np.float64],
    endmembers: NDArray[np.float64],
    library: NDArray[np.float64],
    n_pixels: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Replace some pixels by a material of the library that the scene does not have.

    Parameters
    ----------
    spectra : ndarray of shape (n_all_pixels, n_bands)
    endmembers : ndarray of shape (n_endmembers, n_bands)
        The scene's own.
    library : ndarray of shape (n_materials, n_bands)
        Candidates, of which the seed chooses one that lies outside the endmembers' cone.
    n_pixels : int
        To be replaced, anywhere.
    seed : int

    Returns
    -------
    tuple
        Spectra with the planted pixels, the material's spectrum at the scene's mean brightness
        (n_bands,), and the places (n_pixels,).
    """
    rng = np.random.default_rng(SEED_OFFSET + seed)
    length = float(np.linalg.norm(spectra, axis=1).mean())
    material = length * _foreign(endmembers, library, rng)
    places = rng.choice(len(spectra), n_pixels, replace=False)
    noise = rng.standard_normal((n_pixels, spectra.shape[1])) / np.sqrt(spectra.shape[1])
    brightness = rng.uniform(DIMMEST, BRIGHTEST, (n_pixels, 1))
    planted = spectra.copy()
    planted[places] = brightness * material + NOISE * length * noise
    return planted, material, places


def angle_to_cone(spectrum: NDArray[np.float64], endmembers: NDArray[np.float64]) -> float:
    """Angle in radians between a spectrum and the nearest mixture of endmembers."""
    unit = endmembers / np.linalg.norm(endmembers, axis=1, keepdims=True)
    residual = scipy.optimize.nnls(unit.T, spectrum / np.linalg.norm(spectrum))[1]
    return float(np.arcsin(min(residual, 1.0)))


def _foreign(
    endmembers: NDArray[np.float64], library: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """A material of the library far enough from all mixtures, of unit length."""
    for candidate in rng.permutation(len(library)):
        spectrum: NDArray[np.float64] = library[candidate] / np.linalg.norm(library[candidate])
        if angle_to_cone(spectrum, endmembers) > LEAST_ANGLE:
            return spectrum
    raise ValueError(f"every material of the library lies within {LEAST_ANGLE} rad of the scene's.")
