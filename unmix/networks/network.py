"""The autoencoder, composed of its parts: ``codes = code(encoder(z))``, ``z_hat = decoder(codes)``.

Everything here happens in the coordinates of the scene (`unmix.networks.coordinates`).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unmix.networks.codes import CodeLayer
from unmix.networks.convolution import ConvolutionalEncoder
from unmix.networks.decoders import DecoderLayer, Gain, SignedDecoder
from unmix.networks.encoders import LinearEncoder, MlpEncoder
from unmix.networks.first_guess import FirstGuess
from unmix.networks.light import brightness
from unmix.networks.posterior import GaussianPrior
from unmix.networks.reconstruction import Scale
from unmix.networks.settings import NetworkSettings
from unmix.networks.spectral import SpectralFilters


class Sizes(NamedTuple):
    """How large the parts are."""

    n_codes: int
    n_bands: int
    rank: int
    """Coordinates."""
    n_side: int
    """Numbers of side information that come with each pixel."""
    n_candidates: int
    """Spectra that archetypes are made of; 0 for other decoders."""


class Pixels(NamedTuple):
    """What a network looks at: rows, or patches whose halo is looked at only."""

    coordinates: Tensor
    """(n_pixels, rank), or (n_patches, rank, height, width)."""
    side: Tensor
    """(n_pixels, n_side), or (n_patches, n_side, height, width)."""
    valid: Tensor
    """(n_pixels,), or (n_patches, height, width), bool; where it is false the rest is zero."""


class Network(nn.Module):
    """An autoencoder of parts that are chosen by name.

    Parameters
    ----------
    settings : NetworkSettings
    sizes : Sizes
    decoder : DecoderLayer
    scale : Scale
        What the coordinates mean.
    generator : torch.Generator
        Draws the encoder's first weights.
    """

    basis: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        settings: NetworkSettings,
        sizes: Sizes,
        decoder: DecoderLayer,
        scale: Scale,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.settings, self.sizes = settings, sizes
        self.size, self.noise = scale.size, scale.noise
        self.slack = 0.0
        self.decoder = decoder
        self.code = CodeLayer(settings.code, settings.n_active)
        self.prior = GaussianPrior(sizes.n_codes) if settings.prior == "gaussian" else None
        self.gain = Gain(sizes.n_side, sizes.n_bands) if sizes.n_side else None
        filters = settings.spectral_filters
        self.filters = SpectralFilters(sizes.n_bands, filters, generator) if filters else None
        self.guess: FirstGuess | None = None
        if settings.decoder == "fixed" and settings.code == "softmax":
            self.guess = FirstGuess(sizes.n_codes, sizes.rank)
        self.encoder = _encoder(settings, sizes, self._n_extra(), generator)
        self.register_buffer("basis", scale.basis)
        n_seen = sizes.rank + sizes.n_side
        self.register_buffer("centre", torch.zeros(n_seen))
        self.register_buffer("spread", torch.ones(n_seen))

    def _n_extra(self) -> int:
        """Numbers that the encoder sees beside coordinates and side information."""
        filters = 0 if self.filters is None else self.filters.n_out
        return filters + (0 if self.guess is None else self.sizes.n_codes)

    @property
    def halo(self) -> int:
        """Pixels around a pixel that its code depends on."""
        return int(self.encoder.halo)

    @property
    def scale(self) -> Scale:
        """What coordinates mean."""
        return Scale(self.basis, self.size, self.noise)

    @property
    def endmembers(self) -> Tensor:
        """(n_codes, n_bands) The decoder's spectra, in the unit of the scene."""
        return self.decoder.spectra(self.basis) * self.size

    def set_standard_(self, coordinates: Tensor, side: Tensor) -> None:
        """Learn mean and spread of what the encoder sees, from rows (n_pixels, ...)."""
        seen = torch.cat([coordinates, side], dim=1)
        self.centre.copy_(seen.mean(dim=0))
        self.spread.copy_(seen.std(dim=0).clamp(min=1e-6))

    def look(self, pixels: Pixels, guess: Tensor | None = None) -> Tensor:
        """What the encoder sees: everything standardised, and for patches which pixels are valid.

        Rows (n_pixels, n_in) or patches (n_patches, n_in, height, width); the first guess of given
        endmembers' fractions is a part of it.
        """
        seen = torch.cat([pixels.coordinates, pixels.side], dim=1)
        shape = (1, -1) + (1,) * (seen.ndim - 2)
        standard = (seen - self.centre.reshape(shape)) / self.spread.reshape(shape)
        if self.filters is not None:
            standard = torch.cat([standard, self.filters(pixels.coordinates, self.basis)], dim=1)
        if guess is not None:
            standard = torch.cat([standard, guess], dim=1)
        if seen.ndim == 2:
            return standard
        valid = pixels.valid[:, None].to(standard)
        return torch.cat([standard * valid, valid], dim=1)

    def raw(self, pixels: Pixels) -> Tensor:
        """The encoder's numbers (n_pixels, n_out) of rows, or of the inner pixels of patches."""
        guess = None if self.guess is None else self.guess(pixels.coordinates)
        numbers: Tensor = self.encoder(self.look(pixels, guess))
        if guess is None:
            return numbers
        if guess.ndim == 4:
            inner = slice(self.halo, -self.halo)
            guess = guess[:, :, inner, inner].permute(0, 2, 3, 1).flatten(0, 2)
        means, rest = numbers.split([guess.shape[1], numbers.shape[1] - guess.shape[1]], dim=1)
        return torch.cat([means + guess.log(), rest], dim=1)

    def mix(self, codes: Tensor, side: Tensor) -> Tensor:
        """Mixtures (n_pixels, rank) of codes, as bright as their endmembers.

        Parameters
        ----------
        codes : Tensor of shape (n_pixels, n_codes)
        side : Tensor of shape (n_pixels, n_side)
        """
        mixture = codes @ self.decoder.atoms(self.basis)
        if isinstance(self.decoder, SignedDecoder):
            mixture = mixture + self.decoder.bias
        if self.gain is None:
            return mixture
        standard = (side - self.centre[self.sizes.rank :]) / self.spread[self.sizes.rank :]
        lit: Tensor = self.gain(mixture, standard, self.basis)
        return lit

    def light(self, target: Tensor, mixture: Tensor) -> Tensor:
        """Brightness (n_pixels, 1) of mixtures in the light of the pixels (n_pixels, rank)."""
        if self.settings.light == "even":
            return torch.ones_like(mixture[:, :1])
        return brightness(target, mixture, self.slack)


def _encoder(
    settings: NetworkSettings,
    sizes: Sizes,
    n_extra: int,
    generator: torch.Generator,
) -> LinearEncoder | MlpEncoder | ConvolutionalEncoder:
    """The encoder of that name."""
    n_in = sizes.rank + sizes.n_side + n_extra
    n_out = sizes.n_codes * (1 if settings.posterior == "point" else 2)
    if settings.encoder == "linear":
        return LinearEncoder(n_in, n_out, generator)
    if settings.encoder == "mlp":
        return MlpEncoder(n_in, n_out, settings.n_hidden, generator)
    return ConvolutionalEncoder(n_in + 1, n_out, settings.n_hidden, generator)
