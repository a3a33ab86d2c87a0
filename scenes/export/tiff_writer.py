"""What every GeoTIFF writer has in common: tiles, bounded memory, and proof of what was written."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import rasterio
from numpy.typing import ArrayLike
from rasterio._err import CPLE_BaseError
from rasterio.dtypes import check_dtype
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetWriter
from rasterio.windows import Window

from scenes.acquisition import NOTHING_KNOWN, Acquisition
from scenes.bands import Bands
from scenes.errors import SceneError
from scenes.export.coverage import Coverage, Rectangle
from scenes.export.staging import FinishedWhole, Staging
from scenes.export.tiff_labels import TiffLabels, texts
from scenes.export.tiff_tiles import bit_sum, read_back, require_tiles
from scenes.export.values import check_block, file_values, fitting_nodata
from scenes.gdal_cache import limited_cache
from scenes.grid import Grid
from scenes.processors import gdal_threads

_GDAL_ERRORS = (RasterioError, CPLE_BaseError, SystemError, OSError)
"""What rasterio raises when GDAL fails; not all of it is a RasterioError."""

_LEAST_CACHE_BYTES, MOST_CACHE_BYTES = 64 << 20, 512 << 20
"""GDAL's block cache holds two rows of tiles, but never less or more than this."""


@dataclass(eq=False)
class TiffWriter(FinishedWhole):
    """Parent of the GeoTIFF writers; used in a ``with`` statement.

    The file gets its name when the block ends well. When it does not, there is nothing. An older
    file of the same name is replaced only then. By itself it writes plain tiles, not compressed:
    for what is soon read again and forgotten.
    """

    tile_shape: ClassVar[tuple[int, int]] = (16, 512)
    """Height and width of the tiles that `write` fills."""

    path: str | Path
    """The file that is to appear."""

    grid: Grid
    """Where the pixels lie; the CRS and the whole transform are kept."""

    band_names: Sequence[str]
    """One for each band; GIS programs show them."""

    _: KW_ONLY

    units: str | Sequence[str] = ""
    """One unit for all bands, or one for each."""

    dtype: str = "float32"
    """Type of the numbers in the file."""

    nodata: float | None = None
    """The number that means "no value", in every band."""

    wavelengths: Bands | None = None
    """Wavelengths of the bands, for a file that has a spectral axis."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Provenance: keys of letters, digits and _, and any text."""

    namespace: str = "UNMIX"
    """Where `tags` are kept in the file."""

    software: str = "unmix"
    """Name and version of the program, for ``TIFFTAG_SOFTWARE``."""

    acquisition: Acquisition = NOTHING_KNOWN
    """When and by what the scene was taken, for ``TIFFTAG_DATETIME`` and GDAL's ``IMAGERY``."""

    def __post_init__(self) -> None:
        self._target = Path(self.path)
        if isinstance(self.band_names, str):
            raise SceneError(
                f"`band_names` is one text, {self.band_names!r}. Give a list of names."
            )
        if not check_dtype(self.dtype):
            raise SceneError(f"a GeoTIFF cannot hold {self.dtype}. Use uint8, int16, float32, ...")
        self._dtype = np.dtype(self.dtype)
        self._nodata = fitting_nodata(self.nodata, self._dtype)
        n_bands = len(self.band_names)
        self._labels = TiffLabels(
            band_names=texts(self.band_names, n_bands),
            units=texts(self.units, n_bands),
            wavelengths=self.wavelengths,
            scale=self._scale(),
            software=self.software,
            tags={key: str(value) for key, value in self.tags.items()},
            namespace=self.namespace,
            acquisition=self.acquisition,
        )
        self._dataset: DatasetWriter | None = None

    def _scale(self) -> float | None:
        """The number in the file that means 1."""
        return None

    def __enter__(self) -> Self:
        self._coverage = Coverage(*self.grid.shape)
        self._bit_sum = 0
        with ExitStack() as stack:
            self._staging = stack.enter_context(Staging(self._target, self._n_bytes))
            with self._gdal():
                self._dataset = rasterio.open(self._growing, "w", **self._profile())
                stack.callback(self._abandon)
                self._label(self._dataset)
            self._stack = stack.pop_all()
        return self

    def write(self, row: int, column: int, values: ArrayLike) -> None:
        """Write a block of all bands.

        Parameters
        ----------
        row, column : int
            Where the block's upper left pixel lies on the grid.
        values : array of shape (n_bands, height, width)
            In the units of the file. A value that is not finite becomes `nodata` in its band.

        Raises
        ------
        SceneError
            If the block leaves the grid, or a value the range of the file's type.
        SceneFileError
            If GDAL cannot write; often the disk is full.
        """
        if self._dataset is None:
            raise SceneError(f"{self.path} is written to in a `with` statement, not outside of it.")
        block = np.asarray(values)
        check_block(self.grid, len(self.band_names), row, column, block)
        height, width = block.shape[1:]
        ready = file_values(block, self._dtype, self._nodata)
        if ready.size:
            with self._gdal():
                self._dataset.write(ready, window=Window(column, row, width, height))
            self._bit_sum = (self._bit_sum + bit_sum(ready, self._nodata)) % 2**64
            self._coverage.add(Rectangle(row, column, height, width))

    def _finish(self) -> None:
        """Close the file, prove it whole, and give it its name."""
        self._close()
        with self._gdal():
            self._compare(self._growing)
        self._staging.move_into_place([self._target])

    def _close(self) -> None:
        """Close the file that was growing; every tile must have reached it."""
        assert self._dataset is not None
        if self._nodata is None:
            self._coverage.require_whole(self._target)
        with self._gdal():
            self._dataset.close()
            require_tiles(self._growing)

    def _compare(self, path: Path) -> None:
        """Read a finished file once; it must hold what was written, bit for bit.

        What was written over something else cannot be told from its sum; then reading must do.
        """
        found = read_back(path, self._nodata)
        if found != self._bit_sum and not self._coverage.overlaps:
            raise OSError("the file does not hold what was written")

    def _abandon(self) -> None:
        """Let go of the file that was growing, finished or not."""
        if self._dataset is not None:
            with suppress(*_GDAL_ERRORS):
                self._dataset.close()
            self._dataset = None

    def _label(self, dataset: DatasetWriter) -> None:
        """Write names and provenance while the file has no pixels: they stay at its start."""
        self._labels.write_to(dataset)

    @property
    def _growing(self) -> Path:
        """The file that `write` writes to."""
        return self._staging.file(self._target)

    @property
    def _n_bytes(self) -> int:
        """Size of all pixels before compression."""
        return len(self.band_names) * self.grid.height * self.grid.width * self._dtype.itemsize

    def _profile(self) -> dict[str, Any]:
        """How the file that `write` writes to is laid out."""
        return {
            "driver": "GTiff",
            "height": self.grid.height,
            "width": self.grid.width,
            "count": len(self.band_names),
            "dtype": self._dtype.name,
            "crs": self.grid.crs,
            "transform": self.grid.transform,
            "nodata": self._nodata,
            "tiled": True,
            "blockysize": self.tile_shape[0],
            "blockxsize": self.tile_shape[1],
            "interleave": "band",
            "bigtiff": "IF_SAFER",
            "photometric": "MINISBLACK",  # else 3 or 4 bands of uint8 become a picture with alpha
        }

    @contextmanager
    def _gdal(self) -> Iterator[None]:
        """Keep GDAL's memory small and quiet, and turn its failures into one sentence."""
        height, width = self.tile_shape
        row_of_tiles = height * math.ceil(self.grid.width / width) * width
        wanted = 2 * row_of_tiles * len(self.band_names) * self._dtype.itemsize
        cache = min(max(wanted, _LEAST_CACHE_BYTES), MOST_CACHE_BYTES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # such grids are welcome
            try:
                with limited_cache(cache):
                    yield
            except SceneError:
                raise
            except _GDAL_ERRORS as error:
                said = error.__cause__ or error  # what GDAL said, then what rasterio made of it
                raise self._staging.failure(
                    f"GDAL stopped, most often because the disk is full: {said}"
                ) from error


def n_threads() -> int:
    """Threads for compression: enough to keep up with a disk, on any machine."""
    return gdal_threads(most=4)
