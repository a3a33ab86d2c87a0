"""Brightness taken off spectra, so that shapes are compared."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from unmix.errors import UnmixError

WATER_NM = ((1300.0, 1500.0), (1800.0, 2000.0))
"""Where water vapour leaves little light: not counted in the brightness."""
FARTHEST_NM = 50.0
"""How far the nearest band may be from the wavelength asked for."""


class Normalization:
    """What spectra are divided by: nothing, their root mean square, or their value in one band.

    Parameters
    ----------
    rule : str
        ``"none"``, ``"brightness"``, or a wavelength in nanometres such as ``"1500"``. Brightness
        is the root mean square over the bands outside 1300 to 1500 and 1800 to 2000 nm.
    wavelengths_nm : array of shape (n_bands,)

    Raises
    ------
    UnmixError
        If the rule is none of these, or no band is near.

    Examples
    --------
    >>> rule = Normalization("brightness", [500, 900, 1400])
    >>> rule.lengths(torch.tensor([[0.3, 0.4, 0.9]]))
    tensor([0.3536])
    """

    def __init__(self, rule: str, wavelengths_nm: ArrayLike) -> None:
        self.rule = rule
        axis = np.asarray(wavelengths_nm, dtype=np.float64)
        self._bands = torch.from_numpy(_bands(rule, axis))

    def lengths(self, spectra: Tensor) -> Tensor:
        """What each spectrum (n_spectra, n_bands) is divided by, (n_spectra,).

        Not positive where a spectrum cannot be normalised.
        """
        if self.rule == "none":
            return torch.ones_like(spectra[:, 0])
        values = spectra[:, self._bands.to(spectra.device)]
        if self.rule == "brightness":
            return values.square().mean(dim=1).sqrt()
        return values[:, 0]


def _bands(rule: str, axis: np.ndarray) -> np.ndarray:
    """Numbers of the bands that count."""
    if rule == "none":
        return np.arange(0)
    if rule == "brightness":
        wet = np.any([(axis >= low) & (axis <= high) for low, high in WATER_NM], axis=0)
        if wet.all():
            raise UnmixError("all bands lie in the water vapour bands. Use normalization 'none'.")
        return np.flatnonzero(~wet)
    try:
        wavelength = float(rule)
    except ValueError:
        wavelength = np.nan
    if not np.isfinite(wavelength):
        raise UnmixError(
            f"`normalization` must be none, brightness or a wavelength in nanometres. Got {rule!r}."
        )
    nearest = int(np.abs(axis - wavelength).argmin())
    if abs(axis[nearest] - wavelength) > FARTHEST_NM:
        raise UnmixError(
            f"no band in use is near {wavelength:g} nm; the nearest lies at {axis[nearest]:g} nm. "
            "Normalise at another wavelength, or by brightness."
        )
    return np.array([nearest])
