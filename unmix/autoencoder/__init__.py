"""The model: a nonnegative sparse autoencoder and how it is learned.

Read `model` first (encode, decode), then `encoder`, `decoder` and `loss`; `fit` is the learning
from start to end, with its stages in `light`, `coreset`, `starts`, `training`, `rare`, `refine`
and `relax`. `relax` may move endmembers out of the data's hull: `chart` is the flat map on which
`volume` finds the smallest simplex.
"""

from unmix.autoencoder.decoder import ArchetypalDecoder, LinearDecoder
from unmix.autoencoder.encoder import SparseCodingEncoder
from unmix.autoencoder.fit import Endmembers, fit_endmembers
from unmix.autoencoder.model import Coded, SparseAutoencoder
from unmix.autoencoder.settings import FitSettings

__all__ = [
    "ArchetypalDecoder",
    "Coded",
    "Endmembers",
    "FitSettings",
    "LinearDecoder",
    "SparseAutoencoder",
    "SparseCodingEncoder",
    "fit_endmembers",
]
