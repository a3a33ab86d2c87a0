"""Scenes with one defect each, made by code."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

PLACE = "{UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84}"


def listed(values):
    return "{" + ",\n".join(f"{value:g}" for value in values) + "}"


@pytest.fixture
def plant(tmp_path, ground, air_nm, write_envi):
    """Write the clean scene as ENVI, int16 x 10000, with some things changed."""

    def write(fields=None, cube=None, dtype="<i2", **options):
        described = {
            "wavelength units": "Nanometers",
            "wavelength": listed(air_nm),
            "bbl": listed(np.ones(air_nm.size)),
            "reflectance scale factor": 10000,
            "data ignore value": -9999,
            "map info": PLACE,
            **(fields or {}),
        }
        raw = np.round((ground if cube is None else cube) * 10000)
        return write_envi(tmp_path, raw, described, dtype=dtype, **options)

    return write


@pytest.fixture
def plant_tiff(tmp_path, ground, air_nm):
    """Write the clean scene as GeoTIFF, uint16 x 10000, with its wavelengths."""

    def write(**changed):
        profile = {
            "driver": "GTiff", "dtype": "uint16", "count": 105, "height": 24, "width": 30,
            "crs": CRS.from_epsg(32611), "transform": Affine(30, 0, 5e5, 0, -30, 4.1e6),
            "nodata": 65535, **changed,
        }  # fmt: skip
        path = tmp_path / "scene.tif"
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(np.round(ground * 10000).astype(np.uint16))
            dataset.scales = (1e-4,) * 105
            dataset.update_tags(ns="ENVI", bbl=listed(np.arange(105) != 104))
            for band, value in enumerate(air_nm.tolist(), start=1):
                dataset.update_tags(band, wavelength=value, wavelength_units="Nanometers")
        return path

    return write
