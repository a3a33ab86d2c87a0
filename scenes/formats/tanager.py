"""Planet Tanager: HDF-EOS5, radiance or surface reflectance, in sensor geometry or on a map.

``HDFEOS/SWATHS/HYP/Data Fields`` (basic) or ``HDFEOS/GRIDS/HYP/Data Fields`` (ortho) hold
``surface_reflectance`` or ``toa_radiance``, float32 over bands x rows x columns, with attributes
``wavelengths`` and ``fwhm`` in nm and, for reflectance, ``good_wavelengths`` (1 = good).
``nodata_pixels`` is 1 where there are no data. The map of an ortho product is told by
``HDFEOS INFORMATION/StructMetadata.0`` (``UpperLeftPointMtrs`` and ``LowerRightMtrs``, outer
corners since ``PixelRegistration=HE5_HDFE_CORNER``) and by the attribute ``epsg_code`` of
``HDFEOS/GRIDS/HYP``; where that is missing, by ``ZoneCode`` (UTM on WGS 84, south below zero).
A basic product has latitudes and longitudes, which are no lookup table: its maps stay as they are.

Reference: Planet, Tanager Product Specification, November 2025, sections 3.5 and 3.6.
"""

from __future__ import annotations

import re
from pathlib import Path

from scenes.errors import SceneError
from scenes.formats.contents import Contents, warn
from scenes.formats.entry import Format
from scenes.formats.hdf import Hdf, holds, open_hdf
from scenes.formats.hdf_grid import (
    gdal_grid,
    measured_bands,
    packed_calibration,
    plain_grid,
)
from scenes.formats.hdf_pixels import HdfBands, HdfFlags, HdfPixels, flags_of
from scenes.grid import Grid

_BASIC = "HDFEOS/SWATHS/HYP"
_ORTHO = "HDFEOS/GRIDS/HYP"
_STRUCTURE = "HDFEOS INFORMATION/StructMetadata.0"
_UNITS = {"surface_reflectance": "reflectance", "toa_radiance": "radiance in W/m2/sr/um"}
_NODATA = -9999.0
_NORTH, _SOUTH = 32600, 32700  # EPSG codes of the UTM zones on WGS 84, less the zone


def read_tanager(path: Path) -> Contents:
    """Read what a Tanager file says about itself; not yet its pixels.

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

    Warns
    -----
    SceneWarning
        If it is a basic product, which lies on no map.
    """
    with open_hdf(path) as hdf:
        group = _ORTHO if _ORTHO in hdf else _BASIC
        quantity = _quantity(hdf, group)
        cube = f"{group}/Data Fields/{quantity}"
        wavelengths = hdf.list_attribute("wavelengths", cube)
        pixels = HdfPixels(hdf, HdfBands(cube, "bls", tuple(range(wavelengths.size))))
        has_list = "good_wavelengths" in hdf.attributes(cube)
        empty = f"{group}/Data Fields/nodata_pixels"
        flags = flags_of(hdf, pixels, HdfBands(empty, "ls")) if empty in hdf else None
        return Contents(
            path=path,
            reader=pixels,
            grid=_grid(hdf, group, (pixels.height, pixels.width)),
            bands=measured_bands(
                hdf,
                wavelengths,
                hdf.list_attribute("fwhm", cube),
                hdf.list_attribute("good_wavelengths", cube) if has_list else None,
            ),
            calibration=packed_calibration(hdf, cube, _NODATA),
            metadata=hdf.metadata(),
            mask=None if flags is None else HdfFlags(flags, invalid=1),
            unit=_UNITS[quantity],
        )


def _quantity(hdf: Hdf, group: str) -> str:
    fields = hdf.names(f"{group}/Data Fields")
    for quantity in _UNITS:
        if quantity in fields:
            return quantity
    raise SceneError(
        f"{hdf.path} has neither surface_reflectance nor toa_radiance in {group}/Data Fields "
        f"(it holds {', '.join(fields[:8]) or 'nothing'}). Give a scene's HDF5 file."
    )


def _grid(hdf: Hdf, group: str, shape: tuple[int, int]) -> Grid:
    if group == _BASIC:
        warn(
            f"{hdf.path.name} is a basic product in the geometry of the sensor: its maps have no "
            "place. Order the ortho product for maps that have one."
        )
        return plain_grid(shape)
    text = hdf.text_of(_STRUCTURE)
    left, top = _pair(hdf, text, "UpperLeftPointMtrs")
    right, bottom = _pair(hdf, text, "LowerRightMtrs")
    height, width = shape
    transform = (left, (right - left) / width, 0.0, top, 0.0, (bottom - top) / height)
    return gdal_grid(hdf, transform, _epsg(hdf, text), shape)


def _pair(hdf: Hdf, text: str, name: str) -> tuple[float, float]:
    found = re.search(rf"{name}=\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\)", text)
    if found is None:
        raise SceneError(f"{hdf.path}: {_STRUCTURE} has no {name}. The file is incomplete.")
    return float(found[1]), float(found[2])


def _epsg(hdf: Hdf, text: str) -> int:
    if "epsg_code" in hdf.attributes(_ORTHO):
        return hdf.whole_number_attribute("epsg_code", _ORTHO)
    zone = re.search(r"ZoneCode=(-?\d+)", text)
    if zone is None or "HE5_GCTP_UTM" not in text:
        raise SceneError(f"{hdf.path}: {_ORTHO} has no epsg_code, and its map is no UTM zone.")
    number = int(zone[1])
    return _NORTH + number if number > 0 else _SOUTH - number


FORMAT = Format("Tanager", lambda path: holds(path, _ORTHO, _BASIC), read_tanager)
