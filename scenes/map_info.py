"""Between the ENVI header fields ``map info`` and ``coordinate system string`` and a `Grid`.

Reference: "ENVI Header Files", NV5 Geospatial Software documentation. ``rotation=r`` turns the
image counter-clockwise by r degrees about its reference pixel (the sign GDAL settled on).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from scenes.crs_parameters import differences
from scenes.datums import DATUMS, Datum, find_datum
from scenes.envi_header import quoted, split_list
from scenes.errors import SceneError, SceneWarning
from scenes.grid import Grid

_HALF_TURN = 180 + 1e-9  # at exactly 180 GDAL would turn the rows over and leave the columns
_METRES = frozenset({"", "meters", "metres", "meter", "metre", "m"})
_DEGREES = frozenset({"", "degrees", "degree", "deg"})


@dataclass(frozen=True)
class _MapInfo:
    """The field ``map info``, taken apart."""

    projection: str
    transform: Affine
    words: tuple[str, ...]  # what follows the seven numbers, options left out
    units: str

    @property
    def origin_text(self) -> str:
        return f"({self.transform.c:.6g}, {self.transform.f:.6g})"


def grid_from_map_info(fields: Mapping[str, str], height: int, width: int) -> Grid:
    """Make the grid that an ENVI header describes.

    ``coordinate system string`` names the CRS unless it contradicts a projection and datum that
    ``map info`` spells out: headers exist whose string is corrupt. Without ``map info`` the
    transform is the identity and there is no CRS. ``x start`` and ``y start`` move nothing.

    Parameters
    ----------
    fields : mapping of str to str
        The fields of the header as `scenes.envi_header.read_header` gives them.
    height, width : int
        Number of lines and samples.

    Warns
    -----
    SceneWarning
        If something was assumed or could not be used.

    Examples
    --------
    >>> fields = {"map info": "UTM, 1, 1, 500000, 4100000, 30, 30, 11, North, WGS-84"}
    >>> grid_from_map_info(fields, height=250, width=191)
    Grid(250 x 191 px of 30 x 30, EPSG:32611)
    """
    text = fields.get("map info", "")
    if not text.strip():
        if fields.get("coordinate system string", "").strip():
            _warn("`coordinate system string` without `map info` places nothing; it is ignored.")
        return Grid(None, Affine.identity(), height, width)
    try:
        info = _parse(text)
    except ValueError as error:
        found = str(error)[:80]
        _warn(f"`map info` cannot be read ({found}); the scene is taken as not georeferenced.")
        return Grid(None, Affine.identity(), height, width)
    return Grid(_choose_crs(info, fields), info.transform, height, width)


def map_info_from_grid(grid: Grid) -> dict[str, str]:
    """Write a grid as the header fields ``map info`` and ``coordinate system string``.

    Returns
    -------
    dict of str to str
        Empty for a grid that is not georeferenced; without ``coordinate system string`` (and
        with the projection ``Arbitrary``) for a grid without CRS.

    Raises
    ------
    SceneError
        If ENVI cannot express the transform (shear, or rows that run upwards).

    Examples
    --------
    >>> grid = Grid(CRS.from_epsg(32611), Affine(30, 0, 500000, 0, -30, 4100000), 250, 191)
    >>> map_info_from_grid(grid)["map info"]
    'UTM, 1, 1, 500000.0, 4100000.0, 30.0, 30.0, 11, North, WGS-84, units=Meters'
    """
    if not grid.is_georeferenced:
        return {}
    x_size, y_size, rotation = _sizes_and_rotation(grid.transform)
    name, *rest = _projection_words(grid.crs)
    items = [name, "1", "1", repr(grid.transform.c), repr(grid.transform.f)]
    items += [repr(x_size), repr(y_size), *rest]
    if rotation != 0:
        items.append(f"rotation={rotation!r}")
    fields = {"map info": ", ".join(items)}
    if grid.crs is not None:
        fields["coordinate system string"] = _esri_wkt(grid.crs)
    return fields


def _parse(text: str) -> _MapInfo:
    """Take ``map info`` apart; a ValueError says what is wrong with it."""
    items = split_list(text)
    if len(items) < 7:
        raise ValueError(f"it has {len(items)} of at least 7 entries")
    column, row, x, y, x_size, y_size = (float(item) for item in items[1:7])
    options: dict[str, str] = {}
    words = []
    for item in items[7:]:
        key, equals, value = item.partition("=")
        if equals:
            options[key.strip().lower()] = value.strip()
        else:
            words.append(item)
    turned = _transform(x_size, y_size, float(options.get("rotation") or 0))
    east = x + turned.a * (1 - column) + turned.b * (1 - row)
    north = y + turned.d * (1 - column) + turned.e * (1 - row)
    transform = Affine(turned.a, turned.b, east, turned.d, turned.e, north)
    if not all(map(math.isfinite, transform)) or transform.determinant == 0:
        raise ValueError(f"pixel sizes {x_size} and {y_size}")
    return _MapInfo(items[0], transform, tuple(words), options.get("units", "").lower())


def _transform(x_size: float, y_size: float, rotation: float) -> Affine:
    """Transform of an image turned counter-clockwise about the origin by `rotation` degrees."""
    if abs(rotation) == 180:
        _warn(
            f"`map info` says rotation={rotation:g}: read as half a turn, columns running west and "
            "rows running north. GDAL writes this for rows running north alone; check the place."
        )
    cosine, sine = _cosine_and_sine(rotation)
    return Affine(x_size * cosine, y_size * sine, 0, x_size * sine, -y_size * cosine, 0)


def _cosine_and_sine(degrees: float) -> tuple[float, float]:
    """Cosine and sine of an angle in degrees, exact for quarter turns."""
    quarters = round(degrees / 90)
    if abs(degrees - 90 * quarters) < 3e-9:  # also the half turn that we write
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarters % 4]
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


def _sizes_and_rotation(transform: Affine) -> tuple[float, float, float]:
    """Pixel sizes and rotation in degrees of a transform without shear."""
    a, b, _, d, e, _ = tuple(transform)[:6]
    x_size, y_size = math.hypot(a, d), math.hypot(b, e)
    if abs(a * b + d * e) > 1e-6 * x_size * y_size:
        raise SceneError(
            f"an ENVI header cannot express the shear of the transform ({a:g}, {b:g}, {d:g}, "
            f"{e:g}): its columns and rows are not at right angles. Write a GeoTIFF instead."
        )
    if transform.determinant > 0:
        raise SceneError(
            f"an ENVI header cannot express the transform ({a:g}, {b:g}, {d:g}, {e:g}): its rows "
            "run upwards. Write a GeoTIFF instead, or turn the scene over first."
        )
    if b == 0 and d == 0:
        return x_size, y_size, 0.0 if a > 0 else _HALF_TURN
    return x_size, y_size, math.degrees(math.atan2(d, a))


def _choose_crs(info: _MapInfo, fields: Mapping[str, str]) -> CRS | None:
    """Take the CRS both fields agree on, or the one of ``map info`` where they do not."""
    if info.projection.strip().lower() == "arbitrary":
        return None
    spelled, datum = _crs_of_map_info(info)
    text = fields.get("coordinate system string", "").strip()
    if not text:
        if spelled is None:
            _warn(
                f"`map info` names {quoted(info.projection)}, and there is no `coordinate system "
                "string` to say what that is; the scene has a place but no CRS."
            )
        elif datum is None:
            _warn("`map info` names no known datum; WGS-84 was assumed.")
        return spelled
    try:
        given = CRS.from_wkt(" ".join(text.split()))
    except CRSError:
        _warn(f"`coordinate system string` cannot be parsed; `map info` gives {spelled}.")
        return spelled
    contradictions = [] if spelled is None else differences(given, spelled, datum is not None)
    if contradictions:
        _warn(
            f"`coordinate system string` contradicts `map info` ({'; '.join(contradictions)}); "
            f"`map info` is used: {spelled}."
        )
        return spelled
    return _identified(given, spelled)


def _crs_of_map_info(info: _MapInfo) -> tuple[CRS | None, Datum | None]:
    """Find the CRS that ``map info`` alone spells out, and its datum (None: WGS-84 assumed)."""
    name = info.projection.strip().lower()
    datum = next((known for known in map(find_datum, info.words) if known is not None), None)
    family = datum or DATUMS[0]
    code = None
    if name == "utm" and info.units in _METRES and info.words:
        code = family.utm_code(info.words[0], info.words[1] if len(info.words) > 1 else "North")
    elif name.startswith("geographic") and info.units in _DEGREES:
        code = family.geographic_code
    return (None if code is None else CRS.from_epsg(code)), datum


def _identified(given: CRS, spelled: CRS | None) -> CRS:
    """Give the same CRS by its EPSG code, where one is known that has all the same numbers."""
    code = given.to_epsg()
    for known in (None if code is None else CRS.from_epsg(code), spelled):
        if known is not None and not differences(given, known, same_datum=True):
            return known
    return given


def _projection_words(crs: CRS | None) -> list[str]:
    """Say in the words of ``map info`` what a CRS is: before and after the numbers."""
    if crs is None:
        return ["Arbitrary"]
    code = crs.to_epsg()
    for datum in DATUMS:
        zone = None if code is None else datum.zone_of(code)
        if zone is not None:
            return ["UTM", str(zone[0]), zone[1], datum.name, "units=Meters"]
        if code == datum.geographic_code:
            return ["Geographic Lat/Lon", datum.name, "units=Degrees"]
    if crs.is_geographic:
        return ["Geographic Lat/Lon", "units=Degrees"]
    units = {"metre": "Meters", "meter": "Meters"}.get(crs.linear_units, crs.linear_units)
    method = crs.to_dict(projjson=True).get("conversion", {}).get("method", {}).get("name", "")
    return [method.replace(",", " ") or "Unknown", f"units={units.replace(',', ' ')}"]


def _esri_wkt(crs: CRS) -> str:
    try:
        return str(crs.to_wkt(version="WKT1_ESRI"))
    except CRSError:
        raise SceneError(
            f"an ENVI header cannot express the CRS {crs}. Write a GeoTIFF instead."
        ) from None


def _warn(message: str) -> None:
    warnings.warn(message, SceneWarning, stacklevel=4)
