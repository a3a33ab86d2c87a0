"""What a bundle holds beside the maps that every bundle has."""

from dataclasses import dataclass
from typing import Literal, get_args

from unmix.errors import UnmixError

MapFormat = Literal["cog", "envi"]
MAP_FORMATS: tuple[MapFormat, ...] = get_args(MapFormat)


@dataclass(frozen=True)
class SaveOptions:
    """What to write beside the maps that every bundle has.

    Raises
    ------
    UnmixError
        If `map_format` is unknown.
    """

    split: bool = False
    """Also each abundance map as a file of its own, in the folder ``abundances``."""

    map_format: MapFormat = "cog"
    """``envi`` writes every map as an ENVI file too, beside the Cloud-Optimized GeoTIFF."""

    residuals: bool = False
    """A cube of what the best nonnegative mixture leaves of every spectrum."""

    reconstruction: bool = False
    """A cube of the best nonnegative mixtures themselves."""

    def __post_init__(self) -> None:
        if self.map_format not in MAP_FORMATS:
            raise UnmixError(
                f"`map_format` must be one of {', '.join(MAP_FORMATS)}. Got {self.map_format!r}."
            )
