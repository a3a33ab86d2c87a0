"""The pixels and bands of a scene that can be counted in."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.endmembers.signal import GLARING, bright_pixels, relative_length
from unmix.errors import UnmixError, UnmixWarning

Wavelengths = Sequence[float] | NDArray[np.float64] | None
"""(n_bands,) in nm, where they are known."""
MOST_NAMED = 12
"""A warning names so many bands and no more."""


def usable_spectra(spectra: Tensor, wavelengths_nm: Wavelengths = None) -> Tensor:
    """Spectra without the pixels and the bands that tell nothing about a number of materials.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Any linear unit.
    wavelengths_nm : sequence of n_bands floats, optional
        For the names of bands in a warning.

    Returns
    -------
    Tensor of shape (n_usable_pixels, n_usable_bands)
        Finite, of a median length between 1 and 2: divided by a power of two, which loses nothing.
        No pixel is black, or longer than 1000 times the median one; no band is the same
        everywhere. Whether they are enough is for `unmix.count.moments.check_spectra` to say.

    Raises
    ------
    UnmixError
        If they are no rows, or no pixel is usable, or all pixels have the same spectrum.

    Warns
    -----
    UnmixWarning
        If a band, or a pixel that is not black and has no NaN, is left out.

    Examples
    --------
    >>> usable_spectra(torch.tensor([[0.0, 0.0], [0.1, 0.2], [0.3, 0.4], [torch.nan, 0.1]]))
    tensor([[0.8000, 1.6000],
            [2.4000, 3.2000]])
    """
    if spectra.ndim != 2:
        raise UnmixError(
            f"Counting needs spectra (n_pixels, n_bands). Got shape {tuple(spectra.shape)}."
        )
    bright = bright_pixels(spectra)
    if not bright.any():
        raise UnmixError(
            f"There is nothing to count: all {len(spectra)} pixels are black, or contain NaN or "
            "infinite values. Check the mask and the nodata value."
        )
    length = relative_length(spectra)
    n_glaring = int((length.isfinite() & (length >= GLARING)).sum())
    if n_glaring:
        warnings.warn(
            f"Pixels over {GLARING:g} times as bright as the median one are left out of the count: "
            f"{n_glaring} of {len(spectra)}. Check the nodata value.",
            UnmixWarning,
            stacklevel=3,
        )
    return _about_one(_without_dead_bands(spectra[bright], wavelengths_nm))


def _about_one(pixels: Tensor) -> Tensor:
    """The pixels in a unit in which squares neither vanish nor overflow in single precision."""
    length = torch.linalg.vector_norm(pixels, dim=1, dtype=torch.float64).median()
    return torch.ldexp(pixels, 1 - torch.frexp(length).exponent)


def _without_dead_bands(pixels: Tensor, wavelengths_nm: Wavelengths) -> Tensor:
    """Only the bands that differ from pixel to pixel."""
    if len(pixels) < 2:
        return pixels
    lowest, highest = pixels.aminmax(dim=0)
    dead = (lowest == highest).nonzero()[:, 0].tolist()
    n_bands = pixels.shape[1]
    if len(dead) == n_bands:
        raise UnmixError(
            f"There is nothing to count: all {len(pixels)} valid pixels have the same spectrum. "
            "Check that the file holds your scene."
        )
    if not dead:
        return pixels
    warnings.warn(
        f"Bands that are the same in every pixel are left out of the count: {len(dead)} of "
        f"{n_bands}, number {_names(dead, wavelengths_nm)}. Mark them as bad in the header (bbl).",
        UnmixWarning,
        stacklevel=4,
    )
    return pixels[:, lowest < highest]


def _names(bands: list[int], wavelengths_nm: Wavelengths) -> str:
    """Such as "4 (450 nm), 5 (455.2 nm)"; numbers count from 1 the bands in use."""
    named = [
        str(band + 1) + ("" if wavelengths_nm is None else f" ({wavelengths_nm[band]:.6g} nm)")
        for band in bands[:MOST_NAMED]
    ]
    more = len(bands) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
