"""Multiple endmember spectral mixture analysis (MESMA).

Each pixel is explained by one spectrum of each of a few classes, and shade; which spectra, and of
how many classes, may differ from pixel to pixel. Tensors in, tensors out.
"""

from unmix.mesma.bundles import Bundles, bundles_of
from unmix.mesma.fusion import Mesma, Mixtures
from unmix.mesma.models import LEVELS, MOST_MODELS, models_of
from unmix.mesma.settings import MesmaSettings

__all__ = [
    "LEVELS",
    "MOST_MODELS",
    "Bundles",
    "Mesma",
    "MesmaSettings",
    "Mixtures",
    "bundles_of",
    "models_of",
]
