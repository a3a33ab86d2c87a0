"""Maps as Cloud Optimized GeoTIFFs (COG): tiled, compressed, with overviews for fast display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Literal

import rasterio.shutil
from rasterio.io import DatasetWriter

from scenes.errors import SceneError
from scenes.export.colour import Colour
from scenes.export.pam import class_table
from scenes.export.tiff_tiles import first_tile
from scenes.export.tiff_writer import TiffWriter, n_threads

_TILE_SIZES = (512, 256, 128)
_MAX_TILE_BYTES = 2**25  # GDAL holds several tiles with all their bands in memory
_QUICK_OVERVIEWS = {"COG_TMP_COMPRESSION": "NONE"}
"""Overviews are made in a file of their own before they are copied: it is read again at once."""

Channels = tuple[int, int, int] | tuple[int, int, int, int]


@dataclass(eq=False)
class CogWriter(TiffWriter):
    """Writes maps of any size as one COG, block by block in bounded memory.

    Pixels that were never written are nodata. Scenes of more than 512 pixels get overviews, and
    every band its statistics. The blocks first fill a temporary GeoTIFF beside the target, which
    is not compressed: there must be room for the numbers as they are, a third more for their
    overviews, and for the result.

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

    colormap: Mapping[int, Channels] | None = None
    """Colours (red, green, blue from 0 to 255) of the values of one uint8 band."""

    class_names: Mapping[int, str] | None = None
    """Names of the values that `colormap` colours, for the ``.aux.xml`` beside the file."""

    picture: bool = False
    """Whether the three uint8 bands are red, green and blue, to be shown as they are."""

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
        if self.class_names and set(self.class_names) - set(self.colormap or {}):
            raise SceneError("`class_names` has values without a colour. Add them to `colormap`.")
        if self.picture and (self._dtype.name, len(self.band_names)) != ("uint8", 3):
            found = f"{len(self.band_names)} of {self._dtype}"
            raise SceneError(f"a `picture` has 3 bands of uint8. Got {found} instead.")

    def _profile(self) -> dict[str, Any]:
        return super()._profile() | ({"photometric": "RGB"} if self.picture else {})

    @property
    def _tile_size(self) -> int:
        """Side of the tiles of the COG: smaller where there are hundreds of bands."""
        numbers = len(self.band_names) * self._dtype.itemsize
        fitting = (size for size in _TILE_SIZES if numbers * size**2 <= _MAX_TILE_BYTES)
        return next(fitting, _TILE_SIZES[-1])

    @property
    def _predictor(self) -> Literal["YES", "NO"]:
        """Whether numbers are compressed as differences, which suits spectra and classes.

        Most bits of a fraction are noise, and many fractions are zero: such maps grow by a sixth.
        """
        return "NO" if self._dtype.kind == "f" and self.wavelengths is None else "YES"

    @property
    def _growing(self) -> Path:
        return self._staging.file(self._target.with_name(f"{self._target.name}.tiles.tif"))

    def _label(self, dataset: DatasetWriter) -> None:
        self._labels.write_to(dataset, as_placeholders=True)
        if self.colormap is not None:
            dataset.write_colormap(1, dict(self.colormap))

    def _finish(self) -> None:
        """Turn the temporary tiles into a COG, prove it whole, and give it its name."""
        self._close()
        cog = self._staging.file(self._target)
        with self._gdal():
            with rasterio.open(self._growing, "r+") as tiles, rasterio.Env(**_QUICK_OVERVIEWS):
                tiles.stats()  # written into the bands' tags
                rasterio.shutil.copy(
                    tiles,
                    cog,
                    driver="COG",
                    compress="DEFLATE",  # every program can read it
                    level=1,  # on float maps within 1 % of the default, in half its time
                    predictor=self._predictor,
                    blocksize=self._tile_size,
                    overview_resampling=self.overviews.upper(),
                    bigtiff="IF_SAFER",
                    num_threads=n_threads(),
                )
            self._compare(cog)
            self._labels.restore_domains(cog, head_size=first_tile(cog))
            if self.class_names:
                self._write_class_names(self.class_names)
        self._staging.move_into_place([self._target])

    def _write_class_names(self, names: Mapping[int, str]) -> None:
        """Write the names where they are moved into place together with the file."""
        colours = {value: Colour(*rgb[:3]) for value, rgb in (self.colormap or {}).items()}
        classes = {value: (name, colours[value]) for value, name in names.items()}
        auxiliary = self._staging.file(self._target.with_name(f"{self._target.name}.aux.xml"))
        auxiliary.write_text(class_table(classes), encoding="utf-8", newline="\n")
