"""A material's reflectance spectrum, built from its continuum and its absorption bands."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unmix.errors import UnmixError

WAVELENGTH_RANGE_NM = (300.0, 2600.0)


@dataclass(frozen=True)
class Material:
    """A named material with a reflectance spectrum from 350 to 2500 nm.

    The spectrum is a smooth continuum times Gaussian absorption bands,
    ``R(w) = C(w) prod_j (1 - d_j exp(-4 ln 2 (w - c_j)^2 / f_j^2))``: the form in which
    absorptions are measured (Clark 1999, band depth after division by the continuum). No
    measured spectrum is stored; every band stands where the literature in `source` puts it.

    Parameters
    ----------
    name : str
        Lower case, as it appears in maps and tables.
    continuum : tuple of (wavelength in nm, reflectance)
        Two points or more in ascending wavelength, joined by monotone cubics (no overshoot) and
        constant beyond the first and the last one.
    bands : tuple of (centre in nm, full width at half depth in nm, depth)
        Absorption bands; the depth is the share of light lost at the centre, 0 to 1.
    source : str
        Where the positions of the bands and the brightness come from.

    Raises
    ------
    UnmixError
        If the points do not ascend, a reflectance lies outside 0 to 1, or a band has a width
        that is not positive or a depth outside 0 to 1.

    References
    ----------
    Clark (1999), Spectroscopy of rocks and minerals, and principles of spectroscopy, in
    Manual of Remote Sensing vol. 3, ch. 1.

    Examples
    --------
    >>> mud = Material("mud", ((350, 0.1), (2500, 0.3)), ((1940, 120, 0.5),), "made up")
    >>> mud.reflectance([350, 2500]).round(3).tolist()
    [0.1, 0.3]
    >>> bool(mud.reflectance([1940])[0] < mud.reflectance([1700])[0])
    True
    """

    name: str
    continuum: tuple[tuple[float, float], ...]
    bands: tuple[tuple[float, float, float], ...]
    source: str

    def __post_init__(self) -> None:
        knots, values = zip(*self.continuum, strict=True) if self.continuum else ((), ())
        ascending = len(knots) >= 2 and bool((np.diff(knots) > 0).all())
        if not (ascending and all(0 <= value <= 1 for value in values)):
            raise UnmixError(
                f"the continuum of {self.name!r} must be 2 or more points of ascending wavelength "
                f"(nm) and reflectance 0 to 1. Got {self.continuum!r}."
            )
        for centre, fwhm, depth in self.bands:
            if not (fwhm > 0 and 0 <= depth <= 1):
                raise UnmixError(
                    f"the band of {self.name!r} at {centre:g} nm has a width of {fwhm:g} nm and a "
                    f"depth of {depth:g}. Widths must be positive, depths lie between 0 and 1."
                )

    def reflectance(self, wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
        """Reflectance at any wavelengths.

        Parameters
        ----------
        wavelengths_nm : array-like
            300 to 2600 nm, any shape.

        Returns
        -------
        ndarray of the same shape
            Reflectance, 0 to 1.

        Raises
        ------
        UnmixError
            If a wavelength lies outside 300 to 2600 nm (or is not in nanometres).
        """
        wavelengths = _checked_wavelengths(wavelengths_nm)
        return self.continuum_reflectance(wavelengths) * self.band_transmission(wavelengths)

    def continuum_reflectance(self, wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
        """Reflectance without the absorption bands, at any wavelengths in nm."""
        knots, values = np.asarray(self.continuum, dtype=np.float64).T
        return monotone_cubic(knots, values, np.asarray(wavelengths_nm, dtype=np.float64))

    def band_transmission(self, wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
        """Product of the absorption bands alone (1 where nothing is absorbed)."""
        wavelengths = np.asarray(wavelengths_nm, dtype=np.float64)
        kept = np.ones_like(wavelengths)
        for centre, fwhm, depth in self.bands:
            kept *= 1.0 - depth * np.exp(-4.0 * np.log(2.0) * ((wavelengths - centre) / fwhm) ** 2)
        return kept


def monotone_cubic(
    knots: NDArray[np.float64], values: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate by cubics that never overshoot the points they join.

    Parameters
    ----------
    knots, values : ndarray of shape (n_points,)
        Points in ascending order, at least two.
    at : ndarray
        Where to interpolate; constant beyond the first and the last point.

    Returns
    -------
    ndarray of the shape of `at`

    References
    ----------
    Fritsch and Carlson (1980), doi:10.1137/0717021; the slope at a knot is the weighted
    harmonic mean of its neighbours' slopes, zero at an extremum and at both ends.

    Examples
    --------
    >>> monotone_cubic(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([-1, 0.5, 3]))
    array([0., 1., 2.])
    """
    steps = np.diff(knots)
    secants = np.diff(values) / steps
    slopes = np.zeros_like(values)
    before, after = secants[:-1], secants[1:]
    same_way = before * after > 0
    w_before, w_after = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    with np.errstate(all="ignore"):  # flat neighbours divide by 0 and are left out below
        harmonic = (w_before + w_after) / (w_before / before + w_after / after)
    slopes[1:-1] = np.where(same_way, harmonic, 0.0)

    inside = np.clip(at, knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    t = (inside - knots[left]) / steps[left]
    rise = t * t * (3 - 2 * t)
    bend_left, bend_right = t * (1 - t) ** 2, t * t * (t - 1)
    result: NDArray[np.float64] = (
        values[left] * (1 - rise)
        + values[left + 1] * rise
        + steps[left] * (bend_left * slopes[left] + bend_right * slopes[left + 1])
    )
    return result


def _checked_wavelengths(wavelengths_nm: ArrayLike) -> NDArray[np.float64]:
    """Wavelengths as float64, refused where no spectrum is known."""
    wavelengths: NDArray[Any] = np.asarray(wavelengths_nm, dtype=np.float64)
    low, high = WAVELENGTH_RANGE_NM
    outside = ~((wavelengths >= low) & (wavelengths <= high))
    if outside.any():
        raise UnmixError(
            f"`wavelengths_nm` has {int(outside.sum())} value(s) outside {low:g} to {high:g} nm, "
            f"the first {wavelengths[outside].flat[0]:g}. Reflectance is known only there; "
            "convert micrometres to nanometres, or leave these bands out."
        )
    return wavelengths
