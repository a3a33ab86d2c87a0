"""NEON surface reflectance (DP3.30006, DP1.30006, .001 and .002): HDF5 on a map.

``<SITE>/Reflectance/Reflectance_Data`` is int16 over rows x columns x bands, with attributes
``Scale_Factor`` (10000) and ``Data_Ignore_Value`` (-9999); the attributes ``Band_Window_1_
Nanometers`` and ``Band_Window_2_Nanometers`` of ``<SITE>/Reflectance`` are the ranges where water
vapour absorbs. ``Metadata/Spectral_Data`` holds ``Wavelength`` and ``FWHM`` in nm,
``Metadata/Coordinate_System`` ``Map_Info`` (as in an ENVI header) and ``EPSG Code``. The
directional (.001) and the bidirectional (.002) reflectance have the same structure.

References: NEON, DP3.30006.001 and DP3.30006.002, Spectrometer orthorectified surface reflectance -
mosaic; "Introduction to working with hyperspectral data in HDF5 format" (NEON tutorials).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError

from scenes.bands import BoolArray, FloatArray
from scenes.errors import SceneError
from scenes.formats.contents import Calibration, Contents, warn
from scenes.formats.entry import Format
from scenes.formats.hdf import Hdf, is_hdf, open_hdf
from scenes.formats.hdf_grid import measured_bands
from scenes.formats.hdf_pixels import HdfBands, HdfPixels
from scenes.grid import Grid
from scenes.map_info import grid_from_map_info


def read_neon(path: Path) -> Contents:
    """Read what a NEON file says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The ``.h5`` file.

    Raises
    ------
    SceneFileError
        If the file cannot be opened.
    SceneError
        If h5py or a part of the file is missing.
    """
    with open_hdf(path) as hdf:
        group = _group(hdf)
        assert group is not None  # it was recognised
        cube = f"{group}/Reflectance_Data"
        axis = f"{group}/Metadata/Spectral_Data"
        wavelengths = hdf.numbers(f"{axis}/Wavelength")
        pixels = HdfPixels(hdf, HdfBands(cube, "lsb", tuple(range(wavelengths.size))))
        scale = _number(hdf, cube, "scale factor")
        if scale <= 0:
            raise SceneError(
                f"{path}: the scale factor of {cube} is {scale:g}; it must be positive."
            )
        return Contents(
            path=path,
            reader=pixels,
            grid=_grid(hdf, group, (pixels.height, pixels.width)),
            bands=measured_bands(
                hdf,
                wavelengths,
                hdf.numbers(f"{axis}/FWHM"),
                _outside_windows(wavelengths, hdf.attributes(group)),
            ),
            calibration=Calibration(1 / scale, 0.0, _number(hdf, cube, "data ignore value")),
            metadata=hdf.metadata(),
            says_scale=True,
        )


def _group(hdf: Hdf) -> str | None:
    """Where the reflectance lies: in the group of the site, whatever its name."""
    return next(
        (f"{s}/Reflectance" for s in hdf.names() if f"{s}/Reflectance/Metadata" in hdf), None
    )


def _number(hdf: Hdf, name: str, wanted: str) -> float:
    """Read one number from an attribute, whether its name has blanks or underscores."""
    for key in hdf.attributes(name):
        if key.lower().replace("_", " ") == wanted:
            return float(hdf.list_attribute(key, name)[0])
    raise SceneError(
        f"{hdf.path}: {name} has no attribute {wanted.replace(' ', '_').title()!r}. "
        "The file is incomplete, or its product version is not known here."
    )


def _outside_windows(wavelengths: FloatArray, attributes: Mapping[str, Any]) -> BoolArray:
    """Bands outside the windows that the product names as useless."""
    good = np.ones(wavelengths.size, dtype=np.bool_)
    for key, value in attributes.items():
        limits = np.ravel(value)
        if key.startswith("Band_Window_") and limits.size == 2 and limits.dtype.kind in "iuf":
            good &= (wavelengths < limits.min()) | (wavelengths > limits.max())
    return good


def _grid(hdf: Hdf, group: str, shape: tuple[int, int]) -> Grid:
    system = f"{group}/Metadata/Coordinate_System"
    text = hdf.text_of(f"{system}/Map_Info").strip("{} ")
    grid = grid_from_map_info({"map info": text}, *shape)
    if f"{system}/EPSG Code" not in hdf or not grid.is_georeferenced:
        return grid
    code = hdf.text_of(f"{system}/EPSG Code")
    try:
        return replace(grid, crs=CRS.from_epsg(int(code)))
    except (ValueError, CRSError):
        warn(f"{hdf.path.name}: the EPSG code {code!r} is not known; Map_Info says {grid.crs}.")
        return grid


def _recognises(path: Path) -> bool:
    if not is_hdf(path):
        return False
    try:
        with open_hdf(path) as hdf:
            return _group(hdf) is not None
    except SceneError:  # said when the file is read after all
        return False


FORMAT = Format("NEON", _recognises, read_neon)
