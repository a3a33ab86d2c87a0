"""What a format finds in a file, and how that becomes a `Scene`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from scenes.bad_bands import without_empty_bands
from scenes.bands import Bands
from scenes.errors import SceneError, SceneWarning
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.pixels import MaskReader, PixelReader
from scenes.scene import Scene


@dataclass(frozen=True)
class Calibration:
    """How raw numbers become reflectance, as far as the file says."""

    gain: ArrayLike = 1.0
    offset: ArrayLike = 0.0
    nodata: float | None = None

    @property
    def is_declared(self) -> bool:
        """Whether the file says anything but "raw numbers are reflectance"."""
        return bool(np.any(np.asarray(self.gain) != 1) or np.any(np.asarray(self.offset) != 0))


@dataclass(frozen=True)
class Contents:
    """Everything a format found in a file."""

    path: Path
    reader: PixelReader
    grid: Grid
    bands: Bands
    calibration: Calibration
    metadata: Mapping[str, str] = field(default_factory=dict)
    mask: MaskReader | None = None
    says_scale: bool = False
    """Whether the file names a scale, be it 1."""
    lookup: Lookup | None = None
    """Where the pixels belong on a map, if they lie in the geometry of the sensor."""
    unit: str = "reflectance"
    """What the scaled numbers are, such as ``radiance``."""
    may_have_empty_bands: bool = False
    """Whether such products hold bands without numbers and do not say which."""

    def to_scene(self, scale: float | None = None, nodata: float | None = None) -> Scene:
        """Make the scene; `scale` and `nodata` overrule what the file says.

        Raises
        ------
        SceneError
            If there is only one band, the numbers are complex, or `scale` is not positive.
        """
        if self.reader.n_bands < 2:
            raise SceneError(f"{self.path} has 1 band. A spectrum needs at least 2 bands.")
        if self.reader.dtype.kind not in "iuf":
            raise SceneError(
                f"{self.path} holds {self.reader.dtype} numbers. "
                "Reflectance is read from integers and real numbers only."
            )
        found = self.calibration
        gain, offset = found.gain, found.offset
        if scale is not None:
            if not (math.isfinite(scale) and scale > 0):
                raise SceneError(
                    "`scale` is the raw number that means reflectance 1, such as 10000. "
                    f"Got {scale!r} instead."
                )
            gain, offset = 1 / scale, 0.0
        elif self._is_raw:
            self._warn_of_integers()
        nodata = found.nodata if nodata is None else nodata
        self._warn_of_impossible(nodata)
        scene = Scene(
            reader=self.reader,
            grid=self.grid,
            bands=self.bands,
            name=self.path.stem,
            path=self.path,
            gain=gain,
            offset=offset,
            nodata=nodata,
            metadata=self.metadata,
            mask=self.mask,
            unit="raw numbers" if self._is_raw and scale is None else self.unit,
            lookup=self.lookup,
        )
        return without_empty_bands(scene) if self.may_have_empty_bands else scene

    @property
    def _is_raw(self) -> bool:
        """Whether these are integers of which the file does not say what they mean."""
        declared = self.says_scale or self.calibration.is_declared
        return self.reader.dtype.kind in "iu" and not declared

    def _warn_of_integers(self) -> None:
        usual = 255 if self.reader.dtype.itemsize == 1 else 10000
        warn(
            f"{self.path.name} holds {self.reader.dtype.name} numbers and names no scale, so "
            "they are used as they are. Pass `scale=` (--scale), the number that means "
            f"reflectance 1 (often {usual})."
        )

    def _warn_of_impossible(self, nodata: float | None) -> None:
        if self.reader.dtype.kind not in "iu" or nodata is None or not math.isfinite(nodata):
            return
        limits = np.iinfo(self.reader.dtype)
        if nodata != round(nodata) or not limits.min <= nodata <= limits.max:
            warn(
                f"{self.path.name} holds {self.reader.dtype.name} numbers, which can never be its "
                f"nodata value {nodata:g}; every pixel counts as data. Pass `nodata=` (--nodata)."
            )


def warn(message: str) -> None:
    """Warn that something odd was mended or assumed."""
    warnings.warn(message, SceneWarning, stacklevel=4)
