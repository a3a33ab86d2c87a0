"""Randomness that depends only on where it is: the same pixel in any block, in any order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Field = NDArray[np.float32]

_SMALLEST_CELL_PX = 2.0  # finer octaves would only be white noise
_LATTICE_VARIANCE = 1.0 / 3.0  # of the uniform distribution on [-1, 1]
_SPLINE_GAIN = 151.0 / 315.0  # mean over t of the sum of squared cubic B-spline weights


def row_generator(seed: int, stream: int, row: int) -> np.random.Generator:
    """Make the generator of one row of a scene, independent of every other row and stream.

    Philox turns a key and a counter into random bits without a state to run through, so row
    9000 costs as much as row 0; Salmon et al. (2011), doi:10.1145/2063384.2063405.

    Parameters
    ----------
    seed, stream, row : int
        Nonnegative, `stream` below 2**16, `row` below 2**48.

    Examples
    --------
    >>> a, b = row_generator(1, 0, 7), row_generator(1, 0, 7)
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.Generator(np.random.Philox(key=[seed, (stream << 48) + row]))


@dataclass(frozen=True)
class SmoothNoise:
    """A smooth random field on the plane, of mean 0 and variance 1.

    Octaves of value noise: in each, independent numbers on a square lattice are joined by
    cubic B-splines; the cells halve from octave to octave and the amplitude falls by
    `persistence`. A value depends on `seed`, `stream` and its position alone.

    Parameters
    ----------
    seed, stream : int
        Which field.
    cell_px : float
        Side of the cells of the coarsest octave in pixels: the size of the patches.
    persistence : float
        Amplitude of an octave over that of the coarser one before, 0 to 1.
    """

    seed: int
    stream: int
    cell_px: float
    persistence: float = 0.5

    def values(self, rows: Indices, columns: Indices) -> Field:
        """Return the field at the crossings of `rows` and `columns`.

        Parameters
        ----------
        rows, columns : int64 ndarray
            Pixel numbers, nonnegative.

        Returns
        -------
        float32 ndarray of shape (len(rows), len(columns))
        """
        total = np.zeros((len(rows), len(columns)), dtype=np.float32)
        power = 0.0
        for octave, (cell, amplitude) in enumerate(self._octaves()):
            down, across = _Spline.at(rows, cell), _Spline.at(columns, cell)
            lattice = self._lattice(octave, down.knots, across.knots)
            total += np.float32(amplitude) * down.join(_turned(across.join(lattice.T)))
            power += amplitude**2
        scale = 1.0 / np.sqrt(power * _LATTICE_VARIANCE * _SPLINE_GAIN**2)
        total *= np.float32(scale)
        return total

    def slopes(self, rows: Indices, columns: Indices) -> tuple[Field, Field]:
        """Return the derivatives of the field down the rows and across the columns, per pixel.

        Their scale is that of an unnormalised field: only ratios mean something.
        """
        shape = (len(rows), len(columns))
        down_slope = np.zeros(shape, dtype=np.float32)
        across_slope = np.zeros(shape, dtype=np.float32)
        for octave, (cell, amplitude) in enumerate(self._octaves()):
            down, across = _Spline.at(rows, cell), _Spline.at(columns, cell)
            lattice = self._lattice(octave, down.knots, across.knots)
            per_pixel = np.float32(amplitude / cell)
            down_slope += per_pixel * down.join_slope(_turned(across.join(lattice.T)))
            across_slope += per_pixel * down.join(_turned(across.join_slope(lattice.T)))
        return down_slope, across_slope

    def _octaves(self) -> list[tuple[float, float]]:
        """Cell size and amplitude of each octave, coarsest first."""
        n_octaves = 1 + max(0, int(np.log2(self.cell_px / _SMALLEST_CELL_PX)))
        return [(self.cell_px / 2**i, self.persistence**i) for i in range(n_octaves)]

    def _lattice(self, octave: int, rows: Indices, columns: Indices) -> Field:
        """Uniform numbers on [-1, 1] at lattice points, hashed from their coordinates."""
        key = row_generator(self.seed, self.stream, octave).integers(2**63, dtype=np.int64)
        down = _mixed(rows.astype(np.uint64) ^ np.uint64(key))
        bits = _mixed(down[:, None] ^ columns.astype(np.uint64))
        unit = (bits >> np.uint64(40)).astype(np.float32) / np.float32(2**23)  # [0, 2)
        return unit - np.float32(1.0)


@dataclass(frozen=True)
class _Spline:
    """Where positions lie between lattice points, along one axis."""

    knots: Indices  # lattice points needed, ascending
    left: NDArray[np.intp]  # index in knots of the first of each position's four
    t: Field  # 0 to 1, between the second and the third

    @classmethod
    def at(cls, pixels: Indices, cell_px: float) -> "_Spline":
        position = (pixels + 0.5) / cell_px
        first = np.floor(position).astype(np.int64)  # knot -1 of the lattice is called 0
        knots = np.unique(first[:, None] + np.arange(4))
        t = (position - first).astype(np.float32)
        return cls(knots, np.searchsorted(knots, first), t)

    def join(self, lattice: Field) -> Field:
        """Interpolate along axis 0, (n_knots, m) -> (n_positions, m)."""
        t = self.t
        s = 1 - t
        t_cubed, s_cubed = t * t * t, s * s * s
        weights = (s_cubed, 4 - 6 * t * t + 3 * t_cubed, 4 - 6 * s * s + 3 * s_cubed, t_cubed)
        return self._weighted(lattice, weights) / np.float32(6)

    def join_slope(self, lattice: Field) -> Field:
        """Differentiate along axis 0, per cell, (n_knots, m) -> (n_positions, m)."""
        t = self.t
        s = 1 - t
        weights = (-s * s, 3 * t * t - 4 * t, 4 * s - 3 * s * s, t * t)
        return self._weighted(lattice, weights) / np.float32(2)

    def _weighted(self, lattice: Field, weights: tuple[Field, ...]) -> Field:
        total = np.zeros((len(self.t), lattice.shape[1]), dtype=np.float32)
        for i, weight in enumerate(weights):
            total += lattice[self.left + i] * weight[:, None]
        return total


def _turned(field: Field) -> Field:
    """Transpose into contiguous rows, which join fast."""
    return np.ascontiguousarray(field.T)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit integers so that neighbours share nothing (the SplitMix64 finaliser).

    Steele, Lea and Flood (2014), doi:10.1145/2660193.2660195.
    """
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = keys ^ (keys >> np.uint64(31))
    return mixed
