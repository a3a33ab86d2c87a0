"""Searching the parameters of a model by scores that need no truth."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from torch import Tensor

from unmix.autoencoder import FitSettings
from unmix.errors import UnmixError
from unmix.inputs import as_rows
from unmix.unmixer import Unmixer
from unmix.uses.scoring import UNSTABLE_DB, held_out_score, stability_score

SETTINGS = tuple(field.name for field in fields(FitSettings))
"""Names of what `FitSettings` holds; they are searched as one parameter, ``settings``."""
TUNED_REFITS = 2
"""Refits of every fit, for the stability."""

Progress = Callable[[float], None]


class Trial(NamedTuple):
    """What was tried, and how well it did."""

    parameters: dict[str, Any]
    """By their names, those of `FitSettings` among them."""
    score: float | None
    """Mean over folds of `unmix.uses.scoring.unmixing_score`; None where no model was learned."""
    spread: float | None
    """Standard deviation over folds."""
    held_out_db: float | None
    stability: float | None
    seconds: float
    """For one fit."""


class Tuning(NamedTuple):
    """All trials, the best of them first, and the model of the best."""

    trials: list[Trial]
    best_model: Unmixer
    """Not fitted yet."""


def tune(
    model: Unmixer,
    spectra: Tensor | NDArray[Any],
    choices: Mapping[str, Sequence[Any]],
    *,
    search: Literal["grid", "random"] = "grid",
    n_trials: int = 20,
    n_folds: int = 2,
    random_state: int = 0,
    progress: Progress = lambda share: None,
) -> Tuning:
    """Try combinations of parameters on held-out pixels and bands.

    Parameters
    ----------
    model : Unmixer
        Not fitted; what is not searched stays as it is, but for `n_refits`, of which it takes at
        least two for the stability.
    spectra : Tensor or ndarray of shape (n_pixels, n_bands)
        Valid ones, such as `Scene.sample` gives.
    choices : mapping of str to sequence
        Values of parameters of `Unmixer`, or of fields of `FitSettings`.
    search : {"grid", "random"}
        All combinations, or `n_trials` of them.
    n_trials : int
        Combinations that a random search tries; no more than there are.
    n_folds : int
        Parts of the pixels, each of which is scored by models of the others.
    random_state : int
        Seed of the folds and of the random search.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    Tuning

    Raises
    ------
    UnmixError
        If there is nothing to choose from, a name is not known, a value out of range, or no
        combination can be learned.
    """
    rows = as_rows(spectra).cpu().numpy()
    if len(rows) < n_folds:
        raise UnmixError(
            f"{len(rows)} pixels cannot be dealt to {n_folds} folds. Give more, or check the mask "
            "and the nodata value."
        )
    grid = _grid(model, choices)
    n_combinations = int(np.prod([len(values) for values in grid.values()]))
    n_tried = n_combinations if search == "grid" else min(n_trials, n_combinations)
    settings: dict[str, Any] = {
        "scoring": _counting(progress, n_tried * n_folds),
        "refit": False,
        "cv": KFold(n_folds, shuffle=True, random_state=random_state),
    }
    estimator = _with_refits(model)
    if search == "grid":
        searched = GridSearchCV(estimator, grid, **settings)
    else:
        searched = RandomizedSearchCV(
            estimator, grid, n_iter=n_tried, random_state=random_state, **settings
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitFailedWarning)  # the table says which
            warnings.filterwarnings("ignore", message="One or more of the test scores are non-fini")
            searched.fit(rows)
    except ValueError as error:
        raise UnmixError(
            f"no model could be learned of {len(rows)} pixels with any of the {n_tried} "
            f"combinations: {_last_reason(error)}"
        ) from None
    return _ranked(model, searched.cv_results_)


def _last_reason(error: ValueError) -> str:
    """The last line of the tracebacks that scikit-learn gathers, without the name of its class."""
    line = str(error).strip().splitlines()[-1]
    return line.removeprefix(f"{UnmixError.__module__}.{UnmixError.__qualname__}: ")


def _grid(model: Unmixer, choices: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """What scikit-learn searches: fields of FitSettings as settings made of all combinations."""
    own = [name for name in model.get_params(deep=False) if name not in ("settings", "progress")]
    unknown = [name for name in choices if name not in (*own, *SETTINGS)]
    if unknown:
        raise UnmixError(
            f"there is no parameter {unknown[0]!r} to tune. Take some of {', '.join(own)}, or of "
            f"the settings {', '.join(SETTINGS)}."
        )
    if not choices or not all(len(values) for values in choices.values()):
        raise UnmixError("there is nothing to tune: give at least one parameter and its values.")
    grid = {name: list(values) for name, values in choices.items() if name in own}
    inner = {name: list(values) for name, values in choices.items() if name in SETTINGS}
    if inner:
        first = model.settings or FitSettings()
        combined = product(*inner.values())
        grid["settings"] = [
            replace(first, **dict(zip(inner, each, strict=True))) for each in combined
        ]
    return grid


def _with_refits(model: Unmixer) -> Unmixer:
    changed: Unmixer = Unmixer(**model.get_params(deep=False))
    changed.n_refits = max(TUNED_REFITS, model.n_refits)
    changed.progress = None
    return changed


def _counting(progress: Progress, n_scored: int) -> Callable[..., dict[str, float]]:
    """All scores of a model at once; counts how often it was asked."""
    n_done = 0

    def scores(model: Unmixer, spectra: NDArray[Any], y: object = None) -> dict[str, float]:
        nonlocal n_done
        n_done += 1
        progress(min(1.0, n_done / n_scored))
        held_out, stability = held_out_score(model, spectra), stability_score(model)
        score = held_out - UNSTABLE_DB * (1 - stability)
        return {"score": score, "held_out": held_out, "stability": stability}

    progress(0.0)
    return scores


def _ranked(model: Unmixer, results: dict[str, Any]) -> Tuning:
    """Trials from the best to the worst."""
    trials = []
    for k, parameters in enumerate(results["params"]):
        score = _number(results["mean_test_score"][k])
        trial = Trial(
            _plain(parameters, model),
            score,
            None if score is None else _number(results["std_test_score"][k]),
            _number(results["mean_test_held_out"][k]),
            _number(results["mean_test_stability"][k]),
            float(results["mean_fit_time"][k]),
        )
        trials.append((trial, parameters))
    trials.sort(key=lambda pair: -np.inf if pair[0].score is None else pair[0].score, reverse=True)
    best = Unmixer(**{**model.get_params(deep=False), **trials[0][1]})
    return Tuning([trial for trial, _ in trials], best)


def _plain(parameters: dict[str, Any], model: Unmixer) -> dict[str, Any]:
    """Parameters as numbers and texts, the settings by their fields that were changed."""
    said = {name: value for name, value in parameters.items() if name != "settings"}
    if "settings" in parameters:
        first = model.settings or FitSettings()
        chosen = parameters["settings"]
        changed = {name: getattr(chosen, name) for name in SETTINGS}
        said |= {name: value for name, value in changed.items() if value != getattr(first, name)}
    return said


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
