"""unmix with one part switched off at a time."""

import dataclasses
from collections.abc import Iterable
from functools import partial
from typing import Any

from accuracy.measuring import Trial
from accuracy.methods import NEVER, Fit, fit_unmix
from accuracy.table import Spread, how_made, markdown, short
from unmix.autoencoder import FitSettings

VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no noise ball": {"ball": 1 / NEVER, "ball_rounds": 1},
    "no sparsity": {"sparsity": 0.0},
    "no spread": {"spread": 0.0},
    "no flattening": {"flatten": NEVER},
    "no constant band in even light": {"even_light": False},
    "no rare materials": {"rare_ratio": NEVER},
    "no extra directions": {"n_extra": 0},
    "never outside the hull": {"leave_hull": NEVER},
    "always outside the hull": {"leave_hull": 1 / NEVER},
    "brightness does not count": {"brightness_power": 0.0},
    "half the points": {"n_points": 500},
    "half the starts": {"n_starts": 8},
    "half the steps": {"n_steps": 150},
    "half the starts, half the steps": {"n_starts": 8, "n_steps": 150},
}
"""What each variant changes in the settings, by the name of the field."""


def variant_fit(name: str) -> Fit:
    """The fit of a variant."""
    return partial(fit_unmix, settings=FitSettings(**VARIANTS[name]))


def ablation_table(runs: dict[str, dict[str, list[Trial]]]) -> str:
    """Markdown: one row for each variant, one column for each scene.

    Parameters
    ----------
    runs : dict
        Runs over seeds for each variant and scene; the same scenes in every variant.

    Returns
    -------
    str
        SAD in radians, mean ± standard deviation (worst), on planted scenes with the number of
        seeds that found the material; last the mean over scenes and the time of a fit.
    """
    scenes = list(next(iter(runs.values())))
    rows = []
    for variant, each in runs.items():
        everything = [run for scene in scenes for run in each[scene]]
        mean = Spread.of(Spread.of(_angles(each[scene])).mean for scene in scenes).mean
        seconds = Spread.of(run.fit_s for run in everything).mean
        rows.append([variant, *(_cell(each[s]) for s in scenes), short(mean), f"{seconds:.2f}"])
    return markdown(["variant", *scenes, "mean", "fit, s"], rows, n_names=1)


def ablation_json(runs: dict[str, dict[str, list[Trial]]], n_threads: int) -> dict[str, Any]:
    """Every number of every variant, ready for `json.dump`."""
    found = [
        {
            "variant": variant,
            "settings": VARIANTS[variant],
            "scene": scene,
            "sad_rad": dataclasses.asdict(Spread.of(_angles(each))),
            "runs": [dataclasses.asdict(run) for run in each],
        }
        for variant, scenes in runs.items()
        for scene, each in scenes.items()
    ]
    return {**how_made(n_threads), "variants": found}


def _cell(runs: list[Trial]) -> str:
    found = [run.score.found for run in runs if run.score.found is not None]
    return str(Spread.of(_angles(runs))) + (f", {sum(found)}/{len(found)}" if found else "")


def _angles(runs: Iterable[Trial]) -> list[float]:
    return [run.score.sad_rad for run in runs]
