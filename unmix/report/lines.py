"""Spectra as lines that are not drawn across what was not measured."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

GAP_NM = 40.0
"""Bands farther apart than this, as on both sides of water vapour, are not joined by a line."""


class Lines(NamedTuple):
    """An axis of bands in ascending order, interrupted where bands are missing."""

    x: NDArray[np.float64]
    """(n_bands,) Wavelengths in nanometres, or numbers of bands from 1; ascending."""
    order: NDArray[np.intp]
    """(n_bands,) The bands in the order of `x`."""
    breaks: NDArray[np.intp]
    """Where in `x` a new line begins."""
    title: str

    @classmethod
    def along(cls, wavelengths_nm: NDArray[np.float64] | None, n_bands: int) -> Self:
        """The axis of spectra with these wavelengths, or of as many numbered bands.

        Examples
        --------
        >>> lines = Lines.along(np.array([1300.0, 1310.0, 1500.0]), 3)
        >>> lines.broken(np.array([0.1, 0.2, 0.3]))
        array([0.1, 0.2, nan, 0.3])
        """
        if wavelengths_nm is None:
            x = np.arange(1.0, n_bands + 1)
            return cls(x, np.arange(n_bands), np.empty(0, np.intp), "band")
        order = np.argsort(wavelengths_nm, kind="stable")
        x = np.asarray(wavelengths_nm, dtype=np.float64)[order]
        return cls(x, order, np.flatnonzero(np.diff(x) > GAP_NM) + 1, "wavelength (nm)")

    def broken(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Values in the order of `x`, NaN between lines: (n_bands + number of breaks,)."""
        return np.insert(values.astype(np.float64), self.breaks, np.nan)

    def pieces(self, values: NDArray[Any]) -> list[list[float]]:
        """Values in the order of `x`, one list for each line."""
        return [part.tolist() for part in np.split(values, self.breaks)]
