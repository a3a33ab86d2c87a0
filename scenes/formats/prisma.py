"""PRISMA L2C and L2D: HDF-EOS5, two cubes of uint16, one for each spectrometer.

``HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_Cube`` and ``SWIR_Cube`` lie rows x bands x columns,
and ``reflectance = min + number * (max - min) / 65535`` with the attributes ``L2ScaleVnirMin``,
``L2ScaleVnirMax`` (and Swir) of the file. ``List_Cw_Vnir`` and ``List_Fwhm_Vnir`` (nm) descend and
have zeros for bands that were not measured; those are dropped, the order is kept, VNIR before
SWIR, and the overlap between 943 and 973 nm stays.

``VNIR_PIXEL_L2_ERR_MATRIX`` is 1 where the number was invalid at L1. Such numbers, and 0, which
stands outside the swath and where no reflectance was found, are nodata; bands that have none in
most pixels are not used. (2, negative, and 3, saturated after the correction, are kept.)

L2D lies on a map: ``Epsg_Code``, and ``Product_ULcorner_easting`` and the like, which are the
centres of the corner pixels. L2C lies in the geometry of the sensor; its arrays of latitude and
longitude are no lookup table, and maps of it stay as they are.

References: ASI, PRISMA Products Specification Document; EnMAP-Box/enmap-box issue 1072 for the
corners; senbox-org s2tbx, PrismaConstantsAndUtils, for the flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenes.bands import FloatArray, IndexArray
from scenes.errors import SceneError
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.entry import Format
from scenes.formats.hdf import Hdf, is_hdf, open_hdf
from scenes.formats.hdf_grid import gdal_grid, measured_bands, plain_grid
from scenes.formats.hdf_pixels import HdfBands, HdfPixels, flags_of
from scenes.grid import Grid
from scenes.pixels import RawArray

_SWATHS = "HDFEOS/SWATHS"
_LEVELS = ("L2D", "L2C")
_LARGEST = 65535
_NODATA = 0.0
_INVALID = 1


@dataclass(frozen=True)
class _Spectrometer:
    """One of the two cubes, and what the file says about its bands."""

    cube: str
    errors: str
    measured: IndexArray
    wavelengths_nm: FloatArray
    fwhm_nm: FloatArray
    gain: float
    offset: float

    @property
    def bands(self) -> tuple[int, ...]:
        return tuple(int(band) for band in self.measured)


class PrismaPixels:
    """Raw numbers of both cubes, 0 where they are flagged as invalid (a `PixelReader`).

    Parameters
    ----------
    numbers : HdfPixels
        The cubes.
    errors : HdfPixels or None
        Their flags, band by band.
    """

    cheap_rows = False

    def __init__(self, numbers: HdfPixels, errors: HdfPixels | None) -> None:
        self._numbers = numbers
        self._errors = errors
        self.dtype: np.dtype[Any] = numbers.dtype
        self.n_bands = numbers.n_bands
        self.height, self.width = numbers.height, numbers.width
        self.block_shape = numbers.block_shape

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first."""
        raw = self._numbers.read(row, column, height, width, bands)
        if self._errors is not None:
            raw[self._errors.read(row, column, height, width, bands) == _INVALID] = int(_NODATA)
        return raw


def read_prisma(path: Path) -> Contents:
    """Read what a PRISMA file says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The ``.he5`` file.

    Raises
    ------
    SceneFileError
        If the file cannot be opened.
    SceneError
        If h5py or a part of the file is missing, or it is neither L2C nor L2D.

    Warns
    -----
    SceneWarning
        If it is L2C, which lies on no map.
    """
    with open_hdf(path) as hdf:
        level = _level(hdf)
        parts = [_spectrometer(hdf, level, arm) for arm in ("Vnir", "Swir")]
        numbers = HdfPixels(hdf, *(HdfBands(part.cube, "lbs", part.bands) for part in parts))
        pixels = PrismaPixels(numbers, _errors(hdf, numbers, parts))
        bands = measured_bands(
            hdf,
            np.concatenate([part.wavelengths_nm for part in parts]),
            np.concatenate([part.fwhm_nm for part in parts]),
            None,
        )
        grid = _grid(hdf, level, (pixels.height, pixels.width))
        metadata = hdf.metadata()
    return Contents(
        path=path,
        reader=pixels,
        grid=grid,
        bands=bands,
        calibration=Calibration(
            np.concatenate([np.full(len(part.bands), part.gain) for part in parts]),
            np.concatenate([np.full(len(part.bands), part.offset) for part in parts]),
            _NODATA,
        ),
        metadata=metadata,
        may_have_empty_bands=True,
        says_scale=True,
    )


def _level(hdf: Hdf) -> str:
    swaths = hdf.names(_SWATHS)
    for level in _LEVELS:
        if f"PRS_{level}_HCO" in swaths:
            return level
    raise SceneError(
        f"{hdf.path} holds {', '.join(swaths)}; read are PRISMA L2C and L2D "
        "(PRS_L2C_HCO, PRS_L2D_HCO), which are reflectance."
    )


def _spectrometer(hdf: Hdf, level: str, arm: str) -> _Spectrometer:
    wavelengths = hdf.list_attribute(f"List_Cw_{arm}")
    fwhm = hdf.list_attribute(f"List_Fwhm_{arm}")
    if fwhm.size != wavelengths.size:
        raise SceneError(
            f"{hdf.path}: List_Cw_{arm} has {wavelengths.size} entries, List_Fwhm_{arm} "
            f"{fwhm.size}. They must describe the same bands."
        )
    measured = np.flatnonzero(wavelengths > 0)
    if measured.size == 0:
        raise SceneError(f"{hdf.path}: List_Cw_{arm} names no band that was measured.")
    low = float(hdf.list_attribute(f"L2Scale{arm}Min")[0])
    high = float(hdf.list_attribute(f"L2Scale{arm}Max")[0])
    fields = f"{_SWATHS}/PRS_{level}_HCO/Data Fields"
    return _Spectrometer(
        cube=f"{fields}/{arm.upper()}_Cube",
        errors=f"{fields}/{arm.upper()}_PIXEL_L2_ERR_MATRIX",
        measured=measured,
        wavelengths_nm=wavelengths[measured],
        fwhm_nm=fwhm[measured],
        gain=(high - low) / _LARGEST,
        offset=low,
    )


def _errors(hdf: Hdf, pixels: HdfPixels, parts: Sequence[_Spectrometer]) -> HdfPixels | None:
    if not all(part.errors in hdf for part in parts):
        return None
    return flags_of(hdf, pixels, *(HdfBands(part.errors, "lbs", part.bands) for part in parts))


def _grid(hdf: Hdf, level: str, shape: tuple[int, int]) -> Grid:
    if level == "L2C":
        warn(
            f"{hdf.path.name} is PRISMA L2C, which lies in the geometry of the sensor: its maps "
            "have no place. Order the scene as L2D for maps that have one."
        )
        return plain_grid(shape)

    def corner(name: str) -> float:
        return float(hdf.list_attribute(f"Product_{name}")[0])

    left, right = corner("ULcorner_easting"), corner("LRcorner_easting")
    top, bottom = corner("ULcorner_northing"), corner("LRcorner_northing")
    height, width = shape
    if height < 2 or width < 2 or left >= right or bottom >= top:
        raise SceneError(
            f"{hdf.path}: its corners ({left:g}, {top:g}) and ({right:g}, {bottom:g}) do not "
            f"enclose {height} x {width} pixels with north up."
        )
    x_size, y_size = (right - left) / (width - 1), (top - bottom) / (height - 1)
    transform = (left - x_size / 2, x_size, 0.0, top + y_size / 2, 0.0, -y_size)
    return gdal_grid(hdf, transform, hdf.whole_number_attribute("Epsg_Code"), shape)


def _recognises(path: Path) -> bool:
    if not is_hdf(path):
        return False
    try:
        with open_hdf(path) as hdf:
            return any(name.startswith("PRS_L") for name in hdf.names(_SWATHS))
    except SceneError:  # said when the file is read after all
        return False


FORMAT = Format("PRISMA", _recognises, read_prisma)
