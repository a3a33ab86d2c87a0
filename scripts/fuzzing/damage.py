"""Small sound scenes with something wrong about them."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

HOSTILE = (
    "", "0", "-1", "1", "2", "3", "7", "1e9", "1000000000", "4294967296", "18446744073709551616",
    "9" * 400, "1e400", "-1e400", "nan", "inf", "-inf", "1e-320", "0x10", "1_0", "٣", "½", "NaN,",
    "{", "}", "{}", "{,}", "{{1}}", '"', ";", "=", "\x00", "\ufeff", "é", "a" * 300, "1,2", "bip",
    "TIFF", "ENVI Spectral Library", "Micrometers", "Unknown", "UTM", "rotation=180", "13", "5",
)  # fmt: skip
FIELDS = (
    "samples", "lines", "bands", "header offset", "data type", "interleave", "byte order",
    "file type", "file compression", "map info", "coordinate system string", "wavelength",
    "wavelength units", "fwhm", "bbl", "data ignore value", "reflectance scale factor",
    "data gain values", "data offset values", "band names", "minor frame offsets", "x start",
)  # fmt: skip
ENVI_DTYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
TAGS = (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 339, 33550)
"""Tags of TIFF that decide how large an image is and where it lies in the file."""

STAC = """{"assets": {"a": {"href": "x.tif"}}, "properties": {
"eo:bands": [
{"center_wavelength": 0.45, "full_width_half_max": 0.01},
{"center_wavelength": 0.55, "enmapbox:bad_band_multiplier": 0},
{"center_wavelength": 0.65},
{"center_wavelength": 0.75}
]}}
"""
TABLE = "wavelength_nm,fwhm,bbl\n450,5,1\n550,5,1\n650,5,0\n750,5,1\n"


def make_envi(folder: Path, random: Random) -> Path:
    """An ENVI image with a mutated header, or with a file that is too short or too long."""
    text, data = _envi(random)
    if random.random() < 0.1:
        data = gzip.compress(data, 1)
        text += "file compression = 1\n"
        data = mutated_bytes(data, random) if random.random() < 0.5 else data
    header = _mutated_text(text, random)
    (folder / "x.hdr").write_bytes(header)
    (folder / "x.img").write_bytes(_resized(data, random))
    return folder / random.choice(["x.hdr", "x.img"])


def make_esri(folder: Path, random: Random) -> Path:
    """An image with a mutated ESRI header."""
    text = (
        f"BYTEORDER {random.choice('IM')}\nLAYOUT {random.choice(['BIL', 'BIP', 'BSQ'])}\n"
        "NROWS 5\nNCOLS 3\nNBANDS 4\nNBITS 16\nBANDROWBYTES 6\nTOTALROWBYTES 24\n"
        "PIXELTYPE SIGNEDINT\nULXMAP 500015\nULYMAP 3999985\nXDIM 30\nYDIM 30\nNODATA -9999\n"
    )
    (folder / "x.hdr").write_bytes(_mutated_text(text, random, separator=" "))
    (folder / "x.bil").write_bytes(_resized(bytes(120), random))
    return folder / random.choice(["x.hdr", "x.bil"])


def make_geotiff(folder: Path, random: Random) -> Path:
    """A GeoTIFF with mutated bytes, or cut off."""
    path = folder / "x.tif"
    options = {
        "compress": random.choice([None, "deflate", "lzw", "zstd", "packbits"]),
        "interleave": random.choice(["band", "pixel"]),
        "bigtiff": random.choice(["yes", "no"]),
        "tiled": random.random() < 0.5,
        "sparse_ok": random.random() < 0.1,
    }
    options |= {"blockxsize": 16, "blockysize": 16} if options["tiled"] else {}
    grid = {"crs": CRS.from_epsg(32611), "transform": Affine(30, 0, 5e5, 0, -30, 4e6)}
    dtype = random.choice(["int16", "float32", "uint8"])
    values = np.arange(4 * 20 * 18, dtype=dtype).reshape(4, 20, 18)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", height=20, width=18, count=4, dtype=dtype, nodata=7,
            **grid, **{key: value for key, value in options.items() if value is not None},
        ) as dataset,
    ):  # fmt: skip
        if not options["sparse_ok"]:
            dataset.write(values)
        for band in range(1, random.choice([1, 5])):
            dataset.update_tags(band, wavelength=str(400 + 10 * band), wavelength_units="nm")
            dataset.set_band_description(band, f"band {band} (0.{400 + band} Micrometers)")
        if random.random() < 0.2:
            dataset.write_mask(values[0] > 3)
    data = path.read_bytes()
    change = random.choice([None, mutated_bytes, _mutated_tags, _mutated_tags, _cut])
    path.write_bytes(data if change is None else change(data, random))
    for name, text in (("x.hdr", _envi(random)[0]), ("x.json", STAC), ("x.csv", TABLE)):
        if random.random() < 0.1:
            (folder / name).write_bytes(_mutated_text(text, random, separator=","))
    return path


MAKERS: dict[str, Callable[[Path, Random], Path]] = {
    "ENVI": make_envi,
    "ESRI": make_esri,
    "GeoTIFF": make_geotiff,
}


def _envi(random: Random) -> tuple[str, bytes]:
    """A sound ENVI header and its data."""
    code = random.choice(list(ENVI_DTYPES))
    order = random.randrange(2)
    dtype = np.dtype(ENVI_DTYPES[code]).newbyteorder("<>"[order])
    shape = [random.randint(1, 6) for _ in range(3)]
    n_bands = shape[0]
    offset = random.choice([0, 0, 5, 128])
    names = ", ".join(f"band {i} (0.{400 + i} Micrometers)" for i in range(n_bands))
    text = (
        f"ENVI\nsamples = {shape[2]}\nlines = {shape[1]}\nbands = {n_bands}\n"
        f"header offset = {offset}\nfile type = ENVI Standard\ndata type = {code}\n"
        f"interleave = {random.choice(['bsq', 'bil', 'bip'])}\nbyte order = {order}\n"
        "map info = {UTM, 1.5, 1, 500000, 4100000, 30, 20, 11, North, WGS-84, rotation=30}\n"
        f"coordinate system string = {{{CRS.from_epsg(32611).to_wkt()}}}\n"
        f"wavelength units = {random.choice(['Nanometers', 'Micrometers', 'Unknown'])}\n"
        f"wavelength = {{\n {', '.join(str(400.5 + i) for i in range(n_bands))}}}\n"
        f"fwhm = {{{', '.join('9.5' for _ in range(n_bands))}}}\n"
        f"bbl = {{{', '.join('1' for _ in range(n_bands))}}}\n"
        f"band names = {{{names}}}\nreflectance scale factor = 10000\ndata ignore value = -9999\n"
    )
    numbers = np.arange(math.prod(shape)).astype(dtype)
    return text, bytes(offset) + numbers.tobytes()


def _mutated_text(text: str, random: Random, separator: str = " = ") -> bytes:
    """Change lines of a header, then perhaps its bytes and its encoding."""
    lines = text.splitlines()
    for _ in range(random.choice([0, 1, 1, 1, 2, 5])):
        _change_line(lines, random, separator)
    ends = random.choice(["\n", "\n", "\n", "\r\n", "\r"])
    encoding = random.choice(["utf-8", "utf-8", "utf-8", "latin-1", "utf-8-sig", "utf-16"])
    content = (ends.join(lines) + ends).encode(encoding, errors="replace")
    if random.random() < 0.15:
        content = random.choice([mutated_bytes, _cut])(content, random)
    return content


def _change_line(lines: list[str], random: Random, separator: str) -> None:
    if not lines:
        lines.append("ENVI")
    place = random.randrange(len(lines))
    key, equals, value = lines[place].partition("=")
    if not equals:
        key, _, value = lines[place].partition(" ")
    words = value.split(",")
    words[random.randrange(len(words))] = random.choice(HOSTILE)
    choices: tuple[Callable[[], object], ...] = (
        lambda: lines.__setitem__(place, f"{key.strip()}{separator}{random.choice(HOSTILE)}"),
        lambda: lines.__setitem__(place, f"{key.strip()}{separator}{','.join(words)}"),
        lambda: lines.__setitem__(place, f"{key.strip()}{separator}{value * 300}"),
        lambda: lines.__setitem__(place, lines[place].replace(random.choice("{}=,"), "", 1)),
        lambda: lines.pop(place),
        lambda: lines.insert(place, lines[random.randrange(len(lines))]),
        lambda: lines.append(f"{random.choice(FIELDS)}{separator}{random.choice(HOSTILE)}"),
        lambda: lines.insert(place, random.choice(HOSTILE)),
    )
    random.choice(choices)()


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """Change some bytes, mostly of the beginning."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 8])):
        end = min(len(changed), random.choice([16, 400, len(changed)]))
        place = random.randrange(max(1, end))
        value = random.choice([0, 1, 127, 128, 255, random.randrange(256)])
        changed[place : place + 1] = bytes([value])
    return bytes(changed)


def _mutated_tags(data: bytes, random: Random) -> bytes:
    """Change the value, count or type of an entry of the first directory of a TIFF."""
    changed = bytearray(data)
    is_big = data[2] == 43
    start = int.from_bytes(data[8:16] if is_big else data[4:8], "little")
    n_entries = int.from_bytes(data[start : start + (8 if is_big else 2)], "little")
    step, value_at, size = (20, 12, 8) if is_big else (12, 8, 4)
    for _ in range(random.choice([1, 1, 2, 4])):
        tag = random.choice(TAGS)
        for i in range(n_entries):
            place = start + (8 if is_big else 2) + i * step
            if int.from_bytes(data[place : place + 2], "little") == tag:
                at = place + random.choice([value_at, value_at, value_at, 2, 4])
                number = random.choice([0, 1, 2, 3, 5, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1])
                changed[at : at + size] = number.to_bytes(size, "little")
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _resized(data: bytes, random: Random) -> bytes:
    """Mostly the data as they are, sometimes cut off, sometimes with more behind them."""
    choice = random.random()
    if choice < 0.1:
        return _cut(data, random)
    return data + bytes(random.randrange(1, 2000)) if choice < 0.2 else data
