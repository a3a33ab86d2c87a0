"""Whether two coordinate reference systems have the same numbers, and which ones differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rasterio.crs import CRS


def differences(crs: CRS, expected: CRS, same_datum: bool) -> list[str]:
    """Name the numbers in which a CRS differs from the expected one.

    Compared are the ellipsoid, the prime meridian, the kind of projection and its parameters;
    not the names, which every software spells in its own way.

    Parameters
    ----------
    crs, expected : rasterio.crs.CRS
        Any two.
    same_datum : bool
        Whether the ellipsoid counts too.

    Returns
    -------
    list of str
        One phrase for each difference; empty for equal numbers.

    Examples
    --------
    >>> differences(CRS.from_epsg(32633), CRS.from_epsg(32610), same_datum=True)
    ['Longitude of natural origin 15 instead of -123']
    """
    found, wanted = dict(_numbers(crs, same_datum)), dict(_numbers(expected, same_datum))
    phrases = []
    for name, number in wanted.items():
        if name not in found:
            phrases.append(f"no {name}")
        elif not _equal(found[name], number):
            phrases.append(f"{name} {_text(found[name])} instead of {_text(number)}")
    return phrases


def _numbers(crs: CRS, with_ellipsoid: bool) -> Iterator[tuple[str, float | str]]:
    """Names and values of everything that decides where a coordinate lies."""
    described: dict[str, Any] = crs.to_dict(projjson=True)
    described = described.get("components", [described])[0]  # horizontal part of a compound CRS
    described = described.get("source_crs", described)  # without the shift to WGS 84 (TOWGS84)
    base = described.get("base_crs", described)
    datum = base.get("datum") or base.get("datum_ensemble") or {}
    ellipsoid = datum.get("ellipsoid", {})
    if with_ellipsoid and ellipsoid:
        major = _si(ellipsoid.get("semi_major_axis", ellipsoid.get("radius", math.nan)))
        yield "ellipsoid radius", major
        if "inverse_flattening" in ellipsoid:
            inverse = float(ellipsoid["inverse_flattening"])
            yield "flattening", 1 / inverse if inverse else 0.0
        elif "semi_minor_axis" in ellipsoid:
            yield "flattening", 1 - _si(ellipsoid["semi_minor_axis"]) / major
    meridian = datum.get("prime_meridian", {}).get("longitude", 0.0)
    yield "prime meridian", _si(meridian)
    conversion = described.get("conversion", {})
    yield "projection", conversion.get("method", {}).get("name", "none")
    for parameter in conversion.get("parameters", []):
        yield parameter["name"], _si(parameter["value"], parameter.get("unit"))
    axes = described.get("coordinate_system", {}).get("axis", [])
    if axes:
        yield "unit", _factor(axes[0].get("unit"))


def _si(value: object, unit: object = None) -> float:
    """Read a number of PROJJSON, alone or with its unit, in metres or degrees."""
    if isinstance(value, dict):
        return _si(value["value"], value.get("unit"))
    return float(str(value)) * _factor(unit)


def _factor(unit: object) -> float:
    """How many metres, degrees or plain numbers one unit is."""
    if not isinstance(unit, dict):
        return 1.0
    factor = float(unit.get("conversion_factor", 1.0))
    return math.degrees(factor) if unit.get("type") == "AngularUnit" else factor


def _equal(found: float | str, wanted: float | str) -> bool:
    if isinstance(found, str) or isinstance(wanted, str):
        return found == wanted
    return math.isclose(found, wanted, rel_tol=1e-7, abs_tol=1e-7)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"
