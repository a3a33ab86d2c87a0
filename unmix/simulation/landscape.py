"""What lies where: abundance fields, terrain illumination and the edge of the swath."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unmix.errors import UnmixError
from unmix.simulation.noise import Field, Indices, SmoothNoise

SUN_ZENITH_DEG = 35.0
SUN_AZIMUTH_DEG = 150.0
_SKY_LIGHT = 0.1  # illumination of a slope turned away from the sun
_SAMPLE_SIDE = 96  # the fields are measured on at most 96 x 96 pixels, spread evenly
_NEVER = -1e6  # a score that no projection picks
_TERRAIN_STREAM = 1
_MATERIAL_STREAMS = 16  # 16, 17, ... one per material
_VARIABILITY_STREAMS = 4096


@dataclass(frozen=True)
class Landscape:
    """Abundances and illumination of a scene, as functions of the pixel.

    Every material has a smooth random score; a pixel's abundances are the projection of its
    scores onto the simplex. So where one material leads clearly the pixel is pure, and between
    patches there are mixed borders of two or three materials, as in nature.

    Parameters
    ----------
    height, width : int
        Pixels.
    n_materials : int
        2 or more.
    seed : int
        Same seed, same landscape.
    patch_px : float
        Typical size of a patch in pixels.
    mixing : float
        Width of the mixed borders in standard deviations of a score; 0.5 leaves a third to a half
        of the pixels pure. Narrowed where needed, so that each material is pure somewhere.
    purity : float
        Largest abundance allowed, from above 1 / n_materials to 1. The rest goes to the
        runners-up, so pixels stay on the faces of the simplex.
    cover : tuple of float
        Share of the scene in which each material leads; sums to 1.
    terrain : float
        Root mean square slope, 0 = flat, 0.3 = 17 degrees.
    rotation_deg : float
        Counter-clockwise rotation of the image, which turns the sun's direction in it.
    variability : float
        Standard deviation of each material's own smooth brightness factor, 0 = none.
    """

    height: int
    width: int
    n_materials: int
    seed: int
    patch_px: float
    mixing: float
    purity: float
    cover: tuple[float, ...]
    terrain: float
    rotation_deg: float
    variability: float

    def abundances(self, rows: Indices, columns: Indices) -> Field:
        """Abundances at the crossings of `rows` and `columns`.

        Parameters
        ----------
        rows, columns : int64 ndarray
            Pixel numbers inside the scene.

        Returns
        -------
        float32 ndarray of shape (n_materials, len(rows), len(columns))
            On the simplex; a pure pixel holds exactly 1 and 0.
        """
        offsets, mixing = self._balance
        scores = self._scores(rows, columns) + offsets[:, None, None]
        scores /= mixing
        fractions = project_to_capped_simplex(scores.reshape(self.n_materials, -1), self.purity)
        return fractions.reshape(scores.shape)

    def illumination(self, rows: Indices, columns: Indices) -> Field:
        """Light on the ground relative to the mean of the scene, shape (n_rows, n_columns).

        The cosine of the sun's angle to the slope over that to the plain (Lambert's law), not
        below a little light from the sky.
        """
        if self.terrain == 0:
            return np.ones((len(rows), len(columns)), dtype=np.float32)
        slope_scale, light_scale = self._relief
        return self._lambert(rows, columns, slope_scale) * np.float32(light_scale)

    def brightness(self, rows: Indices, columns: Indices) -> Field:
        """Each material's own brightness factor, shape (n_materials, n_rows, n_columns).

        The extended linear mixing model of Drumetz et al. (2016),
        doi:10.1109/TIP.2016.2579259, with smooth factors of mean 1.
        """
        factors = np.ones((self.n_materials, len(rows), len(columns)), dtype=np.float32)
        if self.variability == 0:
            return factors
        for k in range(self.n_materials):
            noise = SmoothNoise(self.seed, _VARIABILITY_STREAMS + k, self.patch_px)
            factors[k] += np.float32(self.variability) * noise.values(rows, columns)
        return np.maximum(factors, np.float32(0.1))

    def sample_grid(self) -> tuple[Indices, Indices]:
        """Rows and columns of an even sample of at most 96 x 96 pixels; all of a small scene."""
        return _evenly(self.height), _evenly(self.width)

    def _scores(self, rows: Indices, columns: Indices) -> Field:
        """Independent smooth fields, one per material."""
        streams = range(_MATERIAL_STREAMS, _MATERIAL_STREAMS + self.n_materials)
        fields = (SmoothNoise(self.seed, stream, self.patch_px) for stream in streams)
        return np.stack([field.values(rows, columns) for field in fields])

    @cached_property
    def _balance(self) -> tuple[Field, np.float32]:
        """Offset of each score that gives the wanted cover, and the width of the borders."""
        scores = self._scores(*self.sample_grid()).reshape(self.n_materials, -1)
        wanted = np.asarray(self.cover)
        offsets = np.zeros(self.n_materials, dtype=np.float32)
        n_pixels = scores.shape[1]
        for _ in range(60):
            leaders = np.argmax(scores + offsets[:, None], axis=0)
            found = np.bincount(leaders, minlength=self.n_materials) / n_pixels
            floor = 0.5 / n_pixels
            offsets += (0.3 * np.log(np.maximum(wanted, floor) / np.maximum(found, floor))).astype(
                np.float32
            )
        lead = float(_largest_leads(scores + offsets[:, None]).min())
        if lead <= 0:
            raise UnmixError(
                f"{self.n_materials} materials in patches of {self.patch_px:g} px do not all find "
                f"a place in {self.height} x {self.width} pixels. Make the scene larger, or its "
                "patches smaller, or give the rarest material more cover."
            )
        return offsets, np.float32(min(self.mixing, 0.99 * lead))

    @cached_property
    def _relief(self) -> tuple[float, float]:
        """Factors that make the slope's root mean square `terrain` and the mean light 1."""
        grid = self.sample_grid()
        down, across = self._height.slopes(*grid)
        rms = float(np.sqrt(np.mean(down.astype(np.float64) ** 2 + across.astype(np.float64) ** 2)))
        slope_scale = self.terrain / max(rms, 1e-12)
        light = self._lambert(*grid, slope_scale).mean(dtype=np.float64)
        return slope_scale, 1.0 / float(light)

    @property
    def _height(self) -> SmoothNoise:
        return SmoothNoise(self.seed, _TERRAIN_STREAM, 1.5 * self.patch_px, persistence=0.35)

    def _lambert(self, rows: Indices, columns: Indices, slope_scale: float) -> Field:
        """Cosine of the incidence angle over that on the plain, before normalisation."""
        azimuth = np.deg2rad(SUN_AZIMUTH_DEG + self.rotation_deg)
        tangent = np.tan(np.deg2rad(SUN_ZENITH_DEG))
        down, across = self._height.slopes(rows, columns)
        down *= np.float32(slope_scale)
        across *= np.float32(slope_scale)
        towards_sun = across * np.float32(np.sin(azimuth)) - down * np.float32(np.cos(azimuth))
        steepness = np.sqrt(1 + down * down + across * across)
        cosine = (1 - np.float32(tangent) * towards_sun) / steepness
        return np.maximum(cosine, np.float32(_SKY_LIGHT))


def project_to_capped_simplex(scores: Field, cap: float = 1.0) -> Field:
    """Nearest points with nonnegative coordinates that sum to 1, none above `cap`.

    Parameters
    ----------
    scores : float32 ndarray of shape (n_materials, n_pixels)
        Any finite numbers.
    cap : float
        Largest coordinate, from 1 / n_materials to 1.

    Returns
    -------
    float32 ndarray of the same shape
        Columns sum to 1; where one score leads all others by 1 or more and `cap` is 1, the
        column is exactly 1 and 0.

    References
    ----------
    Held, Wolfe and Crowder (1974), doi:10.1007/BF01580223, by sorting. A coordinate above the
    cap without the cap is at the cap with it, so it is fixed there and the rest is projected.

    Examples
    --------
    >>> project_to_capped_simplex(np.array([[9.0], [0.5], [0.2]], dtype=np.float32)).T
    array([[1., 0., 0.]], dtype=float32)
    >>> project_to_capped_simplex(np.array([[9.0], [0.5], [0.2]], dtype=np.float32), 0.5).T.round(3)
    array([[0.5, 0.4, 0.1]], dtype=float32)
    """
    return _project(scores, np.float32(1.0), np.float32(cap))


def _project(scores: Field, total: np.float32, cap: np.float32) -> Field:
    """Projection onto coordinates that sum to `total`, none above `cap`."""
    ranked = _descending(scores)
    excess = np.cumsum(ranked, axis=0, dtype=np.float32) - total
    counts = np.arange(1, len(scores) + 1, dtype=np.float32)[:, None]
    n_positive = np.count_nonzero(ranked * counts > excess, axis=0)
    threshold = np.take_along_axis(excess, n_positive[None] - 1, axis=0) / n_positive.astype("f4")
    shares: Field = np.maximum(scores - threshold, np.float32(0))
    shares /= np.cumsum(shares, axis=0, dtype=np.float32)[-1]  # undoes the rounding
    shares *= total
    over = np.flatnonzero((shares > cap).any(axis=0))
    if len(over) == 0 or total <= cap:
        return shares
    rest = scores[:, over]
    top = np.argmax(rest, axis=0)[None]
    np.put_along_axis(rest, top, np.float32(_NEVER), axis=0)
    rest = _project(rest, total - cap, cap)
    np.put_along_axis(rest, top, cap, axis=0)
    shares[:, over] = rest
    return shares


def _descending(scores: Field) -> Field:
    """Sort each column, largest first: odd-even transposition, whole rows at a time."""
    rows = list(scores)
    for i in range(len(rows)):
        for j in range(i % 2, len(rows) - 1, 2):
            larger, smaller = np.maximum(rows[j], rows[j + 1]), np.minimum(rows[j], rows[j + 1])
            rows[j], rows[j + 1] = larger, smaller
    return np.stack(rows)


def _evenly(n: int) -> Indices:
    """At most 96 pixel numbers, evenly spread over 0 to n - 1."""
    count = min(n, _SAMPLE_SIDE)
    return (np.arange(count, dtype=np.int64) * n + n // 2) // count


def _largest_leads(scores: Field) -> NDArray[np.float32]:
    """By how much each material leads all others where it leads most, shape (n_materials,)."""
    best, second = _descending(scores)[:2]
    rivals = np.where(scores == best, second, best)
    leads: NDArray[np.float32] = (scores - rivals).max(axis=1)
    return leads
