"""The nonnegative sparse autoencoder: an encoder and a decoder that share their weights."""

from typing import NamedTuple

from torch import Tensor, nn

from unmix.autoencoder.decoder import ArchetypalDecoder, LinearDecoder
from unmix.autoencoder.encoder import SparseCodingEncoder


class Coded(NamedTuple):
    """What a pass through the autoencoder gives."""

    codes: Tensor
    """(..., n_spectra, n_endmembers), nonnegative."""
    reconstruction: Tensor
    """(..., n_spectra, n_bands)."""


class SparseAutoencoder(nn.Module):
    """``a = encode(z) >= 0``, ``z_hat = decode(a) = a @ E``.

    The decoder's weights E are the endmember spectra, the codes a their amounts in each spectrum.
    Codes are nonnegative; that they sum to one is a reading of them (``unmix.abundances``), not a
    constraint in here, because a pixel's illumination scales all of them.

    Parameters
    ----------
    decoder : ArchetypalDecoder or LinearDecoder
    encoder : SparseCodingEncoder
    """

    def __init__(
        self, decoder: ArchetypalDecoder | LinearDecoder, encoder: SparseCodingEncoder
    ) -> None:
        super().__init__()
        self.decoder = decoder
        self.encoder = encoder

    @property
    def endmembers(self) -> Tensor:
        """(..., n_endmembers, n_bands): the decoder's weights."""
        return self.decoder.endmembers

    def encode(self, spectra: Tensor, warm_start: Tensor | None = None) -> Tensor:
        """Nonnegative sparse codes (..., n_spectra, n_endmembers) of (n_spectra, n_bands)."""
        codes: Tensor = self.encoder(spectra, self.endmembers, warm_start)
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """Spectra (..., n_spectra, n_bands) of codes (..., n_spectra, n_endmembers)."""
        spectra: Tensor = self.decoder(codes)
        return spectra

    def forward(self, spectra: Tensor, warm_start: Tensor | None = None) -> Coded:
        """Codes and reconstruction of spectra (n_spectra, n_bands)."""
        codes = self.encode(spectra, warm_start)
        return Coded(codes, self.decode(codes))
