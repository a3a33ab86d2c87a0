"""Finding endmembers without learning: extraction from the pixels, and from their simplex."""

from unmix.endmembers.edaa import edaa
from unmix.endmembers.nfindr import nfindr
from unmix.endmembers.signal import project_on_signal
from unmix.endmembers.sisal import sisal
from unmix.endmembers.vca import vca

__all__ = ["edaa", "nfindr", "project_on_signal", "sisal", "vca"]
