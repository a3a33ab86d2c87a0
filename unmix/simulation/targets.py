"""Small objects of known area, placed over the landscape with exact fractional cover."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unmix.errors import UnmixError, counted
from unmix.simulation.materials import find_material
from unmix.simulation.noise import Field, Indices, row_generator
from unmix.simulation.spectra import Material

_TARGET_STREAM = 2
_MOST_TRIES = 2000


@dataclass(frozen=True)
class Target:
    """A square panel of one material.

    Parameters
    ----------
    material : str or Material
        What it is made of; it covers whatever lies below.
    area_px : float
        Its area in pixels: 25 is 5 x 5 pixels, 0.1 a tenth of one.
    row, column : float or None
        Its centre in pixels, (0, 0) being the upper left corner of the scene and (0.5, 0.5)
        the centre of the first pixel. None: at a random place, clear of other targets.

    Raises
    ------
    UnmixError
        If the area is not positive, the material unknown, or only one of `row` and `column`
        is given.
    """

    material: str | Material
    area_px: float
    row: float | None = None
    column: float | None = None

    def __post_init__(self) -> None:
        find_material(self.material)
        if not (np.isfinite(self.area_px) and self.area_px > 0):
            raise UnmixError(
                f"`area_px` of a target must be a positive number of pixels. Got {self.area_px!r}."
            )
        if (self.row is None) != (self.column is None):
            raise UnmixError(
                f"a target has `row` {self.row!r} and `column` {self.column!r}. "
                "Give both, or neither for a random place."
            )

    @property
    def name(self) -> str:
        """Name of its material."""
        return find_material(self.material).name

    @property
    def side_px(self) -> float:
        """Side of the square."""
        return float(np.sqrt(self.area_px))

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the centre of a target that has been placed."""
        assert self.row is not None and self.column is not None, "place the target first"
        return self.row, self.column

    def cover(self, rows: Indices, columns: Indices) -> Field:
        """Share of each pixel that the target covers, exactly.

        Returns
        -------
        float32 ndarray of shape (len(rows), len(columns))
            The overlap of the square with each pixel's square; sums to `area_px` over the scene.
        """
        row, column = self.centre
        down = _overlap(rows, row, self.side_px)
        across = _overlap(columns, column, self.side_px)
        return np.outer(down, across).astype(np.float32)


def place(
    targets: Sequence[Target], height: int, width: int, seed: int, border_px: int
) -> tuple[Target, ...]:
    """Give every target a place inside the valid part of the scene, clear of all others.

    Parameters
    ----------
    targets : sequence of Target
        Those with a place keep it.
    height, width : int
        Size of the scene.
    seed : int
        Same seed, same places.
    border_px : int
        Columns left free on both sides, where the scene may hold no data.

    Returns
    -------
    tuple of Target
        In the order given, each with `row` and `column`.

    Raises
    ------
    UnmixError
        If a target lies outside or upon another, or there is no room left.
    """
    placed: dict[int, Target] = {}
    for i, target in enumerate(targets):
        if target.row is not None:
            _check_place(target, list(placed.values()), height, width, border_px)
            placed[i] = target
    order = sorted(set(range(len(targets))) - set(placed), key=lambda i: -targets[i].area_px)
    rng = row_generator(seed, _TARGET_STREAM, 0)
    for i in order:
        placed[i] = _random_place(targets[i], list(placed.values()), height, width, border_px, rng)
    return tuple(placed[i] for i in range(len(targets)))


def _random_place(
    target: Target,
    others: list[Target],
    height: int,
    width: int,
    border_px: int,
    rng: np.random.Generator,
) -> Target:
    half = target.side_px / 2
    lowest = np.array([half, border_px + half])
    room = np.array([height, width - border_px]) - half - lowest
    for _ in range(_MOST_TRIES if (room >= 0).all() else 0):
        row, column = lowest + room * rng.random(2)
        candidate = replace(target, row=float(row), column=float(column))
        if not any(_touch(candidate, other) for other in others):
            return candidate
    raise UnmixError(
        f"there is no room for a target of {target.area_px:g} px ({target.name}) in "
        f"{height} x {width} pixels with {counted(len(others), 'other target')} and {border_px} "
        "border columns. Make the scene larger, or the targets fewer or smaller."
    )


def _check_place(
    target: Target, others: list[Target], height: int, width: int, border_px: int
) -> None:
    """Refuse a wanted place that is outside the valid part, or taken."""
    half = target.side_px / 2
    row, column = target.centre
    inside = half <= row <= height - half and border_px + half <= column <= width - border_px - half
    if not inside:
        raise UnmixError(
            f"the target of {target.area_px:g} px at row {row:g}, column {column:g} reaches out "
            f"of the scene ({height} x {width} pixels, {border_px} border columns on both sides). "
            "Move it inwards."
        )
    if any(_touch(target, other) for other in others):
        raise UnmixError(
            f"the target at row {row:g}, column {column:g} lies upon another one. "
            "Targets must be a pixel apart; move it, or leave out its place."
        )


def _touch(one: Target, other: Target) -> bool:
    """Whether two targets come so close that they may share a pixel."""
    reach = (one.side_px + other.side_px) / 2 + 1
    (row, column), (other_row, other_column) = one.centre, other.centre
    return abs(row - other_row) < reach and abs(column - other_column) < reach


def _overlap(pixels: Indices, centre: float, side: float) -> NDArray[np.float64]:
    """Length of each pixel's interval that lies within `side` / 2 of `centre`."""
    first = np.maximum(pixels, centre - side / 2)
    last = np.minimum(pixels + 1, centre + side / 2)
    overlap: NDArray[np.float64] = np.maximum(last - first, 0.0)
    return overlap
