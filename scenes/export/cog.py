"""Maps as Cloud Optimized GeoTIFFs (COG): tiled, compressed, with overviews for fast display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Literal

import rasterio.shutil
from rasterio.io import DatasetWriter

from scenes.errors import SceneError
from scenes.export.tiff_tiles import first_tile
from scenes.export.tiff_writer import TiffWriter, n_threads

Colour = tuple[int, int, int] | tuple[int, int, int, int]


@dataclass(eq=False)
class CogWriter(TiffWriter):
    """Writes maps of any size as one COG, block by block in bounded memory.

    Pixels that were never written are nodata. Scenes of more than 512 pixels get overviews, and
    every band its statistics. The blocks first fill a temporary GeoTIFF beside the target, so
    there must be room for about twice the result.

    Raises
    ------
    SceneError
        If what is asked for contradicts itself; before anything is written.
    SceneFileError
        If the file cannot be written, most often because the disk is full. Nothing remains then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from affine import Affine
    >>> from rasterio.crs import CRS
    >>> from scenes.grid import Grid
    >>> grid = Grid(CRS.from_epsg(32611), Affine(30, 0, 0, 0, -30, 0), height=2, width=3)
    >>> with TemporaryDirectory() as folder:
    ...     with CogWriter(f"{folder}/maps.tif", grid, ["sand", "water"]) as writer:
    ...         writer.write(0, 0, np.full((2, 2, 3), 0.5))
    ...     with rasterio.open(f"{folder}/maps.tif") as dataset:
    ...         dataset.descriptions, dataset.read(1).mean()
    (('sand', 'water'), np.float32(0.5))
    """

    _: KW_ONLY

    units: str | Sequence[str] = "fraction"
    """One unit for all bands, or one for each."""

    nodata: float | None = -9999.0
    """The number that means "no value", in every band (255 is usual for uint8)."""

    overviews: Literal["average", "mode", "nearest"] = "average"
    """How overviews are made: average for amounts, mode or nearest for classes."""

    colormap: Mapping[int, Colour] | None = None
    """Colours (red, green, blue from 0 to 255) of the values of one uint8 band."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.overviews not in ("average", "mode", "nearest"):
            raise SceneError(
                f"`overviews` must be average, mode or nearest. Got {self.overviews!r} instead."
            )
        if self.nodata is None:
            raise SceneError("a map needs `nodata`, for the pixels that have no value.")
        if self.colormap is not None:
            if self._dtype.name != "uint8" or len(self.band_names) != 1:
                found = f"{len(self.band_names)} of {self._dtype}"
                raise SceneError(f"`colormap` needs 1 band of uint8. Got {found} instead.")
            if self.overviews == "average":
                raise SceneError("classes have no average. Use `overviews` 'mode' or 'nearest'.")

    @property
    def _growing(self) -> Path:
        return self._staging.file(self._target.with_name(f"{self._target.name}.tiles.tif"))

    def _label(self, dataset: DatasetWriter) -> None:
        self._labels.write_to(dataset, tags=self._labels.placeholders())
        if self.colormap is not None:
            dataset.write_colormap(1, dict(self.colormap))

    def _finish(self) -> None:
        """Turn the temporary tiles into a COG, prove it whole, and give it its name."""
        self._close()
        cog = self._staging.file(self._target)
        with self._gdal():
            with rasterio.open(self._growing, "r+") as tiles:
                tiles.stats()  # written into the bands' tags
                rasterio.shutil.copy(
                    tiles,
                    cog,
                    driver="COG",
                    compress="DEFLATE",  # every program can read it
                    level=1,  # on float maps within 1 % of the default, in half its time
                    predictor="YES",
                    blocksize=512,
                    overview_resampling=self.overviews.upper(),
                    bigtiff="IF_SAFER",
                    num_threads=n_threads(),
                )
            self._compare(cog)
            self._labels.restore_namespace(cog, head_size=first_tile(cog))
        self._staging.move_into_place([self._target])
