"""The questions a simulation's settings must answer before anything is made."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unmix.errors import UnmixError


@dataclass(frozen=True)
class Range:
    """Closed range of a number, and what its ends mean."""

    low: float
    high: float
    meaning: str


RANGES = {
    "snr_db": Range(-20.0, np.inf, "decibels, `inf` for no noise"),
    "terrain": Range(0.0, 2.0, "the root mean square slope, 0 for flat ground"),
    "purity": Range(0.0, 1.0, "the largest abundance, 1 for pure pixels"),
    "mixing": Range(0.01, 10.0, "0.1 for sharp borders, 2 for a thorough mixture"),
    "variability": Range(0.0, 0.3, "a standard deviation of brightness, 0 for none"),
    "rotation_deg": Range(-360.0, 360.0, "degrees counter-clockwise"),
    "pixel_size": Range(1e-9, 1e9, "the side of a pixel in units of the map"),
    "seed": Range(0, 2**63 - 1, "an integer"),
}
"""Settings of a simulation that are single numbers."""


def check_number(name: str, value: float) -> None:
    """Refuse a setting that lies outside its range."""
    allowed = RANGES[name]
    if name == "seed" and not isinstance(value, int | np.integer):
        raise UnmixError(f"`seed` must be an integer. Got {value!r} instead.")
    if not allowed.low <= value <= allowed.high:
        raise UnmixError(
            f"`{name}` must lie between {allowed.low:g} and {allowed.high:g} "
            f"({allowed.meaning}). Got {value!r} instead."
        )


def check_size(height: int, width: int, nodata_border: int) -> None:
    """Refuse a scene without room."""
    for name, value in (("height", height), ("width", width), ("nodata_border", nodata_border)):
        if not isinstance(value, int | np.integer):
            raise UnmixError(f"`{name}` must be a whole number of pixels. Got {value!r} instead.")
    if height < 4 or width < 4:
        raise UnmixError(
            f"a simulated scene needs at least 4 x 4 pixels. Got {height} x {width}; "
            "raise `height` and `width`."
        )
    if not 0 <= 2 * nodata_border < width:
        raise UnmixError(
            f"`nodata_border` must be from 0 to less than half the width ({width} px). "
            f"Got {nodata_border!r} instead."
        )


def check_materials(names: Sequence[str], cover: Sequence[float] | None, purity: float) -> None:
    """Refuse materials that cannot share a landscape as asked."""
    n = len(names)
    if n < 2 or len(set(names)) != n:
        raise UnmixError(
            f"`materials` must be 2 or more different materials. Got {', '.join(names) or 'none'}."
        )
    if purity <= 1.0 / n:
        raise UnmixError(
            f"`purity` must be above 1 / {n}, for the abundances of {n} materials sum to 1. "
            f"Got {purity!r} instead."
        )
    if cover is None:
        return
    if len(cover) != n or not all(share > 0 for share in cover) or abs(sum(cover) - 1) > 1e-6:
        raise UnmixError(
            f"`cover` must be {n} positive shares that sum to 1, one for each material. "
            f"Got {tuple(cover)!r}, which sum to {sum(cover):g}."
        )


def check_patch(patch_px: float | None) -> None:
    """Refuse patches smaller than two pixels."""
    if patch_px is not None and not 2 <= patch_px < np.inf:
        raise UnmixError(f"`patch_px` must be 2 pixels or more, or None. Got {patch_px!r} instead.")


def check_rows(row: int, height: int, n_rows: int) -> None:
    """Refuse rows that are not in the scene."""
    if not (0 <= row and height >= 1 and row + height <= n_rows):
        raise UnmixError(
            f"rows {row} to {row + height - 1} were asked for, but the scene has rows 0 to "
            f"{n_rows - 1}. Ask for rows inside it."
        )
