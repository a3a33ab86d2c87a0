"""Spectra on the bands of a sensor: what each band would see of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.bands import Bands, FloatArray, range_text
from scenes.errors import SceneError, counted
from scenes.formats.contents import warn

Spectra = NDArray[np.floating[Any]]

_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))
_NODES = np.linspace(-3.0, 3.0, 61)  # of the response, in standard deviations
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()
_LEAST_KNOWN = 0.95
"""Share of a band's response that must fall where the spectrum is known."""
_WIDEST_IN_BANDS = 2.0
"""Samples farther apart than this many widths of a band leave features of its width unseen."""
_WIDEST_IN_STEPS = 2.5
"""... unless the spectrum was measured so coarsely: this many of its usual steps are no gap."""
_NEIGHBOURS = 5  # on each side, whose steps are usual


class _Sensor(NamedTuple):
    """The bands asked for."""

    centres_nm: FloatArray
    widths_nm: FloatArray
    smooth: bool


def resample(
    spectra: ArrayLike,
    wavelengths_nm: ArrayLike,
    onto_nm: ArrayLike,
    onto_fwhm_nm: ArrayLike | None = None,
    fwhm_nm: ArrayLike | None = None,
) -> Spectra:
    """Resample spectra onto the bands of a sensor, by Gaussian responses.

    A spectrum is taken as straight lines between its samples. A band's response has the width
    that is still missing, ``fwhm^2 = sensor^2 - spectrum^2``: what was measured in wide bands is
    not made wider again. The width of a sample is its FWHM, or where that is unknown its distance
    to its neighbours.

    Parameters
    ----------
    spectra : array of shape (n_spectra, n_samples)
        NaN where there is no value.
    wavelengths_nm : array of shape (n_samples,)
        In any order.
    onto_nm : array of shape (n_bands,)
        Centres of the sensor's bands.
    onto_fwhm_nm : array of shape (n_bands,), optional
        Their full widths at half maximum. Without them the lines are read at the centres.
    fwhm_nm : array of shape (n_samples,), optional
        Full widths of the samples.

    Returns
    -------
    array of shape (n_spectra, n_bands)
        In the dtype of the spectra. NaN where less than 95 % of a band's response falls where a
        spectrum is known: beyond its ends, and between samples that lie more than two widths of
        the band and more than 2.5 of their usual steps apart.

    Raises
    ------
    SceneError
        If no band of the sensor can be filled for any spectrum, or the lengths differ.

    Warns
    -----
    SceneWarning
        If the widths of the sensor's bands are not known.

    Examples
    --------
    >>> resample([[0.1, 0.2, 0.3]], [400, 410, 420], [395, 405], [10, 10])
    array([[ nan, 0.15]])
    """
    values = np.atleast_2d(np.asarray(spectra))
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    n_samples = values.shape[1]
    source = Bands(np.asarray(wavelengths_nm), _optional(fwhm_nm), np.ones(n_samples, np.bool_))
    sensor = _sensor(np.atleast_1d(np.asarray(onto_nm, np.float64)), onto_fwhm_nm)
    assert source.wavelengths_nm is not None
    result = np.full((len(values), sensor.centres_nm.size), np.nan, values.dtype)
    patterns, members = np.unique(np.isfinite(values), axis=0, return_inverse=True)
    for number, known in enumerate(patterns):
        if known.sum() < 2:
            continue
        rows = members.ravel() == number
        samples_nm = source.wavelengths_nm[known]
        widths_nm = None if source.fwhm_nm is None else source.fwhm_nm[known]
        operator = _operator(samples_nm, widths_nm, sensor)
        result[rows] = values[np.ix_(rows, known)].astype(np.float64) @ operator
    if np.isnan(result).all():
        raise SceneError(
            f"the spectra are known at {range_text(source.wavelengths_nm)} and the bands lie at "
            f"{range_text(sensor.centres_nm)}, so no band can be filled. Check the units "
            "(nanometres), or take a library of the sensor's range."
        )
    return result


def _optional(values: ArrayLike | None) -> FloatArray | None:
    return None if values is None else np.asarray(values, np.float64)


def _sensor(centres_nm: FloatArray, fwhm_nm: ArrayLike | None) -> _Sensor:
    """Check the bands; where their widths are unknown, their distance stands for them."""
    good = np.ones(centres_nm.shape, np.bool_)
    bands = Bands(centres_nm, _optional(fwhm_nm), good)
    if bands.fwhm_nm is not None:
        return _Sensor(centres_nm, bands.fwhm_nm, smooth=True)
    warn(
        f"no width (FWHM) is known of {counted(centres_nm.size, 'band')}; spectra are put there by "
        "linear interpolation, as if bands were narrow."
    )
    return _Sensor(centres_nm, _steps(centres_nm), smooth=False)


def _steps(positions_nm: FloatArray) -> FloatArray:
    """Distance of each position to its neighbours, on average; robust against equal ones."""
    if positions_nm.size == 1:
        return np.array([np.inf])
    order = np.argsort(positions_nm, kind="stable")
    steps = np.diff(positions_nm[order])
    typical = np.median(steps[steps > 0]) if (steps > 0).any() else np.inf
    steps = np.where(steps > 0, steps, typical)
    mean = (np.append(steps, steps[-1]) + np.insert(steps, 0, steps[0])) / 2
    result = np.empty_like(mean)
    result[order] = mean
    return result


def _usual_steps(sorted_nm: FloatArray) -> FloatArray:
    """Median of the steps around each step, (n_samples - 1,)."""
    steps = np.pad(np.diff(sorted_nm), _NEIGHBOURS, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(steps, 2 * _NEIGHBOURS + 1)
    usual: FloatArray = np.nanmedian(around, axis=1)
    return usual


def _operator(
    samples_nm: FloatArray, sample_widths_nm: FloatArray | None, sensor: _Sensor
) -> FloatArray:
    """Weights of the samples in each band, (n_samples, n_bands); NaN in bands not known."""
    order = np.argsort(samples_nm, kind="stable")
    x = samples_nm[order]
    widths = _steps(x) if sample_widths_nm is None else sample_widths_nm[order]
    own = np.interp(sensor.centres_nm, x, widths)
    missing = np.sqrt(np.maximum(sensor.widths_nm**2 - own**2, 0)) if sensor.smooth else 0 * own
    nodes = sensor.centres_nm[:, None] + (missing * _SIGMA_PER_FWHM)[:, None] * _NODES
    left = np.clip(np.searchsorted(x, nodes, side="right") - 1, 0, x.size - 2)
    length = x[left + 1] - x[left]
    share = np.where(length > 0, (nodes - x[left]) / np.where(length > 0, length, 1), 0.0)
    widest = np.maximum(
        _WIDEST_IN_BANDS * sensor.widths_nm[:, None], _WIDEST_IN_STEPS * _usual_steps(x)[left]
    )
    known = (nodes >= x[0]) & (nodes <= x[-1])
    known &= (length <= widest) | (nodes == x[left]) | (nodes == x[left + 1])
    weights = np.where(known, _WEIGHTS, 0.0)
    total = weights.sum(axis=1)
    weights /= np.where(total > 0, total, 1)[:, None]
    operator = np.zeros((x.size, sensor.centres_nm.size))
    band = np.broadcast_to(np.arange(sensor.centres_nm.size)[:, None], nodes.shape)
    np.add.at(operator, (left, band), weights * (1 - share))
    np.add.at(operator, (left + 1, band), weights * share)
    operator[:, total < _LEAST_KNOWN] = np.nan
    unsorted = np.empty_like(operator)
    unsorted[order] = operator
    return unsorted
