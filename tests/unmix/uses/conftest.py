"""A scene whose classes differ in their neighbourhood alone, and networks without labels."""

from typing import NamedTuple

import numpy as np
import pytest

from unmix.networks import NetworkUnmixer
from unmix.uses.network_features import feature_network

N_BANDS, HEIGHT, WIDTH = 20, 32, 40


class Textured(NamedTuple):
    """Lone trees in a meadow on the left, a forest on the right; labels are of trees alone."""

    cube: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    """Squares of 8 x 8 pixels."""


@pytest.fixture(scope="session")
def textured() -> Textured:
    rng = np.random.default_rng(0)
    materials = rng.uniform(0.1, 0.6, (2, N_BANDS))
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    lone = (row % 3 == 1) & (column % 3 == 1)
    forest = column >= WIDTH // 2
    cube = materials[np.where(forest | lone, 0, 1)].transpose(2, 0, 1)
    cube = cube + 0.02 * rng.standard_normal(cube.shape)
    cube[:, 10, 12] = np.nan
    inside = lone & np.isfinite(cube[0]) & (abs(column - WIDTH // 2) > 3)
    rows, columns = inside.nonzero()
    classes = (columns >= WIDTH // 2).astype(int)
    return Textured(cube.astype(np.float32), rows, columns, classes, rows // 8 * 5 + columns // 8)


@pytest.fixture(scope="session")
def network_of(textured):
    """A network of a kind, fitted without labels for a few steps."""
    made: dict[str, NetworkUnmixer] = {}

    def of(kind: str) -> NetworkUnmixer:
        if kind not in made:
            made[kind] = feature_network(kind, n_steps=60, device="cpu").fit(textured.cube)
        return made[kind]

    return of
