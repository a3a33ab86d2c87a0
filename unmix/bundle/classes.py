"""Numbers, names and colours of the materials, the same in every raster and style."""

from scenes.export.colour import Colour, colours_for
from unmix.errors import UnmixError

NO_CLASS = 255
"""Nodata of ``dominant.tif``."""


def classes_of(names: list[str]) -> dict[int, tuple[str, Colour]]:
    """Name and colour of each class of ``dominant.tif``: the number of the abundances' band."""
    pairs = zip(names, colours_for(names), strict=True)
    return dict(enumerate(pairs, start=1))


def check_classes(names: list[str]) -> None:
    """Refuse more endmembers than a byte can number.

    Raises
    ------
    UnmixError
        If there are 255 or more.
    """
    if len(names) >= NO_CLASS:
        raise UnmixError(
            f"The model has {len(names)} endmembers, but the map of the dominant ones holds at "
            f"most {NO_CLASS - 1}. Use fewer."
        )
