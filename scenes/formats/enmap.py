"""EnMAP L1C and L2A: an image beside a metadata file.

``ENMAP01-____L2A-...-SPECTRAL_IMAGE.TIF`` (also ``.BSQ``, ``.BIL``, ``.BIP`` with an ENVI header,
and Cloud Optimized GeoTIFF) and ``...-METADATA.XML``, in which ``specific/bandCharacterisation/
bandID`` gives ``wavelengthCenterOfBand`` and ``FWHMOfBand`` (nm), ``GainOfBand`` and
``OffsetOfBand``. Bands are in the order of the detectors, VNIR before SWIR, and overlap between
902 and 993 nm. L2A is reflectance times 10000 in int16, -32768 where there is none, and in whole
bands within the absorption of water vapour; L1C is radiance in W/m2/sr/nm.

Reference: EnMAP Ground Segment, HSI Product Specification Level 1 / Level 2, EN-PCV-ICD-2009-2.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from scenes.errors import SceneError
from scenes.formats.contents import Calibration, Contents
from scenes.formats.entry import Format
from scenes.formats.product_xml import (
    BandTable,
    described,
    find_product,
    is_product,
    read_image,
    read_xml,
)

_MISSION = "ENMAP"
_TABLE = BandTable(
    path="specific/bandCharacterisation/bandID",
    wavelength_nm="wavelengthCenterOfBand",
    fwhm_nm="FWHMOfBand",
    gain="GainOfBand",
    offset="OffsetOfBand",
)
_NODATA = -32768.0
_REFLECTANCE_SCALE = 10000


def read_enmap(path: Path) -> Contents:
    """Read what an EnMAP product says about itself, and eight lines to find empty bands.

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
    if "-SPECTRAL_IMAGE_VNIR" in product.image.name.upper():
        raise SceneError(
            f"{product.image} is EnMAP L1B: two detectors that do not lie on each other. "
            "Order the product as L1C or L2A."
        )
    contents = described(read_image(product), product, _TABLE)
    level = read_xml(product.metadata).findtext("base/level") or product.image.name
    is_reflectance = "L2A" in level.upper() or "L2A" in product.image.name.upper()
    calibration = contents.calibration
    if is_reflectance and not calibration.is_declared:
        calibration = Calibration(1 / _REFLECTANCE_SCALE, 0.0, calibration.nodata)
    if calibration.nodata is None and contents.reader.dtype == np.int16:
        calibration = replace(calibration, nodata=_NODATA)
    unit = "reflectance" if is_reflectance else "radiance in W/m2/sr/nm"
    return replace(contents, calibration=calibration, unit=unit, may_have_empty_bands=True)


FORMAT = Format("EnMAP", lambda path: is_product(path, _MISSION), read_enmap)
