"""Small simulated scenes over purity, noise, variability, endmembers and bands."""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accuracy.known_scenes import KnownScene, simulated_scene
from accuracy.measuring import Trial
from accuracy.table import Spread, how_made, markdown, short
from unmix.simulation import MATERIALS, Sensor, Simulation

DEFAULT_METHODS = ("unmix", "vca-projected", "sisal")
LEVELS: dict[str, tuple[float, ...]] = {
    "n_endmembers": (3, 5, 8, 12, 20),
    "n_bands": (10, 50, 200),
    "purity": (0.6, 0.8, 1.0),
    "snr_db": (20, 30, 40),
    "variability": (0.0, 0.05),
}
"""Factors and their levels; every combination is a cell, where bands outnumber endmembers."""
QUICK_LEVELS: dict[str, tuple[float, ...]] = {
    "n_endmembers": (3,),
    "n_bands": (20,),
    "purity": (0.7, 1.0),
    "snr_db": (30,),
    "variability": (0.0,),
}
TITLES = ("n", "bands", "purity", "SNR, dB", "variability")
SIDE_PX, QUICK_SIDE_PX = 60, 24
TERRAIN = 0.2
READING = "reflectance"
"""Whose RMSE the table shows; the JSON has them all."""


@dataclass(frozen=True)
class Cell:
    """One combination of levels."""

    n_endmembers: int
    n_bands: int
    purity: float
    snr_db: float
    variability: float
    side_px: int = SIDE_PX

    def __str__(self) -> str:
        """As in ``n 3, bands 50, purity 0.8, SNR, dB 30, variability 0``."""
        levels = zip(TITLES, dataclasses.astuple(self), strict=False)
        return ", ".join(f"{title} {level:g}" for title, level in levels)

    def scene(self, seed: int) -> KnownScene:
        """The scene; a seed draws its materials, landscape and noise."""
        names = np.random.default_rng(seed).permutation(list(MATERIALS))[: self.n_endmembers]
        simulation = Simulation(
            self.side_px,
            self.side_px,
            tuple(str(name) for name in names),
            sensor=Sensor.evenly_spaced(self.n_bands),
            snr_db=self.snr_db,
            seed=seed,
            terrain=TERRAIN,
            purity=self.purity,
            variability=self.variability,
        )
        return simulated_scene(simulation)


def cells(levels: dict[str, tuple[float, ...]], side_px: int) -> list[Cell]:
    """Every combination of levels in which bands outnumber endmembers."""
    combinations = itertools.product(*(levels[field.name] for field in _factors()))
    found = [Cell(int(n), int(bands), *rest, side_px) for n, bands, *rest in combinations]
    return [cell for cell in found if cell.n_bands > cell.n_endmembers]


def sweep_table(runs: dict[Cell, dict[str, list[Trial]]]) -> str:
    """Markdown: the mean over each level of each factor, then every cell.

    Parameters
    ----------
    runs : dict
        Runs over seeds for each cell and method; the same methods in every cell.

    Returns
    -------
    str
        The smallest angle of a row is bold; "first in" counts cells.
    """
    methods = list(next(iter(runs.values())))
    header = [*TITLES, "cells", *(f"{each} SAD" for each in methods)]
    header += [*(f"{each} RMSE" for each in methods), *(f"{each} first in" for each in methods)]
    return markdown(header, [_row([], runs, methods), *_rows(runs, methods)], n_names=0)


def _rows(runs: dict[Cell, dict[str, list[Trial]]], methods: Sequence[str]) -> Iterable[list[str]]:
    names = [field.name for field in _factors()]
    for name in names:
        for level in sorted({getattr(cell, name) for cell in runs}):
            part = {cell: each for cell, each in runs.items() if getattr(cell, name) == level}
            if len(part) < len(runs):
                yield _row([name], part, methods)
    for cell, each in runs.items():
        yield _row(names, {cell: each}, methods)


def _row(
    shown: Sequence[str], runs: dict[Cell, dict[str, list[Trial]]], methods: Sequence[str]
) -> list[str]:
    """Means over some cells, with the levels of the factors that they share."""
    cell = next(iter(runs))
    levels = [f"{getattr(cell, f.name):g}" if f.name in shown else "all" for f in _factors()]
    sads = [[_mean_sad(each[method]) for method in methods] for each in runs.values()]
    means = np.mean(sads, axis=0)
    angles = [f"**{short(m)}**" if m == means.min() else short(m) for m in means]
    errors = [
        np.mean([run.score.rmse_moc[READING] for each in runs.values() for run in each[method]])
        for method in methods
    ]
    firsts = np.bincount(np.argmin(sads, axis=1), minlength=len(methods))
    return [*levels, str(len(runs)), *angles, *map(short, errors), *map(str, firsts)]


def sweep_json(runs: dict[Cell, dict[str, list[Trial]]], n_threads: int) -> dict[str, Any]:
    """Every number of every cell, ready for `json.dump`."""
    found = [
        {
            **dataclasses.asdict(cell),
            "method": method,
            "sad_rad": dataclasses.asdict(Spread.of(run.score.sad_rad for run in each)),
            "runs": [dataclasses.asdict(run) for run in each],
        }
        for cell, methods in runs.items()
        for method, each in methods.items()
    ]
    return {**how_made(n_threads), "terrain": TERRAIN, "cells": found}


def _mean_sad(runs: Iterable[Trial]) -> float:
    return Spread.of(run.score.sad_rad for run in runs).mean


def _factors() -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(Cell) if field.name != "side_px"]
