"""Fractional cover by Monte Carlo over class bundles, in the manner of the EMIT mission.

Tensors in, tensors out.
"""

from unmix.cover.draws import Draw, counts_of, draws_of
from unmix.cover.monte_carlo import Cover, CoverSettings, Estimate
from unmix.cover.normalization import Normalization

__all__ = [
    "Cover",
    "CoverSettings",
    "Draw",
    "Estimate",
    "Normalization",
    "counts_of",
    "draws_of",
]
