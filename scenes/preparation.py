"""What is done to a scene between opening and use: a part of it, masks, padding, bands."""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from scenes.bad_bands import (
    REASONS,
    Wanted,
    bad_bands,
    constant_bands,
    empty_bands,
    is_blank,
)
from scenes.bands import IndexArray, range_text
from scenes.errors import SceneError, SceneWarning, counted
from scenes.look import Look, look_at
from scenes.masks import open_mask
from scenes.padding import find_padding
from scenes.scene import Scene
from scenes.subset import chosen_bands, inside_bounds

_LONLAT = "OGC:CRS84"
_SAID = frozenset({"empty", "constant", "water vapour", "no signal"})  # nobody asked for these


@dataclass(frozen=True)
class Preparation:
    """How to prepare a scene; by default what nobody wants is left out, and said.

    Examples
    --------
    >>> Preparation(drop=("1350:1420",), masks=(Path("lake.geojson"),)).keep_bad_bands
    False
    """

    bands: tuple[str, ...] = ()
    """Bands to use, all others are left out: ``400:2450`` in nanometres, or numbers, ``1-100``."""

    drop: tuple[str, ...] = ()
    """Bands to leave out, written likewise."""

    keep_bad_bands: bool = False
    """Keep bands that are constant, hold nothing but noise, or see nothing but water vapour.
    Bands without a number in most pixels are left out all the same: a pixel is valid only if all
    bands in use are."""

    drop_noisy: bool = False
    """Leave out bands that are far noisier than the others."""

    drop_overlap: bool = False
    """Where two detectors overlap, let each keep its half."""

    masks: tuple[Path, ...] = ()
    """Rasters or polygons: use what is inside."""

    exclude: tuple[Path, ...] = ()
    """Rasters or polygons: leave out what is inside."""

    window: tuple[int, int, int, int] | None = None
    """Part of the scene: first column, first row, width, height."""

    bounds: tuple[float, float, float, float] | None = None
    """Part of the scene on the map: left, bottom, right, top."""

    bounds_lonlat: bool = False
    """Whether the bounds are in degrees of longitude and latitude, not in the scene's system."""

    keep_padding: bool = False
    """Use also the pixels at the edge that hold one number in all bands."""

    drop_saturated: bool = False
    """Leave out pixels with a band at the largest number that integers of this type can be."""

    def apply(self, scene: Scene) -> Scene:
        """Prepare a scene.

        Reads a few thousand pixels of it, if anything depends on them.

        Parameters
        ----------
        scene : Scene
            As it was opened.

        Returns
        -------
        Scene

        Raises
        ------
        SceneError
            If a choice does not fit the scene, or leaves nothing.

        Warns
        -----
        SceneWarning
            For everything that was left out without having been asked for.
        """
        chosen, look = self._look_at_chosen(scene)
        found = bad_bands(chosen, look, Wanted(noisy=self.drop_noisy, overlap=self.drop_overlap))
        if self.keep_bad_bands:
            found = {key: found[key] for key in ("empty", "noisy", "overlap") if key in found}
        result = _without_bands(self.choose_bands(chosen), found)
        left_out = {reason: (numbers + 1).tolist() for reason, numbers in found.items()}
        result.preparation = {**chosen.preparation, **({"bad_bands": left_out} if found else {})}
        if result.n_bands < 2:
            raise SceneError(f"{scene.name} has 1 band left. A spectrum needs at least 2 bands.")
        return result

    def apply_to_pixels(self, scene: Scene) -> Scene:
        """Prepare a scene, but leave its bands alone: for a model that knows which it needs.

        Raises
        ------
        SceneError
            If a choice does not fit the scene.

        Warns
        -----
        SceneWarning
            If padding was found and is left out.
        """
        return self._look_at_chosen(scene)[0]

    def _look_at_chosen(self, scene: Scene) -> tuple[Scene, Look]:
        """Choose pixels, and look at them."""
        result = copy(self.choose_pixels(scene))
        result.preparation = self.as_record()
        if self.keep_padding:
            return result, look_at(result)
        result, look, padding = look_past_padding(result)
        if padding is not None:
            result.preparation = {**result.preparation, "padding": padding}
            _warn(
                f"{scene.name}: pixels at the edge hold {padding:g} in all bands, which the file "
                "does not declare as nodata; such pixels are left out (`keep_padding` uses them)."
            )
        return result, look

    def as_record(self) -> dict[str, object]:
        """What was asked for, in plain types: fields that differ from their default.

        Examples
        --------
        >>> Preparation(drop=("1350:1420",), masks=(Path("lake.geojson"),)).as_record()
        {'drop': ['1350:1420'], 'masks': ['lake.geojson']}
        """
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        asked = {f.name: chosen[f.name] for f in fields(self) if chosen[f.name] != f.default}
        return {key: _plain(value) for key, value in asked.items()}

    def choose_pixels(self, scene: Scene) -> Scene:
        """Apply masks, window and bounds, and leave out saturated pixels; reads no pixels."""
        for path, keep in [(p, True) for p in self.masks] + [(p, False) for p in self.exclude]:
            mask = open_mask(path, scene.grid, keep=keep)
            scene = scene.with_source(scene.source.with_mask(mask))
        if self.drop_saturated:
            scene = scene.with_source(scene.source.with_saturation())
        if self.window is not None and self.bounds is not None:
            raise SceneError("`window` and `bounds` both choose a part of the scene. Give one.")
        if self.window is not None:
            scene = scene.part(Window(*self.window))
        if self.bounds is not None:
            scene = inside_bounds(scene, self.bounds, _LONLAT if self.bounds_lonlat else None)
        return scene

    def choose_bands(self, scene: Scene) -> Scene:
        """Leave out the bands that are not wanted; bands that the file calls bad stay out."""
        good = scene.bands.good.copy()
        if self.bands:
            good &= chosen_bands(scene.bands, ",".join(self.bands))
        if self.drop:
            good &= ~chosen_bands(scene.bands, ",".join(self.drop))
        if np.array_equal(good, scene.bands.good):
            return scene
        return scene.with_good(good)


def _plain(value: object) -> object:
    """Turn tuples into lists, and paths into text."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def look_past_padding(scene: Scene) -> tuple[Scene, Look, float | None]:
    """Look at a scene, find its padding, and look at what is inside.

    Returns
    -------
    scene : Scene
        Without its padding.
    look : Look
        Of that.
    padding : float or None
        The number that pixels of the padding hold in all bands; None where there is none.
    """
    look = look_at(scene)
    padding = find_padding(scene, _telling_bands(scene, look))
    if padding is None:
        return scene, look, None
    inside = scene.with_source(scene.source.with_padding(padding))
    return inside, look_at(inside), padding


def _telling_bands(scene: Scene, look: Look) -> IndexArray:
    """Bands in use that can tell padding from image."""
    dumb = empty_bands(look) | constant_bands(look) | is_blank(look)
    return scene.bands_used[~dumb[scene.bands_used]]


def _without_bands(scene: Scene, found: dict[str, IndexArray]) -> Scene:
    """Leave bands out and say why; those that were asked for need no word."""
    good = scene.bands.good.copy()
    for reason, bad in found.items():
        numbers = bad[good[bad]]
        good[bad] = False
        if numbers.size and reason in _SAID:
            keep = "" if reason == "empty" else " (`keep_bad_bands` uses them)"
            _warn(f"{scene.name}: {bands_text(scene, numbers)} left out: {REASONS[reason]}{keep}.")
    if not good[scene.bands_used].any():
        raise SceneError(f"{scene.name} has no band left: all are bad. Check nodata and scale.")
    return scene.with_good(good) if found else scene


def bands_text(scene: Scene, numbers: IndexArray) -> str:
    """Write which bands these are: ``12 bands (104-115, 1343-1442 nm)``, counted from 1."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    places = ", ".join(
        f"{run[0] + 1}" if run.size == 1 else f"{run[0] + 1}-{run[-1] + 1}" for run in runs[:5]
    )
    more = ", ..." if len(runs) > 5 else ""
    known = scene.bands.wavelengths_nm
    range_nm = "" if known is None else f"; {range_text(known[numbers])}"
    return f"{counted(numbers.size, 'band')} ({places}{more}{range_nm})"


def _warn(message: str) -> None:
    warnings.warn(message, SceneWarning, stacklevel=4)
