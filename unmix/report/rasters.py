"""Rasters of a bundle, read thinned."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from scenes.gdal_cache import limited_cache


@contextmanager
def opened(path: Path) -> Iterator[DatasetReader]:
    """A raster, which may well be without georeference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with limited_cache(), rasterio.open(path) as dataset:
            yield dataset


def thinned(path: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """All bands of a raster in another size.

    Parameters
    ----------
    path : Path
    shape : (height, width)

    Returns
    -------
    float32 array of shape (n_bands, height, width)
        NaN where there is no data.
    """
    with opened(path) as dataset:
        bands = dataset.read(out_shape=(dataset.count, *shape), masked=True)
    whole: NDArray[np.float32] = bands.astype(np.float32).filled(np.nan)
    return whole
