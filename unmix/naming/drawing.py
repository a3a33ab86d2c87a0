"""Spectra of a library as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from unmix.naming.continuum import Spectra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_IN_LEGEND = 12


class Drawable(Protocol):
    """What is asked of a library; `scenes.SpectralLibrary` is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """One for each spectrum."""

    @property
    def spectra(self) -> Spectra:
        """Array of shape (n_spectra, n_bands)."""

    @property
    def wavelengths_nm(self) -> NDArray[np.float64] | None:
        """Centres of the bands."""


def plot_library(library: Drawable, axes: Axes | None = None) -> Axes:
    """Draw all spectra over their wavelengths; bands without a value are gaps in the lines.

    Parameters
    ----------
    library : scenes.SpectralLibrary
    axes : matplotlib Axes, optional
        Where to draw. Default: those of a new figure.

    Returns
    -------
    matplotlib Axes
        With a legend of the names if there are 12 or fewer.
    """
    if axes is None:
        from matplotlib.figure import Figure  # no pyplot: it would choose a window system

        axes = Figure(layout="constrained").add_subplot()
    known = library.wavelengths_nm
    order = np.arange(library.spectra.shape[1]) if known is None else np.argsort(known)
    x = order + 1 if known is None else known[order]
    for name, spectrum in zip(library.names, library.spectra, strict=True):
        axes.plot(x, spectrum[order], label=name)
    axes.set_xlabel("band" if known is None else "wavelength (nm)")
    axes.set_ylabel("reflectance")
    if len(library.names) <= _MOST_IN_LEGEND:
        axes.legend()
    return axes
