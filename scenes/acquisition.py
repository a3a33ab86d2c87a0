"""When and by what a scene was taken, from whatever its file says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_STARTS = ("acquisition time", "acquisitiondatetime", "time_coverage_start", "product_starttime")
_ENDS = ("time_coverage_end", "product_stoptime")
_PLATFORMS = ("satelliteid", "platform", "satellite", "mission")
_INSTRUMENTS = ("instrument", "sensor type", "sensor_type", "sensor")
_UNKNOWN = ("", "unknown", "none", "n/a")


@dataclass(frozen=True)
class Acquisition:
    """What is known of how a scene was taken; all of it may be None.

    Parameters
    ----------
    start, end : datetime or None
        In UTC. `end` only where it is told beside `start`.
    platform : str or None
        The satellite or aircraft.
    instrument : str or None
    """

    start: datetime | None = None
    end: datetime | None = None
    platform: str | None = None
    instrument: str | None = None

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Acquisition:
        """Read the fields of ENVI headers, GDAL's ``IMAGERY`` domain and CF or PRISMA attributes.

        ``TIFFTAG_DATETIME`` is not among them: it says when the file was made. Times without a zone
        are taken as UTC, and what is no time is left out.

        Examples
        --------
        >>> Acquisition.of({"acquisition time": "2021-07-01T10:20:30Z"}).start
        datetime.datetime(2021, 7, 1, 10, 20, 30, tzinfo=datetime.timezone.utc)
        """
        known = {key.strip().lower(): value.strip(" {}\"'") for key, value in metadata.items()}
        start = _first_time(known, _STARTS)
        end = None if start is None else _first_time(known, _ENDS)
        return cls(
            start=start,
            end=end if start and end and end > start else None,
            platform=_first(known, _PLATFORMS),
            instrument=_first(known, _INSTRUMENTS),
        )

    def imagery_tags(self) -> dict[str, str]:
        """What is known, as the items of GDAL's metadata domain ``IMAGERY``."""
        tags = {}
        if self.start is not None:
            tags["ACQUISITIONDATETIME"] = self.start.strftime("%Y-%m-%d %H:%M:%S")
        if self.platform or self.instrument:
            tags["SATELLITEID"] = str(self.platform or self.instrument)
        return tags

    def envi_fields(self) -> dict[str, str]:
        """What is known, as fields of an ENVI header."""
        fields = {}
        if self.start is not None:
            fields["acquisition time"] = iso_text(self.start)
        if self.platform or self.instrument:
            fields["sensor type"] = str(self.instrument or self.platform)
        return fields


NOTHING_KNOWN = Acquisition()


def iso_text(time: datetime) -> str:
    """A time in UTC as STAC and ENVI write it (RFC 3339).

    Examples
    --------
    >>> iso_text(datetime(2021, 7, 1, 10, 20, 30, tzinfo=UTC))
    '2021-07-01T10:20:30Z'
    """
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _first(known: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    found = (known.get(key, "") for key in keys)
    return next((text for text in found if text.lower() not in _UNKNOWN), None)


def _first_time(known: Mapping[str, str], keys: tuple[str, ...]) -> datetime | None:
    times = (_time(known[key]) for key in keys if key in known)
    return next((time for time in times if time is not None), None)


def _time(text: str) -> datetime | None:
    """A time in UTC, or None if the text is none."""
    day, separator, clock = text.partition(" ") if " " in text else text.partition("T")
    try:
        time = datetime.fromisoformat(f"{day.replace(':', '-')}{separator}{clock}")
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
