"""EMIT L2A reflectance and L1B radiance: netCDF-4 in the geometry of the sensor, with its GLT.

``reflectance`` (or ``radiance``) is float32 over downtrack x crosstrack x bands, nodata in its
attribute ``_FillValue`` (-9999); ``sensor_band_parameters`` holds ``wavelengths`` and ``fwhm`` in
nm and ``good_wavelengths`` (1 = good, 0 where water vapour absorbs). ``location/glt_x`` and
``glt_y`` have the size of the map and give for each of its pixels crosstrack and downtrack,
counted from 1, 0 where there is nothing. The attributes ``geotransform`` (GDAL's order) and
``spatial_ref`` (WKT) of the file belong to that map, not to the pixels as they are stored.

References: EMIT L2A Estimated Surface Reflectance, doi:10.5067/EMIT/EMITL2ARFL.001; EMIT-Data-
Resources of LP DAAC, "How to Orthorectify EMIT data"; nasa/EMIT-Data-Resources issue 43.
"""

from __future__ import annotations

from pathlib import Path

from scenes.formats.contents import Contents
from scenes.formats.entry import Format
from scenes.formats.hdf import Hdf, holds, open_hdf
from scenes.formats.hdf_grid import (
    gdal_grid,
    measured_bands,
    packed_calibration,
    plain_grid,
)
from scenes.formats.hdf_pixels import HdfBands, HdfPixels
from scenes.lookup import Lookup

_AXIS = "sensor_band_parameters"
_NODATA = -9999.0


def read_emit(path: Path) -> Contents:
    """Read what an EMIT file says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The netCDF-4 file.

    Raises
    ------
    SceneFileError
        If the file cannot be opened.
    SceneError
        If h5py or a part of the file is missing.
    """
    with open_hdf(path) as hdf:
        is_radiance = "radiance" in hdf and "reflectance" not in hdf
        name = "radiance" if is_radiance else "reflectance"
        n_bands = hdf.numbers(f"{_AXIS}/wavelengths").size
        pixels = HdfPixels(hdf, HdfBands(name, "lsb", tuple(range(n_bands))))
        good = f"{_AXIS}/good_wavelengths"
        return Contents(
            path=path,
            reader=pixels,
            grid=plain_grid((pixels.height, pixels.width)),
            bands=measured_bands(
                hdf,
                hdf.numbers(f"{_AXIS}/wavelengths"),
                hdf.numbers(f"{_AXIS}/fwhm"),
                hdf.numbers(good) if good in hdf else None,
            ),
            calibration=packed_calibration(hdf, name, _NODATA),
            metadata=hdf.metadata(),
            lookup=_lookup(hdf, (pixels.height, pixels.width)),
            unit="radiance in uW/cm2/sr/nm" if is_radiance else "reflectance",
        )


def _lookup(hdf: Hdf, shape: tuple[int, int]) -> Lookup:
    table = HdfPixels(hdf, HdfBands("location/glt_x", "ls"), HdfBands("location/glt_y", "ls"))
    grid = gdal_grid(
        hdf,
        hdf.list_attribute("geotransform"),
        hdf.text_attribute("spatial_ref"),
        (table.height, table.width),
    )
    return Lookup(table, grid, shape)


def _recognises(path: Path) -> bool:
    return holds(path, f"{_AXIS}/wavelengths", "location/glt_x")


FORMAT = Format("EMIT", _recognises, read_emit)
