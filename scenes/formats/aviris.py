"""AVIRIS Classic, NG, 3 and 5: ENVI images with a lookup table beside them, or netCDF-4.

A flight line is named ``f080611t01p00r07`` (Classic), ``ang20170228t170016`` (NG) or
``AV320230915t153342`` (3; 5 likewise), and all its files begin with that. An image without map
info whose line has a ``..._glt`` (``_ort_glt``, ``_GLT``) beside it lies in sensor geometry, and
the table says where its pixels belong. Its negative entries fill gaps from a neighbour.

Headers of Classic lines often name no nodata value, although lines that were turned to the north
are padded: with -9999, or in L2 with -0.9999 times a factor that differs from band to band. So
where two corners hold exactly the same spectrum, every pixel with that spectrum is padding. Bands
that hold one number everywhere (the first two of Classic L2) are not used.

NetCDF-4 (AVIRIS-3, AVIRIS-5): ``reflectance/reflectance`` or ``radiance/radiance`` over bands x
rows x columns, with ``wavelength`` and ``fwhm`` (nm) in the same group; ``transverse_mercator`` has
``GeoTransform`` and ``spatial_ref`` of the map. L2A lies on that map; L1B lies in sensor geometry,
with ``geolocation_lookup_table/sample`` and ``line``.

References: AVIRIS, AVIRIS-NG and AVIRIS-3 Distribution Documents (JPL); EnSpec/hytools issue 18.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scenes.bands import BoolArray, IndexArray
from scenes.envi_header import is_envi_header, read_header
from scenes.errors import SceneError
from scenes.formats.contents import Contents, warn
from scenes.formats.entry import Format
from scenes.formats.envi import read_envi
from scenes.formats.envi_files import find_header
from scenes.formats.hdf import Hdf, holds, open_hdf
from scenes.formats.hdf_grid import (
    gdal_grid,
    measured_bands,
    packed_calibration,
    plain_grid,
)
from scenes.formats.hdf_pixels import HdfBands, HdfPixels
from scenes.formats.product_xml import entries_of
from scenes.lookup import Lookup
from scenes.pixels import PixelReader, RawArray

_LINE = re.compile(r"f\d{6}t\d{2}p\d{2}r\d{2}|ang\d{8}t\d{6}|av[35]\d{8}t\d{6}", re.IGNORECASE)
_NO_IMAGE = re.compile(r"_(glt|igm|loc|obs|obs_ort|eph|lonlat_eph)$", re.IGNORECASE)
_MAP = "transverse_mercator"
_TABLE = "geolocation_lookup_table"
_NODATA = -9999.0
_N_COMPARED = 8  # bands, spread over all, in which padding is recognised


@dataclass(frozen=True, eq=False)
class Padding:
    """Pixels whose spectrum is exactly that of the padding around a turned line (a `MaskReader`).

    Parameters
    ----------
    reader : PixelReader
        The raw numbers.
    bands : int array
        Bands that are compared.
    spectrum : array of the same length
        The padding in those bands.
    """

    reader: PixelReader
    bands: IndexArray
    spectrum: RawArray

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window: shape (height * width,), True = valid."""
        raw = self.reader.read(row, column, height, width, self.bands)
        valid: BoolArray = (raw != self.spectrum).any(axis=1)
        return valid


def read_aviris(path: Path) -> Contents:
    """Read what a flight line says about itself, its corners, and eight lines.

    Parameters
    ----------
    path : Path
        The image, its header, or a netCDF-4 file.

    Raises
    ------
    SceneFileError
        If a file cannot be opened.
    SceneError
        If a part of the file is missing.

    Warns
    -----
    SceneWarning
        If the image is padded and the header does not say with what.
    """
    return _read_netcdf(path) if path.suffix.lower() == ".nc" else _read_image(path)


def _read_image(path: Path) -> Contents:
    if path.suffix.lower() == ".hdr":
        contents = read_envi(path, read_header(path))
    else:
        header = find_header(path)
        assert header is not None  # it was recognised
        contents = read_envi(header, read_header(header), path)
    if contents.calibration.nodata is None:
        contents = _with_padding(contents)
    if not contents.grid.is_georeferenced:
        contents = replace(contents, lookup=_lookup_beside(contents))
    return replace(contents, may_have_empty_bands=True)


def _with_padding(contents: Contents) -> Contents:
    """Find padding by the corners: two that are the same, bit for bit, are no coincidence."""
    reader = contents.reader
    every = np.arange(reader.n_bands)
    places = [(r, c) for r in (0, reader.height - 1) for c in (0, reader.width - 1)]
    corners = [reader.read(row, column, 1, 1, every)[0] for row, column in places]
    for i, spectrum in enumerate(corners):
        if any(np.array_equal(spectrum, other) for other in corners[:i]):
            warn(
                f"{contents.path.name} names no nodata value, and two of its corners are the same "
                f"({spectrum.min():g} to {spectrum.max():g}); pixels like these are left out."
            )
            chosen = np.unique(np.linspace(0, reader.n_bands - 1, _N_COMPARED).round().astype(int))
            return replace(contents, mask=Padding(reader, chosen, spectrum[chosen]))
    return contents


def _lookup_beside(contents: Contents) -> Lookup | None:
    """Find the GLT of the same flight line; None where there is none that could be."""
    line = _LINE.match(contents.path.name)
    assert line is not None  # it was recognised
    for table in entries_of(contents.path.parent):
        is_table = table.name.lower().startswith(line[0].lower())
        if not is_table or not table.stem.lower().endswith("_glt") or not table.is_file():
            continue
        header = find_header(table)
        if header is None or header == table or not is_envi_header(header):
            continue
        found = read_envi(header, read_header(header), table)
        if found.reader.n_bands == 2 and found.grid.is_georeferenced:
            return Lookup(found.reader, found.grid, contents.grid.shape)
    return None


def _read_netcdf(path: Path) -> Contents:
    with open_hdf(path) as hdf:
        name = _quantity(hdf)
        wavelengths = hdf.numbers(f"{name}/wavelength")
        cube = f"{name}/{name}"
        pixels = HdfPixels(hdf, HdfBands(cube, "bls", tuple(range(wavelengths.size))))
        shape = (pixels.height, pixels.width)
        lookup = _lookup_inside(hdf, shape)
        numbers, crs = _map_of(hdf)
        return Contents(
            path=path,
            reader=pixels,
            grid=gdal_grid(hdf, numbers, crs, shape) if lookup is None else plain_grid(shape),
            bands=measured_bands(hdf, wavelengths, hdf.numbers(f"{name}/fwhm"), None),
            calibration=packed_calibration(hdf, cube, _NODATA),
            metadata=hdf.metadata(),
            lookup=lookup,
            unit="reflectance" if name == "reflectance" else "radiance in uW/cm2/sr/nm",
        )


def _quantity(hdf: Hdf) -> str:
    for name in ("reflectance", "radiance"):
        if f"{name}/{name}" in hdf:
            return name
    raise SceneError(
        f"{hdf.path} has neither reflectance/reflectance nor radiance/radiance "
        f"(it holds {', '.join(hdf.names()[:8])}). Give the cube, not what belongs to it."
    )


def _map_of(hdf: Hdf) -> tuple[list[float], str]:
    numbers = hdf.list_attribute("GeoTransform", _MAP).tolist()
    key = "crs_wkt" if "crs_wkt" in hdf.attributes(_MAP) else "spatial_ref"
    return numbers, hdf.text_attribute(key, _MAP)


def _lookup_inside(hdf: Hdf, shape: tuple[int, int]) -> Lookup | None:
    """Take the table of a file whose cube has not the shape of the map."""
    if f"{_TABLE}/sample" not in hdf:
        return None
    parts = (HdfBands(f"{_TABLE}/sample", "ls"), HdfBands(f"{_TABLE}/line", "ls"))
    table = HdfPixels(hdf, *parts)
    on_map = (table.height, table.width)
    if on_map == shape:  # orthorectified: the table belongs to the raw image it was made from
        return None
    numbers, crs = _map_of(hdf)
    return Lookup(table, gdal_grid(hdf, numbers, crs, on_map), shape)


def _recognises(path: Path) -> bool:
    if holds(path, _MAP):
        return True
    if not path.is_file() or not _LINE.match(path.name):
        return False
    base = path.stem if path.suffix.lower() in (".hdr", ".img", ".bil", ".bip") else path.name
    if _NO_IMAGE.search(base):
        return False
    header = path if path.suffix.lower() == ".hdr" else find_header(path)
    return header is not None and is_envi_header(header)


FORMAT = Format("AVIRIS", _recognises, read_aviris)
