"""Grids, axes and scales in the words of HDF5 products: geotransforms, band centres, CF scales."""

from __future__ import annotations

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import ArrayLike
from rasterio.crs import CRS
from rasterio.errors import CRSError

from scenes.bands import Bands, FloatArray
from scenes.errors import SceneError
from scenes.formats.contents import Calibration
from scenes.formats.hdf import Hdf
from scenes.formats.spectral_axis import AxisText, bands_from_text
from scenes.grid import Grid


def plain_grid(shape: tuple[int, int]) -> Grid:
    """Make the grid of a scene in sensor geometry: pixels are counted, and lie nowhere yet."""
    return Grid(None, Affine.identity(), *shape)


def gdal_grid(hdf: Hdf, geotransform: ArrayLike, crs: str | int, shape: tuple[int, int]) -> Grid:
    """Make a grid of six numbers in GDAL's order, and of WKT or an EPSG code.

    Raises
    ------
    SceneError
        If either is not what it should be.
    """
    numbers = np.asarray(geotransform, dtype=np.float64).ravel()
    if numbers.size != 6:
        raise SceneError(
            f"{hdf.path}: a geotransform has 6 numbers in GDAL's order. Got {numbers.tolist()}."
        )
    try:
        with rasterio.Env():  # else GDAL prints what it thinks of bad text
            known = CRS.from_epsg(crs) if isinstance(crs, int) else CRS.from_wkt(crs)
    except CRSError as error:
        raise SceneError(f"{hdf.path}: the CRS {crs!r} cannot be read ({error}).") from None
    code = known.to_epsg()
    if code is not None:
        known = CRS.from_epsg(code)
    return Grid(known, Affine.from_gdal(*numbers.tolist()), *shape)


def packed_calibration(hdf: Hdf, name: str, nodata: float) -> Calibration:
    """Read ``scale_factor``, ``add_offset`` and ``_FillValue`` of a dataset, as far as it has them.

    Products are float32 and have only the last of these, but files that were packed anew into
    whole numbers have all (CF conventions, section 8.1).

    Parameters
    ----------
    hdf : Hdf
    name : str
        The dataset.
    nodata : float
        What stands for "no data" where the file does not say.
    """
    attributes = hdf.attributes(name)
    gain, offset, fill = (
        float(hdf.list_attribute(key, name)[0]) if key in attributes else default
        for key, default in (("scale_factor", 1.0), ("add_offset", 0.0), ("_FillValue", nodata))
    )
    return Calibration(gain, offset, fill)


def measured_bands(
    hdf: Hdf, wavelengths: FloatArray, fwhm: FloatArray | None, good: ArrayLike | None
) -> Bands:
    """Make the spectral axis of lists in nanometres.

    Raises
    ------
    SceneError
        If the lists are not of one length, or hold numbers that are not positive.
    """
    n_bands = wavelengths.size
    lists = [np.asarray(values, dtype=np.float64) for values in (fwhm, good) if values is not None]
    sizes = {n_bands, *(values.size for values in lists)}
    if len(sizes) != 1:
        raise SceneError(
            f"{hdf.path}: wavelengths, widths and flags of the bands are {sorted(sizes)} in "
            "number. They must describe the same bands."
        )
    text = AxisText(
        wavelengths=[repr(value) for value in wavelengths.tolist()],
        unit="nm",
        fwhm=() if fwhm is None else [repr(value) for value in fwhm.tolist()],
        bbl=() if good is None else [str(int(flag > 0)) for flag in np.ravel(good).tolist()],
    )
    return bands_from_text(text, n_bands, hdf.path.name)
