"""Spectral cubes as tiled GeoTIFFs that keep their wavelengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from scenes.errors import SceneError
from scenes.export.tiff_writer import TiffWriter, n_threads


@dataclass(eq=False)
class GeoTiffWriter(TiffWriter):
    """Writes a cube of any size as one tiled GeoTIFF, block by block in bounded memory.

    Blocks whose rows are a multiple of the tiles' height are fastest (`tile_shape`).

    Raises
    ------
    SceneError
        If what is asked for contradicts itself; before anything is written. Also at the end, if
        pixels were never written and there is no `nodata`.
    SceneFileError
        If the file cannot be written, most often because the disk is full. Nothing remains then.
    """

    tile_shape: ClassVar[tuple[int, int]] = (128, 128)

    _: KW_ONLY

    units: str | Sequence[str] = "reflectance"
    """One unit for all bands, or one for each."""

    scale: float | None = None
    """The number in the file that means reflectance 1; the file's band scales are ``1 / scale``."""

    interleave: Literal["pixel", "band"] = "pixel"
    """Whole spectra together (fast for spectra), or whole bands (fast for single maps)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interleave not in ("pixel", "band"):
            raise SceneError(
                f"`interleave` must be pixel or band. Got {self.interleave!r} instead."
            )

    def _scale(self) -> float | None:
        return self.scale

    def _profile(self) -> dict[str, Any]:
        predictor = 3 if self._dtype.kind == "f" else 2
        return super()._profile() | {
            "interleave": self.interleave,
            "compress": "DEFLATE",  # every program can read it
            "zlevel": 1,
            "predictor": predictor,
            "num_threads": n_threads(),
        }
