"""The datums that an ENVI header names, and the EPSG codes that go with them.

Codes from the EPSG Geodetic Parameter Dataset, https://epsg.org.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Datum:
    """A datum as ENVI names it, with its geographic CRS and its UTM zones.

    Parameters
    ----------
    name : str
        ENVI's name, for writing.
    aliases : tuple of str
        Other spellings, in lower case, letters and digits only.
    geographic_code : int
        EPSG code of its longitude and latitude.
    north, south : tuple of (int, int, int) or None
        EPSG code minus zone number, first and last zone; None where there are no such zones.
    """

    name: str
    aliases: tuple[str, ...]
    geographic_code: int
    north: tuple[int, int, int] | None = None
    south: tuple[int, int, int] | None = None

    def utm_code(self, zone_text: str, hemisphere: str) -> int | None:
        """EPSG code of a UTM zone as written in a header, None if there is none.

        Examples
        --------
        >>> DATUMS[0].utm_code("33", "North"), DATUMS[0].utm_code("61", "North")
        (32633, None)
        """
        try:
            zone = int(float(zone_text))
        except (ValueError, OverflowError):  # no number, or infinity
            return None
        southern = zone < 0 or hemisphere.strip().lower().startswith("s")
        zones = self.south if southern else self.north
        if zones is None or not zones[1] <= abs(zone) <= zones[2]:
            return None
        return zones[0] + abs(zone)

    def zone_of(self, code: int) -> tuple[int, str] | None:
        """UTM zone and hemisphere of an EPSG code, None if it is not one of this datum.

        Examples
        --------
        >>> DATUMS[0].zone_of(32733)
        (33, 'South')
        """
        for zones, hemisphere in ((self.north, "North"), (self.south, "South")):
            if zones is not None and zones[1] <= code - zones[0] <= zones[2]:
                return code - zones[0], hemisphere
        return None


DATUMS = (
    Datum("WGS-84", ("wgs1984",), 4326, (32600, 1, 60), (32700, 1, 60)),
    Datum("North America 1983", ("nad83", "northamericandatum1983"), 4269, (26900, 1, 23)),
    Datum("North America 1927", ("nad27", "northamericandatum1927"), 4267, (26700, 1, 22)),
    Datum("ETRS-89", ("etrs1989",), 4258, (25800, 28, 38)),
    Datum("WGS-72", ("wgs1972",), 4322, (32200, 1, 60), (32300, 1, 60)),
    Datum("European 1950", ("ed50", "europeandatum1950"), 4230, (23000, 28, 38)),
    Datum("GDA-94", ("gda1994",), 4283, None, (28300, 48, 58)),
    Datum("GDA-2020", (), 7844, None, (7800, 46, 59)),
    Datum("SIRGAS-2000", (), 4674, (31954, 11, 22), (31960, 17, 25)),
)
"""Known datums; the first one is assumed where a header names none."""


def find_datum(text: str) -> Datum | None:
    """Find the datum that a word of ``map info`` names, whatever its spelling.

    Examples
    --------
    >>> find_datum("NAD-83").name
    'North America 1983'
    """
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    for datum in DATUMS:
        own = "".join(letter for letter in datum.name.lower() if letter.isalnum())
        if plain == own or plain in datum.aliases:
            return datum
    return None
