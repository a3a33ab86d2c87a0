"""From arrays to files: maps as COGs, cubes as GeoTIFF or ENVI, each whole or not at all."""

from scenes.export.cog import CogWriter
from scenes.export.envi import EnviWriter
from scenes.export.geotiff import GeoTiffWriter

__all__ = ["CogWriter", "EnviWriter", "GeoTiffWriter"]
