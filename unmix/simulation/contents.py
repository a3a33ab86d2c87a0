"""What a written scene holds: its pixels with their truth, and what is said of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from scenes.bands import Bands
from scenes.grid import Grid
from unmix.errors import UnmixError
from unmix.simulation.simulate import SimulatedBlock, Simulation
from unmix.simulation.truth import TargetRecord


@dataclass(frozen=True, eq=False)
class SceneContents:
    """A scene to be written with its truth, from wherever its pixels come."""

    grid: Grid
    """Where the pixels lie."""
    bands: Bands
    """Wavelengths and widths as far as known, and which bands are good."""
    names: tuple[str, ...]
    """Of the materials, in the order of the abundances."""
    endmembers: NDArray[np.float32]
    """Reflectance of each material in each band, (n_materials, n_bands)."""
    blocks: Callable[[int, int], Iterator[SimulatedBlock]]
    """Rows of the scene: ``blocks(first row, number of rows)``."""
    metadata: dict[str, Any]
    """Further fields of an ENVI header."""
    record: dict[str, Any]
    """What ``<stem>_simulation.json`` says."""


def simulated_contents(simulation: Simulation) -> SceneContents:
    """What a simulated scene holds.

    Raises
    ------
    UnmixError
        If its ``epsg`` is none.
    """
    seen = simulation.sensor_bands
    description = f"simulated scene, seed {simulation.seed}, SNR {simulation.snr_db:g} dB"
    return SceneContents(
        grid=_grid(simulation),
        bands=Bands(seen.wavelengths_nm, seen.fwhm_nm, seen.good),
        names=simulation.names,
        endmembers=simulation.endmembers,
        blocks=simulation.blocks,
        metadata={"description": description, "sensor type": seen.name},
        record=_record(simulation),
    )


def _grid(simulation: Simulation) -> Grid:
    """Grid of the scene, its rotation included."""
    try:
        crs = None if simulation.epsg is None else CRS.from_epsg(simulation.epsg)
    except CRSError as error:
        raise UnmixError(
            f"`epsg` {simulation.epsg!r} is no known coordinate reference system. Give its EPSG "
            "number, such as 32611 for UTM zone 11 North, or None."
        ) from error
    return Grid(crs, Affine(*simulation.transform), simulation.height, simulation.width)


def _record(simulation: Simulation) -> dict[str, Any]:
    """Describe the simulation in words and numbers that JSON can hold."""
    settings = {field.name: getattr(simulation, field.name) for field in fields(simulation)}
    del settings["targets"]
    settings["materials"] = simulation.names[: len(simulation.materials)]
    settings["sensor"] = simulation.sensor_bands.name
    if np.isinf(simulation.snr_db):
        settings["snr_db"] = None  # JSON has no infinity
    a, b, c, d, e, f = simulation.transform
    targets = []
    for target in simulation.placed_targets:
        row, column = target.centre
        x, y = a * column + b * row + c, d * column + e * row + f
        place = TargetRecord(target.name, target.area_px, row, column, x, y)
        targets.append(place._asdict())
    return {
        "settings": settings,
        "noise_sigma": simulation.noise_sigma,
        "sources": {each.name: each.source for each in simulation.all_materials},
        "targets": targets,
    }
