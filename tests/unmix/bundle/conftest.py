"""Scenes of every kind of grid, and bundles of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from affine import Affine
from rasterio.crs import CRS

from scenes import Bands, Grid
from scenes.export import GeoTiffWriter
from unmix.pipeline import Unmixing, unmix_scene

UTM, DEGREES = CRS.from_epsg(32611), CRS.from_epsg(4326)
GRIDS = {
    "north up": Grid(UTM, Affine(30, 0, 5e5, 0, -30, 4.1e6), 21, 34),
    "rotated": Grid(UTM, Affine(26, 15, 5e5, 15, -26, 4.1e6), 37, 23),
    "turned by 90 degrees": Grid(UTM, Affine(0, 20, 5e5, 20, 0, 4.1e6), 12, 31),
    "sheared": Grid(UTM, Affine(30, 3, 500000.25, 1, -20, 4.1e6), 15, 16),
    "in degrees": Grid(DEGREES, Affine(0.0005, 0, -110.5, 0, -0.0005, 35.25), 19, 28),
    "upwards": Grid(DEGREES, Affine(0.1, 0, 10, 0, 0.1, 20), 13, 17),
    "without CRS": Grid(None, Affine(2, 0, 100, 0, -2, 300), 11, 13),
    "without place": Grid(None, Affine.identity(), 9, 10),
    "one row": Grid(UTM, Affine(30, 0, 5e5, 0, -30, 4.1e6), 1, 41),
    "beyond one tile": Grid(UTM, Affine(26, 15, 5e5, 15, -26, 4.1e6), 517, 19),
}
ENDMEMBERS = np.array(
    [[0.05, 0.1, 0.08, 0.5, 0.4], [0.2, 0.3, 0.4, 0.45, 0.5], [0.06, 0.05, 0.04, 0.02, 0.01]],
    dtype=np.float32,
)
NM = np.array([480.0, 560.0, 660.0, 860.0, 1600 + 1 / 3])


def spectra_on(grid: Grid) -> np.ndarray:
    """Noisy mixtures (5, height, width); NaN in a corner and at random."""
    rng = np.random.default_rng(grid.width)
    fractions = rng.dirichlet([0.6] * 3, grid.shape)
    cube = (fractions @ ENDMEMBERS + rng.normal(0, 0.003, (*grid.shape, 5))).transpose(2, 0, 1)
    missing = rng.random(grid.shape) < 0.1
    missing[: grid.height // 3, : grid.width // 4] = True
    return np.where(missing, np.nan, cube).astype(np.float32)


@pytest.fixture(scope="session")
def grids() -> dict[str, Grid]:
    return GRIDS


@pytest.fixture(params=sorted(GRIDS))
def any_grid(request: pytest.FixtureRequest) -> str:
    """The name of every grid in turn."""
    return request.param


@pytest.fixture(scope="session")
def unmixing_on(
    tmp_path_factory: pytest.TempPathFactory, known_model: Callable
) -> Callable[[str], Unmixing]:
    """The run of a scene on a grid, with a model that knows its endmembers."""

    def unmixing(name: str) -> Unmixing:
        grid = GRIDS[name]
        path: Path = tmp_path_factory.mktemp("scene") / f"{name.replace(' ', '_')}.tif"
        bands = Bands(NM, np.full(5, 10.0), np.ones(5, dtype=bool))
        names = [f"{nm:.0f}" for nm in NM]
        with GeoTiffWriter(path, grid, names, wavelengths=bands, nodata=-9999) as writer:
            writer.write(0, 0, spectra_on(grid))
        model = known_model(torch.from_numpy(ENDMEMBERS))
        model.endmember_names_ = ["green vegetation", 'soil, "dry" <é>', "water"]
        return unmix_scene(path, model)

    return unmixing
