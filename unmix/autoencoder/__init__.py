"""The model: a nonnegative sparse autoencoder and how it is learned.

Read `model` first (encode, decode), then `encoder`, `decoder` and `loss`; `fit` is the learning
from start to end, with its stages in `coreset`, `starts`, `training`, `rare` and `refine`.
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
