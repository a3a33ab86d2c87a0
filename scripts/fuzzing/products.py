"""Small HDF5 products of every mission that is read, with something wrong about them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np
from rasterio.crs import CRS

from fuzzing.damage import HOSTILE, mutated_bytes

_NM = np.array([450.5, 900.25, 1400.0, 2200.75])
_ROWS, _COLUMNS = 8, 6
_DTYPES = ("i1", ">i4", "u8", "f2", "f8", "c8")
_WKT = CRS.from_epsg(32611).to_wkt()
_GEOTRANSFORM = [500000.0, 30.0, 0.0, 4100000.0, 0.0, -30.0]
_STRUCTURE = (
    "UpperLeftPointMtrs=(500000.0,4100000.0)\nLowerRightMtrs=(500180.0,4099760.0)\n"
    "Projection=HE5_GCTP_UTM\nZoneCode=11\n"
)
_MAP_INFO = "UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84, units=Meters"

Entries = dict[str, Any]
"""What a file holds: datasets by their path, attributes as ``path@name``."""


def make_damaged_product(folder: Path, random: Random) -> Path:
    """A product in which entries are missing, or are other than they should be."""
    suffix, make = random.choice(MISSIONS)
    entries = make()
    for _ in range(random.choice([0, 1, 1, 1, 2, 4])):
        _damage(entries, random)
    return _write(folder / f"x{suffix}", entries, random)


def make_broken_product(folder: Path, random: Random) -> Path:
    """A product of which bytes are changed, or the end is missing."""
    suffix, make = random.choice(MISSIONS)
    path = _write(folder / f"x{suffix}", make(), random)
    data = mutated_bytes(path.read_bytes(), random)
    if random.random() < 0.2:
        data = data[: random.randrange(len(data))]
    path.write_bytes(data)
    return path


def _write(path: Path, entries: Entries, random: Random) -> Path:
    """Write what can be written: an attribute without its dataset is left out."""
    with h5py.File(path, "w") as file:
        for key, value in sorted(entries.items(), key=lambda item: "@" in item[0]):
            place, at, name = key.partition("@")
            if not at:
                whole = np.ndim(value) == 3 and 0 not in np.shape(value)
                file.create_dataset(key, data=value, compression="gzip" if whole else None)
            elif not place or place in file:
                (file[place] if place else file).attrs[name] = value
        if random.random() < 0.1:
            file["more"] = h5py.SoftLink("/nowhere")
    return path


def _damage(entries: Entries, random: Random) -> None:
    if not entries:
        return
    key = random.choice(sorted(entries))
    value = entries.pop(key)
    choice = random.randrange(8)
    if choice == 0:
        return  # missing
    if choice == 1:
        entries[key] = np.bytes_(random.choice(HOSTILE).replace("\0", "0").encode())
    elif choice == 2:
        entries[key] = _hostile_number(random)
    elif choice == 3 and np.ndim(value):
        entries[key] = np.asarray(value)[..., :-1]
    elif choice == 4 and np.ndim(value):
        entries[key] = np.asarray(value)[..., :0]
    elif choice == 5 and np.asarray(value).dtype.kind in "iuf":
        with np.errstate(all="ignore"):
            entries[key] = np.asarray(value).astype(random.choice(_DTYPES))
    elif choice == 6 and np.size(value) and np.asarray(value).dtype.kind in "iuf":
        changed = np.array(value, dtype=np.float64)
        changed.reshape(-1)[random.randrange(changed.size)] = _hostile_number(random)
        entries[key] = changed
    else:
        entries[key] = 7 if isinstance(value, str) else np.stack([np.asarray(value)] * 2)


def _hostile_number(random: Random) -> float:
    return random.choice([0.0, -1.0, 1.0, 1e-320, 1e300, -1e300, np.nan, np.inf, 65536.0])


def _cube(axes: str, dtype: str = "f4") -> np.ndarray[Any, Any]:
    """A cube of these axes: l for lines, s for samples, b for bands."""
    sizes = {"l": _ROWS, "s": _COLUMNS, "b": _NM.size}
    shape = tuple(sizes[axis] for axis in axes)
    return np.arange(1, np.prod(shape) + 1).reshape(shape).astype(dtype)


def _emit() -> Entries:
    table = np.arange(12).reshape(3, 4) % _COLUMNS
    return {
        "reflectance": _cube("lsb") / 1000,
        "reflectance@_FillValue": np.float32(-9999),
        "sensor_band_parameters/wavelengths": _NM,
        "sensor_band_parameters/fwhm": np.full(4, 8.5),
        "sensor_band_parameters/good_wavelengths": np.array([1, 1, 0, 1], np.uint8),
        "location/glt_x": table,
        "location/glt_y": table,
        "@geotransform": _GEOTRANSFORM,
        "@spatial_ref": _WKT,
    }


def _prisma() -> Entries:
    fields = "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"
    entries: Entries = {"@Epsg_Code": 32611}
    for arm in ("Vnir", "Swir"):
        entries |= {
            f"{fields}/{arm.upper()}_Cube": _cube("lbs", "u2"),
            f"{fields}/{arm.upper()}_PIXEL_L2_ERR_MATRIX": _cube("lbs", "u1") % 4,
            f"@List_Cw_{arm}": np.append(_NM[:0:-1], 0),
            f"@List_Fwhm_{arm}": np.full(4, 9.5),
            f"@L2Scale{arm}Min": 0.0,
            f"@L2Scale{arm}Max": 0.9,
        }
    corners = {"ULcorner": (500015.0, 4099985.0), "LRcorner": (500165.0, 4099775.0)}
    for name, (x, y) in corners.items():
        entries |= {f"@Product_{name}_easting": x, f"@Product_{name}_northing": y}
    return entries


def _tanager() -> Entries:
    cube = "HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance"
    return {
        cube: _cube("bls") / 1000,
        f"{cube}@wavelengths": _NM,
        f"{cube}@fwhm": np.full(4, 5.5),
        f"{cube}@good_wavelengths": [1, 1, 0, 1],
        f"{cube}@_FillValue": np.float32(-9999),
        "HDFEOS/GRIDS/HYP/Data Fields/nodata_pixels": np.zeros((_ROWS, _COLUMNS), np.uint8),
        "HDFEOS/GRIDS/HYP@epsg_code": 32611,
        "HDFEOS INFORMATION/StructMetadata.0": np.bytes_(_STRUCTURE),
    }


def _neon() -> Entries:
    group = "SITE/Reflectance"
    return {
        f"{group}/Reflectance_Data": _cube("lsb", "i2"),
        f"{group}/Reflectance_Data@Scale_Factor": 10000.0,
        f"{group}/Reflectance_Data@Data_Ignore_Value": -9999.0,
        f"{group}/Metadata/Spectral_Data/Wavelength": _NM,
        f"{group}/Metadata/Spectral_Data/FWHM": np.full(4, 5.8),
        f"{group}/Metadata/Coordinate_System/Map_Info": np.bytes_(_MAP_INFO),
        f"{group}/Metadata/Coordinate_System/EPSG Code": np.bytes_("32611"),
        f"{group}@Band_Window_1_Nanometers": np.array([1340, 1445]),
    }


def _aviris() -> Entries:
    table = np.arange(12).reshape(3, 4) % _COLUMNS
    return {
        "reflectance/reflectance": _cube("bls") / 1000,
        "reflectance/reflectance@_FillValue": np.float32(-9999),
        "reflectance/wavelength": _NM,
        "reflectance/fwhm": np.full(4, 7.5),
        "geolocation_lookup_table/sample": table,
        "geolocation_lookup_table/line": table,
        "transverse_mercator": np.bytes_(" "),
        "transverse_mercator@GeoTransform": " ".join(map(str, _GEOTRANSFORM)),
        "transverse_mercator@spatial_ref": _WKT,
    }


MISSIONS = ((".nc", _emit), (".he5", _prisma), (".h5", _tanager), (".h5", _neon), (".nc", _aviris))
"""Ends of the names of the missions' files, and what they hold."""
