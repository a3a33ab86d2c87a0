"""Raw numbers of a raster that GDAL decodes, through rasterio.

A dataset is opened when it is first read from, once in every process and thread (GDAL's are not
thread-safe), and never pickled.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError  # what GDAL says where rasterio does not translate it
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from scenes.bands import BoolArray, IndexArray
from scenes.errors import SceneFileError
from scenes.formats.planes import empty_planes, pixels_from_planes
from scenes.pixels import RawArray

_OPTIONS = {
    "GDAL_CACHEMAX": 64 * 2**20,  # bytes; GDAL's own default is a twentieth of all memory
    "CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO",  # no side files next to the data
}


@contextmanager
def open_raster(path: Path, driver: str) -> Iterator[Any]:
    """Open a raster for a short look at it.

    Raises
    ------
    SceneFileError
        If the driver cannot open it.
    """
    with rasterio.Env(**_OPTIONS):
        dataset = _open(path, driver)
        try:
            yield dataset
        except (RasterioError, CPLE_BaseError) as error:
            raise SceneFileError(f"{path} cannot be read as {driver}: {error}.") from None
        finally:
            dataset.close()


def _open(path: Path, driver: str) -> Any:  # noqa: ANN401
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a scene may have no place
        try:
            return rasterio.open(path, driver=driver)
        except (RasterioError, CPLE_BaseError) as error:
            raise SceneFileError(f"{path} cannot be opened as {driver}: {error}.") from None
        except UnicodeDecodeError:
            raise SceneFileError(
                f"{path} cannot be opened as {driver}: its coordinate reference system is not in "
                "UTF-8. The file is damaged."
            ) from None


class RasterPixels:
    """Raw numbers of a raster (a `PixelReader`), and the mask it carries (a `MaskReader`).

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        GDAL's name of its format.
    dataset : rasterio dataset
        The same file, open; only looked at.
    """

    cheap_rows = False

    def __init__(self, path: Path, driver: str, dataset: Any) -> None:  # noqa: ANN401
        self.path = path
        self.driver = driver
        self.dtype = np.dtype(dataset.dtypes[0])
        self.n_bands: int = dataset.count
        self.height: int = dataset.height
        self.width: int = dataset.width
        self.block_shape: tuple[int, int] = dataset.block_shapes[0]
        self._local = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_local"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first."""
        planes = empty_planes(bands.size, height * width, self.dtype)
        numbers = [band + 1 for band in bands.tolist()]
        with self._dataset() as dataset:
            window = Window(column, row, width, height)
            dataset.read(numbers, window=window, out=planes.reshape(-1, height, width))
        return pixels_from_planes(planes)

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window of the mask of the dataset: shape (height * width,), True = valid."""
        with self._dataset() as dataset:
            mask = dataset.read_masks(1, window=Window(column, row, width, height))
        valid: BoolArray = mask.ravel() != 0
        return valid

    @contextmanager
    def _dataset(self) -> Iterator[Any]:
        """Give the dataset of this process and thread; an error while reading names the file."""
        with rasterio.Env(**_OPTIONS):
            if getattr(self._local, "process", None) != os.getpid():
                self._local.dataset = _open(self.path, self.driver)
                self._local.process = os.getpid()
            try:
                yield self._local.dataset
            except (RasterioError, CPLE_BaseError) as error:
                raise SceneFileError(
                    f"{self.path} cannot be read: {error}. The file is damaged or truncated."
                ) from None
