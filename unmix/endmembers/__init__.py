"""Finding endmembers without learning: extraction from the pixels."""

from unmix.endmembers.vca import vca

__all__ = ["vca"]
