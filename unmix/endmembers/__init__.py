"""Finding endmembers without learning: extraction from the pixels, and from their simplex."""

from unmix.endmembers.atgp import atgp
from unmix.endmembers.edaa import edaa
from unmix.endmembers.nfindr import nfindr
from unmix.endmembers.ppi import ppi
from unmix.endmembers.signal import project_on_signal
from unmix.endmembers.sisal import sisal
from unmix.endmembers.sivm import sivm
from unmix.endmembers.smacc import smacc
from unmix.endmembers.vca import vca

__all__ = [
    "atgp",
    "edaa",
    "nfindr",
    "ppi",
    "project_on_signal",
    "sisal",
    "sivm",
    "smacc",
    "vca",
]
