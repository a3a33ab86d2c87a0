"""Weights as pictures: what the decoder holds, what codes look like, and how trials did."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from unmix.errors import UnmixError
from unmix.uses.tuning import Trial

PANEL = 2.4
"""Inches of a picture's side."""
MOST_COLUMNS = 5


def weights_figure(model: Any, *, signed: bool = False) -> Figure:  # noqa: ANN401
    """The decoder's spectra as one image: a row for each endmember, on one scale.

    Parameters
    ----------
    model : Unmixer, or anything fitted with `endmembers_`
    signed : bool
        Show each spectrum less the mean of all, blue below and red above: what tells them apart.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from unmix import Unmixer
    >>> rng = np.random.default_rng(0)
    >>> model = Unmixer(2, n_refits=0).fit(rng.dirichlet([0.3] * 2, 300) @ rng.random((2, 9)))
    >>> weights_figure(model).axes[0].images[0].get_array().shape
    (2, 9)
    """
    weights = np.asarray(model.endmembers_, dtype=np.float64)
    wavelengths_nm = getattr(model, "wavelengths_nm_", None)
    if wavelengths_nm is not None:
        weights = weights[:, np.argsort(wavelengths_nm)]
    if signed:
        weights = weights - weights.mean(axis=0)
    names = getattr(model, "endmember_names_", None) or [str(k + 1) for k in range(len(weights))]
    figure = _figure(3 * PANEL, 0.3 * len(weights) + 1.2)
    axes = figure.add_subplot()
    image = axes.imshow(weights, aspect="auto", interpolation="nearest", **_scale(weights, signed))
    axes.set_yticks(range(len(weights)), names)
    axes.set_xlabel("band" if wavelengths_nm is None else "band, by wavelength")
    figure.colorbar(image, label=getattr(model, "unit_", "weight"))
    return figure


def codes_figure(codes: ArrayLike, names: Sequence[str] = ()) -> Figure:
    """Maps of codes side by side, on one scale, so that their strengths compare.

    Parameters
    ----------
    codes : array of shape (n_codes, height, width)
        NaN where there is none, as `Unmixing.abundances` gives.
    names : sequence of str
        One for each.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnmixError
        If the shape is another, or nothing is finite.
    """
    maps = np.asarray(codes, dtype=np.float64)
    if maps.ndim != 3 or not np.isfinite(maps).any():
        raise UnmixError(
            f"`codes` must be (n_codes, height, width) with values. Got shape {maps.shape}."
        )
    n_columns = min(MOST_COLUMNS, len(maps))
    n_rows = math.ceil(len(maps) / n_columns)
    figure = _figure(PANEL * n_columns, PANEL * n_rows)
    signed = bool(np.nanmin(maps) < 0)
    for k, each in enumerate(maps):
        axes = figure.add_subplot(n_rows, n_columns, k + 1)
        image = axes.imshow(each, interpolation="nearest", **_scale(maps, signed))
        axes.set_axis_off()
        axes.set_title(names[k] if names else f"code {k + 1}", fontsize=8)
    figure.colorbar(image, ax=figure.axes, shrink=0.8)
    return figure


def tuning_figure(trials: Sequence[Trial], parameter: str) -> Figure:
    """Scores of trials along one parameter, held-out prediction beside them.

    Parameters
    ----------
    trials : sequence of Trial
        See `unmix.uses.tuning.tune`.
    parameter : str
        What stands below; of trials that share its value, the best is shown.

    Returns
    -------
    matplotlib.figure.Figure
    """
    best: dict[Any, Trial] = {}
    for trial in trials:  # the best first
        if trial.score is not None:
            best.setdefault(trial.parameters.get(parameter, "default"), trial)
    values = sorted(best, key=lambda value: (isinstance(value, str), value))
    places = range(len(values))
    figure = _figure(3 * PANEL, 1.5 * PANEL)
    axes = figure.add_subplot()
    shown = np.array([best[value][1:4] for value in values], dtype=np.float64)
    axes.errorbar(places, shown[:, 0], yerr=shown[:, 1], marker="o", capsize=3, label="score")
    axes.plot(places, shown[:, 2], linestyle="--", marker=".", label="held-out prediction")
    axes.set_xticks(list(places), [str(value) for value in values])
    axes.set_xlabel(parameter)
    axes.set_ylabel("dB")
    axes.legend()
    return figure


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _scale(values: np.ndarray, signed: bool) -> dict[str, Any]:
    """Limits and colours that are the same for all pictures of some values."""
    if signed:
        reach = float(np.nanmax(np.abs(values))) or 1.0
        return {"vmin": -reach, "vmax": reach, "cmap": "RdBu_r"}
    return {"vmin": 0.0, "vmax": float(np.nanmax(values)) or 1.0, "cmap": "viridis"}
