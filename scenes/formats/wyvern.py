"""Wyvern Dragonette: a Cloud Optimized GeoTIFF whose bands carry their wavelengths.

``wyvern_<satellite>_<time>_<id>[_<level>].tiff`` is float32 with the tags ``Wavelength``, ``FWHM``
and ``Wavelength_Units`` on every band and a nodata value, all of which the GeoTIFF reader finds.
L1B is radiance in W/m2/sr/um, with no scale to apply. The masks and previews beside it (``_data_
mask``, ``_preview``) are not scenes.

Reference: Wyvern, Data Product Guide, "Image Data" and "Processing Levels" (guide.wyvern.space).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scenes.formats.contents import Contents
from scenes.formats.entry import Format
from scenes.formats.geotiff import FORMAT as GEOTIFF
from scenes.formats.geotiff import read_geotiff

_AUXILIARY = ("mask", "preview", "thumbnail", "quality")
_REFLECTANCE = "_l2"


def read_wyvern(path: Path) -> Contents:
    """Read what a Wyvern image says about itself; not yet its pixels.

    Parameters
    ----------
    path : Path
        The GeoTIFF.

    Raises
    ------
    SceneFileError
        If it cannot be opened as a TIFF.
    """
    is_reflectance = _REFLECTANCE in path.stem.lower()
    unit = "reflectance" if is_reflectance else "radiance in W/m2/sr/um"
    return replace(read_geotiff(path), unit=unit)


def _recognises(path: Path) -> bool:
    name = path.name.lower()
    is_scene = name.startswith("wyvern_") and not any(word in name for word in _AUXILIARY)
    return is_scene and name.endswith((".tif", ".tiff")) and GEOTIFF.recognises(path)


FORMAT = Format("Wyvern", _recognises, read_wyvern)
