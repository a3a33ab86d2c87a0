"""Names for endmembers: which material of a spectral library each of them looks like."""

from unmix.naming.drawing import plot_library
from unmix.naming.matching import Candidate, Match, labels, material_of, name_endmembers

__all__ = ["Candidate", "Match", "labels", "material_of", "name_endmembers", "plot_library"]
