"""DESIS L1C and L2A: a GeoTIFF beside a metadata file.

``DESIS-HSI-L2A-...-SPECTRAL_IMAGE.tif`` holds int16; ``...-METADATA.xml`` gives for each band, in
``specific/bandCharacterisation/band``, ``wavelengthCenterOfBand`` and ``wavelengthWidthOfBand``
(nm), ``gainOfBand`` and ``offsetOfBand``: L2A is reflectance with one gain of 0.0001, L1C radiance
in mW/cm2/sr/um with another gain and offset for every band. -32768 is nodata. (``band`` elements
under ``interiorOrientation`` are something else.) Without the metadata file, the GeoTIFF reader
takes the same numbers from ``...-SPECTRAL_IMAGE.hdr``, which older GDAL ignores.

References: DESIS L1C and L2A products of DLR; OSGeo/gdal pull request 13349 for the header.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from scenes.errors import SceneError
from scenes.formats.contents import Contents
from scenes.formats.entry import Format
from scenes.formats.product_xml import (
    BandTable,
    described,
    find_product,
    is_product,
    read_image,
)

_MISSION = "DESIS"
_TABLE = BandTable(
    path="specific/bandCharacterisation/band",
    wavelength_nm="wavelengthCenterOfBand",
    fwhm_nm="wavelengthWidthOfBand",
    gain="gainOfBand",
    offset="offsetOfBand",
)
_NODATA = -32768.0


def read_desis(path: Path) -> Contents:
    """Read what a DESIS product says about itself, and eight lines to find empty bands.

    Parameters
    ----------
    path : Path
        The product's folder, its metadata file or its image.

    Raises
    ------
    SceneFileError
        If a file is missing or cannot be read.
    SceneError
        If the metadata do not fit the image, or it is an L1B product.
    """
    product = find_product(path, _MISSION)
    name = product.image.name.upper()
    if "-L1B-" in name:
        raise SceneError(
            f"{product.image} is DESIS L1B, which lies on no map. Order it as L1C or L2A."
        )
    contents = described(read_image(product), product, _TABLE)
    calibration = contents.calibration
    if calibration.nodata is None and contents.reader.dtype == np.int16:
        calibration = replace(calibration, nodata=_NODATA)
    unit = "reflectance" if "-L2A-" in name else "radiance in mW/cm2/sr/um"
    return replace(contents, calibration=calibration, unit=unit, may_have_empty_bands=True)


FORMAT = Format("DESIS", lambda path: is_product(path, _MISSION), read_desis)
