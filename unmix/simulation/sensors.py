"""Band sets of real imaging spectrometers, and how a band sees a spectrum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unmix.errors import UnmixError
from unmix.simulation.spectra import WAVELENGTH_RANGE_NM, Material

WATER_VAPOUR_NM = ((1340.0, 1450.0), (1790.0, 1960.0))
"""Where water vapour leaves no light on the ground."""

_FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
_RESPONSE_NODES = np.linspace(-4.0, 4.0, 41)  # in standard deviations


@dataclass(frozen=True, eq=False)
class Sensor:
    """The bands of an imaging spectrometer.

    Parameters
    ----------
    name : str
        As it will appear in the header of a simulated scene.
    wavelengths_nm : float64 ndarray of shape (n_bands,)
        Band centres in file order; where detectors overlap they step back.
    fwhm_nm : float64 ndarray of shape (n_bands,)
        Full widths at half maximum of the Gaussian responses.
    good : bool ndarray of shape (n_bands,)
        True = the band can be used; False inside water vapour and at noisy ends.

    Raises
    ------
    UnmixError
        If the three arrays differ in length, or a centre or width is not positive.

    Examples
    --------
    >>> SENSORS["enmap"]
    Sensor('enmap', 224 bands 418-2446 nm, 200 good)
    """

    name: str
    wavelengths_nm: NDArray[np.float64]
    fwhm_nm: NDArray[np.float64]
    good: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shapes = {self.wavelengths_nm.shape, self.fwhm_nm.shape, self.good.shape}
        if len(shapes) != 1 or self.wavelengths_nm.ndim != 1:
            raise UnmixError(
                f"sensor {self.name!r} has arrays of shapes {self.wavelengths_nm.shape}, "
                f"{self.fwhm_nm.shape} and {self.good.shape}. Wavelengths, widths and good flags "
                "must be three flat arrays of the same length."
            )
        numbers = np.concatenate([self.wavelengths_nm, self.fwhm_nm])
        if not bool((numbers > 0).all() and np.isfinite(numbers).all() and self.good.any()):
            raise UnmixError(
                f"sensor {self.name!r} needs positive finite wavelengths and widths (in nm) and "
                "at least one good band. Check its numbers."
            )

    @classmethod
    def evenly_spaced(
        cls, n_bands: int, start_nm: float = 400.0, stop_nm: float = 2450.0, name: str = "even"
    ) -> Self:
        """Make a sensor whose bands stand side by side, as wide as their spacing, all good.

        Parameters
        ----------
        n_bands : int
            At least 2.
        start_nm, stop_nm : float
            Centres of the first and the last band.
        name : str
            Name of the sensor.

        Examples
        --------
        >>> Sensor.evenly_spaced(42).fwhm_nm[0].round(3).item()
        50.0
        """
        if n_bands < 2 or not stop_nm > start_nm:
            raise UnmixError(
                f"a sensor of {n_bands} band(s) from {start_nm:g} to {stop_nm:g} nm cannot be "
                "made. Ask for 2 bands or more, and a `stop_nm` beyond `start_nm`."
            )
        wavelengths = np.linspace(start_nm, stop_nm, n_bands)
        spacing = (stop_nm - start_nm) / (n_bands - 1)
        return cls(name, wavelengths, np.full(n_bands, spacing), np.ones(n_bands, dtype=bool))

    @property
    def n_bands(self) -> int:
        """Number of bands, the bad ones included."""
        return len(self.wavelengths_nm)

    def observe(self, materials: Sequence[Material]) -> NDArray[np.float64]:
        """Reflectance of materials in each band: their spectra weighted by its response.

        Parameters
        ----------
        materials : sequence of Material

        Returns
        -------
        float64 ndarray of shape (n_materials, n_bands)

        Raises
        ------
        UnmixError
            If a band's centre lies where no spectrum is known (300 to 2600 nm).
        """
        low, high = WAVELENGTH_RANGE_NM
        outside = (self.wavelengths_nm < low) | (self.wavelengths_nm > high)
        if outside.any():
            raise UnmixError(
                f"sensor {self.name!r} has {int(outside.sum())} band(s) outside {low:g} to "
                f"{high:g} nm, the first at {self.wavelengths_nm[outside][0]:g}. Materials are "
                "known only there; give wavelengths in nanometres, or leave these bands out."
            )
        sigmas_nm = self.fwhm_nm / _FWHM_PER_SIGMA
        nodes_nm = self.wavelengths_nm[:, None] + sigmas_nm[:, None] * _RESPONSE_NODES
        nodes_nm = np.clip(nodes_nm, low, high)  # the tails of wide bands at the very ends
        weights = np.exp(-0.5 * _RESPONSE_NODES**2)
        weights /= weights.sum()
        return np.stack([material.reflectance(nodes_nm) @ weights for material in materials])

    def __repr__(self) -> str:
        low, high = self.wavelengths_nm.min(), self.wavelengths_nm.max()
        good = int(self.good.sum())
        return f"Sensor({self.name!r}, {self.n_bands} bands {low:.0f}-{high:.0f} nm, {good} good)"


def _sensor(
    name: str, *detectors: tuple[int, float, float, float, float], usable_nm: tuple[float, float]
) -> Sensor:
    """Join detectors, each ``(n_bands, first centre, last centre, first FWHM, last FWHM)``."""
    wavelengths = np.concatenate([np.linspace(d[1], d[2], d[0]) for d in detectors])
    fwhm = np.concatenate([np.linspace(d[3], d[4], d[0]) for d in detectors])
    good = (wavelengths >= usable_nm[0]) & (wavelengths <= usable_nm[1])
    for low, high in WATER_VAPOUR_NM:
        good &= (wavelengths < low) | (wavelengths > high)
    return Sensor(name, wavelengths, fwhm, good)


_AVIRIS = _sensor(
    "aviris",
    (32, 366.0, 674.0, 9.9, 9.5),
    (64, 655.0, 1273.0, 9.5, 9.6),
    (64, 1254.0, 1867.0, 9.9, 9.9),
    (64, 1860.0, 2497.0, 10.1, 10.6),
    usable_nm=(395.0, 2460.0),
)
_EMIT = _sensor("emit", (285, 381.0, 2493.0, 8.4, 8.8), usable_nm=(395.0, 2450.0))
_ENMAP = _sensor(
    "enmap",
    (91, 418.4, 993.3, 6.8, 9.6),
    (133, 901.9, 2445.5, 11.6, 8.0),
    usable_nm=(410.0, 2450.0),
)

SENSORS: Mapping[str, Sensor] = MappingProxyType(
    {sensor.name: sensor for sensor in (_AVIRIS, _EMIT, _ENMAP)}
)
"""Nominal band sets by name: number of bands, range and width of each detector are real, the
spacing inside a detector is made even.

* ``aviris``: AVIRIS-Classic, four detectors with a small overlap; Green et al. (1998),
  doi:10.1016/S0034-4257(98)00064-9.
* ``emit``: one detector; Thompson et al. (2024), doi:10.1016/j.rse.2023.113986.
* ``enmap``: VNIR then SWIR, so that wavelengths step back from 993 to 902 nm; Guanter et al.
  (2015), doi:10.3390/rs70708830.
"""


def find_sensor(name: str | Sensor) -> Sensor:
    """Return the built-in sensor of that name (or the sensor itself).

    Raises
    ------
    UnmixError
        If there is no sensor of that name; the message lists those there are.

    Examples
    --------
    >>> find_sensor("EMIT").n_bands
    285
    """
    if isinstance(name, Sensor):
        return name
    key = name.strip().lower()
    if key not in SENSORS:
        raise UnmixError(
            f"there is no sensor {name!r}. Built in are: {', '.join(SENSORS)}. "
            "Take one of these, or pass a `Sensor` of your own."
        )
    return SENSORS[key]
