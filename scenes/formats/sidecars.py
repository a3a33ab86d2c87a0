"""Wavelengths from files beside a raster: STAC metadata, or a table written by hand.

References: the STAC specification 1.1 (common metadata ``bands``; extension ``eo``, 1.0 and 2.0:
``eo:center_wavelength`` and ``eo:full_width_half_max`` in micrometres, version 1.0 without the
prefix inside ``eo:bands``). ``<file>.stac.json`` is what the EnMAP-Box writes beside a raster.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenes.errors import counted
from scenes.formats.contents import warn
from scenes.formats.spectral_axis import AxisText

_MAX_BYTES = 64 * 2**20  # of a sidecar; more is something else
_UNITS_IN_NAMES = {"nm": "Nanometers", "um": "Micrometers", "µm": "Micrometers"}
_COLUMNS = {
    "wavelengths": ("wavelength", "wavelengths", "center wavelength", "central wavelength"),
    "fwhm": ("fwhm", "full width half max"),
    "bbl": ("bbl", "good", "bad band multiplier"),
    "unit": ("unit", "units", "wavelength unit", "wavelength units"),
    "names": ("name", "band name"),
}


def axis_from_sidecars(raster: Path, n_bands: int) -> Iterator[AxisText]:
    """Look for wavelengths in the files beside a raster, the most special name first.

    Read are ``<file>.stac.json``, ``<stem>.stac.json``, ``<stem>.json`` (a STAC item) and
    ``<stem>.csv`` (with a column ``wavelength``, ``wavelength_nm`` or ``wavelength_um``, and
    perhaps ``fwhm``, ``bbl``, ``unit``; one row for each band, in the order of the raster).

    Parameters
    ----------
    raster : Path
        The data file.
    n_bands : int
        Number of bands it has; lists of another length are not for it.

    Yields
    ------
    AxisText
        Each with wavelengths for all bands.

    Warns
    -----
    SceneWarning
        If a file is there and has wavelengths, but cannot be used; what is no STAC and no table of
        wavelengths is passed over in silence.
    """
    stem = raster.stem
    for name in dict.fromkeys((f"{raster.name}.stac.json", f"{stem}.stac.json", f"{stem}.json")):
        text = _text(raster.with_name(name))
        if text is not None:
            yield from _from_stac(text, name, raster.name, n_bands)
    text = _text(raster.with_name(f"{stem}.csv"))
    if text is not None:
        yield from _from_table(text, f"{stem}.csv", n_bands)


def _text(path: Path) -> str | None:
    """Read a small text file; None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _from_stac(text: str, file: str, raster: str, n_bands: int) -> Iterator[AxisText]:
    try:
        item = json.loads(text)
    except (ValueError, RecursionError):
        warn(f"{file} is no JSON that can be read; it is ignored.")
        return
    lists = [_bands_with_wavelengths(places) for places in _band_lists(item, raster)]
    found = [bands for bands in lists if bands]
    fitting = next((bands for bands in found if len(bands) == n_bands), None)
    if fitting is not None:
        yield AxisText(
            wavelengths=_items(fitting, "center_wavelength"),
            unit="Micrometers",
            fwhm=_all_or_none(_items(fitting, "full_width_half_max")),
            bbl=[band.get("bad_band_multiplier", "1") for band in fitting],
        )
    elif found:
        warn(f"{file} has wavelengths of {len(found[0])} bands, not of {n_bands}; it is ignored.")


def _band_lists(item: object, raster: str) -> Iterator[Sequence[object]]:
    """All lists of bands in a STAC item: of the asset that is this raster, then of the item."""
    places = [item, _member(item, "properties")]
    assets = _member(item, "assets")
    for asset in assets.values() if isinstance(assets, dict) else ():
        if str(_member(asset, "href") or "").replace("\\", "/").rpartition("/")[2] == raster:
            places.insert(0, asset)
    for place in places:
        for key in ("bands", "eo:bands"):
            bands = _member(place, key)
            if isinstance(bands, list):
                yield bands


def _bands_with_wavelengths(bands: Sequence[object]) -> list[Mapping[str, str]]:
    """Plain keys and texts of each band; nothing unless all have a wavelength."""
    plain = [
        {key.rpartition(":")[2]: str(value) for key, value in band.items() if value is not None}
        for band in bands
        if isinstance(band, dict)
    ]
    complete = len(plain) == len(bands) and all("center_wavelength" in band for band in plain)
    return list(plain) if complete else []


def _from_table(text: str, file: str, n_bands: int) -> Iterator[AxisText]:
    try:
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
    except csv.Error:
        return
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    heads = [_plain_head(cell) for cell in rows[0]] if rows else []
    names = [name for name, _ in heads]
    columns = {
        item: next((names.index(name) for name in wanted if name in names), None)
        for item, wanted in _COLUMNS.items()
    }
    if columns["wavelengths"] is None:
        return
    if len(rows) - 1 != n_bands or any(len(row) < len(heads) for row in rows):
        warn(
            f"{file} has a column of wavelengths, but {counted(len(rows) - 1, 'row')} for "
            f"{counted(n_bands, 'band')}, or rows that are too short; it is ignored."
        )
        return
    cells = {
        item: [] if column is None else _all_or_none([row[column].strip() for row in rows[1:]])
        for item, column in columns.items()
    }
    named = set(cells["unit"])
    yield AxisText(
        wavelengths=cells["wavelengths"],
        unit=heads[columns["wavelengths"]][1] or (named.pop() if len(named) == 1 else ""),
        fwhm=cells["fwhm"],
        bbl=cells["bbl"],
        names=cells["names"],
    )


def _plain_head(cell: str) -> tuple[str, str]:
    """Name of a column in lower case, and the unit it ends with.

    Examples
    --------
    >>> _plain_head("Wavelength_nm"), _plain_head("FWHM"), _plain_head("wavelength (um)")
    (('wavelength', 'Nanometers'), ('fwhm', ''), ('wavelength', 'Micrometers'))
    """
    words = re.sub(r"[_()\[\]]", " ", cell.lower()).split()
    unit = _UNITS_IN_NAMES.get(words[-1], "") if words else ""
    return " ".join(words[:-1] if unit else words), unit


def _member(place: object, key: str) -> Any:  # noqa: ANN401
    return place.get(key) if isinstance(place, dict) else None


def _items(bands: Sequence[Mapping[str, str]], key: str) -> list[str]:
    return [band.get(key, "") for band in bands]


def _all_or_none(items: list[str]) -> list[str]:
    return items if all(items) else []
