"""A simulated scene with known truth, made block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unmix.simulation import checks
from unmix.simulation.landscape import Landscape
from unmix.simulation.materials import find_material
from unmix.simulation.noise import Field, Indices, row_generator
from unmix.simulation.sensors import Sensor, find_sensor
from unmix.simulation.spectra import Material
from unmix.simulation.targets import Target, place

BAD_BAND_SIGNAL = 0.02
"""Share of the signal that comes through in a bad band."""
BAD_BAND_SIGMA = 0.05
"""Standard deviation of the noise in a bad band, in reflectance."""

_NOISE_STREAM = 0
_BLOCK_BYTES = 32 * 2**20


class SimulatedBlock(NamedTuple):
    """Some rows of a simulated scene."""

    row: int
    """First row."""
    cube: Field
    """Reflectance with noise, float32 (n_bands, height, width), NaN where there are no data."""
    abundances: Field
    """True abundances, float32 (n_materials, height, width), NaN where there are no data."""


@dataclass(frozen=True)
class Simulation:
    """A scene to be simulated: what lies there, who looks, and how well.

    ``y = s(x) sum_k a_k(x) v_k(x) r_k + noise``: abundances ``a`` on the simplex, reflectances
    ``r``, illumination ``s`` of the terrain, and optionally brightness factors ``v`` of each
    material. A pixel depends on the settings and its position alone, never on the block in
    which it is made.

    Parameters
    ----------
    height, width : int
        Pixels, at least 4 x 4.
    materials : tuple of str or Material
        What covers the ground, 2 or more; see `MATERIALS`.
    sensor : str or Sensor
        See `SENSORS`.
    snr_db : float
        ``10 log10(mean(signal^2) / sigma^2)`` over the good bands; the same sigma in each of
        them. ``inf`` for no noise.
    seed : int
        0 or more. Same settings, same scene.
    terrain : float
        Root mean square slope of the ground: 0 = flat, 0.3 = 17 degrees.
    purity : float
        Largest abundance in the landscape: 1 = pure pixels of every material, less = none.
        Targets are not limited by it.
    cover : tuple of float or None
        Share of the scene where each material leads, summing to 1. None: equal shares.
    mixing : float
        How wide the mixed borders between patches are; about 0.1 (sharp) to 2 (all is mixed).
    patch_px : float or None
        Size of a patch in pixels. None: a fifth of the shorter side, at most 100 px.
    variability : float
        Standard deviation of each material's own smooth brightness factor, 0 to 0.3.
    targets : tuple of Target
        Small objects of known area. Their materials may be new ones.
    nodata_border : int
        Width in pixels of the wedges without data on both sides, as in a flight line that lies
        askew in its frame. 0 = none.
    rotation_deg : float
        Rotation of the image against the map, counter-clockwise.
    pixel_size : float
        Side of a pixel in units of the map.
    epsg : int or None
        Coordinate reference system. None: no georeference, and the identity as transform.
    origin : tuple of float
        Map coordinates of the upper left corner.

    Raises
    ------
    UnmixError
        If a setting is out of range; the message names it and its range.

    Examples
    --------
    >>> scene = Simulation(40, 50, ("water", "sand", "green vegetation"), sensor="enmap")
    >>> block = scene.block(row=10, height=5)
    >>> block.cube.shape, block.abundances.shape
    ((224, 5, 50), (3, 5, 50))
    >>> scene.names
    ('water', 'sand', 'green vegetation')
    """

    height: int
    width: int
    materials: tuple[str | Material, ...]
    sensor: str | Sensor = "emit"
    snr_db: float = 40.0
    seed: int = 0
    terrain: float = 0.3
    purity: float = 1.0
    cover: tuple[float, ...] | None = None
    mixing: float = 0.5
    patch_px: float | None = None
    variability: float = 0.0
    targets: tuple[Target, ...] = ()
    nodata_border: int = 0
    rotation_deg: float = 0.0
    pixel_size: float = 30.0
    epsg: int | None = 32611
    origin: tuple[float, float] = (500_000.0, 4_160_000.0)

    def __post_init__(self) -> None:
        checks.check_size(self.height, self.width, self.nodata_border)
        for name in checks.RANGES:
            checks.check_number(name, getattr(self, name))
        checks.check_patch(self.patch_px)
        names = [find_material(each).name for each in self.materials]
        checks.check_materials(names, self.cover, self.purity)
        _ = self.sensor_bands, self.placed_targets  # raise now, not in the first block

    @cached_property
    def sensor_bands(self) -> Sensor:
        """The sensor itself: wavelengths, widths and good bands."""
        return find_sensor(self.sensor)

    @cached_property
    def all_materials(self) -> tuple[Material, ...]:
        """Materials of the landscape, then those that only targets are made of."""
        wanted = [*self.materials, *(target.material for target in self.targets)]
        return tuple({(m := find_material(each)).name: m for each in wanted}.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all materials, in the order of the abundances."""
        return tuple(each.name for each in self.all_materials)

    @property
    def n_bands(self) -> int:
        """Number of bands of the sensor, the bad ones included."""
        return self.sensor_bands.n_bands

    @cached_property
    def endmembers(self) -> NDArray[np.float32]:
        """True reflectance of each material in each band, float32 (n_materials, n_bands)."""
        return self.sensor_bands.observe(self.all_materials).astype(np.float32)

    @cached_property
    def placed_targets(self) -> tuple[Target, ...]:
        """Targets with their places, in the order given."""
        return place(self.targets, self.height, self.width, self.seed, self.nodata_border)

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine ``(a, b, c, d, e, f)``: ``x = a column + b row + c, y = d column + e row + f``."""
        if self.epsg is None:
            return 1.0, 0.0, 0.0, 0.0, 1.0, 0.0
        angle = np.deg2rad(self.rotation_deg)
        along, aside = (
            self.pixel_size * float(np.cos(angle)),
            self.pixel_size * float(np.sin(angle)),
        )
        return along, aside, self.origin[0], aside, -along, self.origin[1]

    @cached_property
    def landscape(self) -> Landscape:
        """The fields behind the scene."""
        n_materials = len(self.materials)
        side = min(self.height, self.width)
        return Landscape(
            height=self.height,
            width=self.width,
            n_materials=n_materials,
            seed=self.seed,
            patch_px=self.patch_px or min(max(side / 5.0, 4.0), 100.0),
            mixing=self.mixing,
            purity=self.purity,
            cover=self.cover or (1.0 / n_materials,) * n_materials,
            terrain=self.terrain,
            rotation_deg=self.rotation_deg,
            variability=self.variability,
        )

    @cached_property
    def noise_sigma(self) -> float:
        """Standard deviation of the noise in the good bands, in reflectance.

        From the mean square of the noise-free signal over an even sample of at most 96 x 96
        pixels (all pixels of a small scene), so that it is known before the first block.
        """
        if np.isinf(self.snr_db):
            return 0.0
        rows, columns = self.landscape.sample_grid()
        _, lit = self._fields(rows, columns)
        lit = lit[:, self._valid(rows, columns)].astype(np.float64)
        seen = self.endmembers[:, self.sensor_bands.good].astype(np.float64)
        signal_power = float(np.einsum("kn,kj,jn->", lit, seen @ seen.T, lit))
        signal_power /= lit.shape[1] * seen.shape[1]
        return float(np.sqrt(signal_power / 10.0 ** (self.snr_db / 10.0)))

    def block(self, row: int = 0, height: int | None = None) -> SimulatedBlock:
        """Make some rows of the scene.

        Parameters
        ----------
        row : int
            First row.
        height : int or None
            Number of rows. None: all that follow.

        Returns
        -------
        SimulatedBlock
            The same numbers for a pixel, whatever the block it is asked for in.

        Raises
        ------
        UnmixError
            If the rows are not in the scene.
        """
        height = self.height - row if height is None else height
        checks.check_rows(row, height, self.height)
        rows = np.arange(row, row + height, dtype=np.int64)
        columns = np.arange(self.width, dtype=np.int64)
        abundances, lit = self._fields(rows, columns)
        cube = np.empty((self.n_bands, height, self.width), dtype=np.float32)
        for i, number in enumerate(rows):
            cube[:, i] = self._observed_row(int(number), lit[:, i])
        if self.nodata_border:
            invalid = ~self._valid(rows, columns)
            cube[:, invalid] = np.nan
            abundances[:, invalid] = np.nan
        return SimulatedBlock(row, cube, abundances)

    def blocks(
        self, row: int = 0, height: int | None = None, max_bytes: int = _BLOCK_BYTES
    ) -> Iterator[SimulatedBlock]:
        """Make the scene, or `height` rows of it, in cubes of at most about `max_bytes`."""
        stop = self.height if height is None else row + height
        n_rows = max(1, max_bytes // (4 * self.n_bands * self.width))
        for first in range(row, stop, n_rows):
            yield self.block(first, min(n_rows, stop - first))

    def _fields(self, rows: Indices, columns: Indices) -> tuple[Field, Field]:
        """Abundances, and abundances times the light that falls on them."""
        n_landscape, n_all = len(self.materials), len(self.all_materials)
        abundances = np.zeros((n_all, len(rows), len(columns)), dtype=np.float32)
        abundances[:n_landscape] = self.landscape.abundances(rows, columns)
        for target in self.placed_targets:
            cover = target.cover(rows, columns)
            if cover.any():
                abundances *= 1 - cover
                abundances[self.names.index(target.name)] += cover
        lit = abundances * self.landscape.illumination(rows, columns)
        if self.variability > 0:
            lit[:n_landscape] *= self.landscape.brightness(rows, columns)
        return abundances, lit

    def _valid(self, rows: Indices, columns: Indices) -> NDArray[np.bool_]:
        """Where there are data, bool (n_rows, n_columns): between the two wedges."""
        progress = (rows[:, None] + 0.5) / self.height
        left, right = (
            self.nodata_border * (1 - progress),
            self.width - self.nodata_border * progress,
        )
        centres = columns + 0.5
        valid: NDArray[np.bool_] = (centres >= left) & (centres <= right)
        return valid

    @cached_property
    def _response(self) -> Field:
        """Signal per abundance, float32 (n_materials, n_bands); hardly any in bad bands."""
        let_through = np.where(self.sensor_bands.good, 1.0, BAD_BAND_SIGNAL)
        return (self.endmembers * let_through).astype(np.float32)

    def _observed_row(self, row: int, lit: Field) -> Field:
        """Noisy signal of one row, float32 (n_bands, width), from its lit abundances.

        Materials are added one by one: a matrix product may round by the shape of the block and
        the number of threads.
        """
        sigmas = np.where(self.sensor_bands.good, self.noise_sigma, BAD_BAND_SIGMA)
        generator = row_generator(self.seed, _NOISE_STREAM, row)
        observed = generator.standard_normal((self.n_bands, self.width), dtype=np.float32)
        observed *= sigmas.astype(np.float32)[:, None]
        part = np.empty_like(observed)
        for response, amount in zip(self._response, lit, strict=True):
            if amount.any():
                observed += np.multiply(response[:, None], amount, out=part)
        return observed
