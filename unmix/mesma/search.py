"""The best of many small mixtures for every pixel, without leaving their inner products.

With shade subtracted from pixels and spectra, a model is plain least squares on one to four
spectra. Its fractions are ``f = H c``, where H is the inverse of the spectra's Gram matrix and c
are their products with the pixel, and it explains ``f . c`` of the pixel's squared length. So no
model touches the bands: all of them share one product of pixels and library, and what each adds are
a few multiplications. The residual, a small difference of large numbers there, is computed again in
the bands for the one model that is chosen. Only where two models fit equally well, to about 1e-8 of
the pixel, rounding decides which of them that is.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from unmix.mesma.settings import MesmaSettings

TILE = 256
"""Models and pixels that are tried at a time on a CPU: what they need stays in the cache."""
DEVICE_TILE = 2048
"""The same on other devices, which want large pieces."""
SYSTEMS = 2**16
"""Models whose systems are inverted at a time."""
LEAST_PIVOT = 1e-10
"""Squared sine of the angle of a spectrum with the others of its model, below which they say the
same and the model is not tried."""
TOLERANCE = 1e-9
"""How far fractions may be beyond their limits, for rounding: of a pixel that is in the library."""


class Systems(NamedTuple):
    """The models of one level that have a solution."""

    members: Tensor
    """(n_models, n) Numbers of the spectra."""
    inverse: Tensor
    """(n_models, n, n) Inverses of their Gram matrices, float64."""

    @classmethod
    def of(cls, gram: Tensor, members: Tensor) -> "Systems":
        """Invert the systems; models of spectra that depend on each other are left out.

        Parameters
        ----------
        gram : Tensor of shape (n_spectra, n_spectra), float64
            Inner products of the spectra, shade subtracted.
        members : int64 Tensor of shape (n_models, n)
        """
        parts = [_inverted(gram, part) for part in members.split(SYSTEMS)]
        return cls(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def best(self, cross: Tensor, settings: MesmaSettings) -> tuple[Tensor, Tensor]:
        """Find the model that explains most of each pixel, of those within their limits.

        Parameters
        ----------
        cross : Tensor of shape (n_pixels, n_spectra), float64
            Inner products of pixels and spectra, shade subtracted from both.
        settings : MesmaSettings

        Returns
        -------
        explained : Tensor of shape (n_pixels,), float64
            Part of the pixel's squared length; -inf where no model is within its limits.
        row : Tensor of shape (n_pixels,), int64
            Number of the model among `members`; 0 where there is none.
        """
        tile = TILE if cross.device.type == "cpu" else DEVICE_TILE
        parts = [self._best(part.T.contiguous(), settings, tile) for part in cross.split(tile)]
        explained, row = (torch.cat(each) for each in zip(*parts, strict=True))
        return explained, row

    def _best(self, cross: Tensor, settings: MesmaSettings, tile: int) -> tuple[Tensor, Tensor]:
        """The same for some pixels, whose products are (n_spectra, n_pixels)."""
        most = torch.full_like(cross[0], -torch.inf)
        best = torch.zeros_like(most, dtype=torch.int64)
        pairs = zip(self.members.split(tile), self.inverse.split(tile), strict=True)
        for k, (members, inverse) in enumerate(pairs):
            explained, row = _explained(cross, members, inverse, settings).max(dim=0)
            better = explained > most
            most = torch.where(better, explained, most)
            best = torch.where(better, row + k * tile, best)
        return most, best

    def solved(self, spectra: Tensor, library: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        """Fractions (n_pixels, n) and RMSE (n_pixels,) of one model for each pixel.

        The residual is taken in the bands, and once more solved for: what rounding in the inner
        products has cost the fractions is regained.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands), float64
            Less shade.
        library : Tensor of shape (n_spectra, n_bands), float64
            Less shade.
        row : Tensor of shape (n_pixels,), int64
        """
        endmembers, inverse = library[self.members[row]], self.inverse[row]  # (n_pixels, n, ...)
        fractions = torch.zeros_like(endmembers[..., 0])
        residual = spectra
        for _ in range(2):
            fractions = fractions + (inverse @ (endmembers @ residual[..., None]))[..., 0]
            residual = spectra - (fractions[:, None, :] @ endmembers)[:, 0]
        return fractions, residual.square().mean(dim=1).sqrt()


def _inverted(gram: Tensor, members: Tensor) -> tuple[Tensor, Tensor]:
    """Members and inverse Gram matrices of the models that have one."""
    small = gram[members[:, :, None], members[:, None, :]]
    length = small.diagonal(dim1=1, dim2=2).sqrt()
    scale = (length[:, :, None] * length[:, None, :]).clamp(min=1e-300)
    triangle, failed = torch.linalg.cholesky_ex(small / scale)
    pivots = triangle.diagonal(dim1=1, dim2=2).square().amin(dim=1)
    sound = (failed == 0) & (pivots > LEAST_PIVOT)
    return members[sound], torch.cholesky_inverse(triangle[sound]) / scale[sound]


def _explained(cross: Tensor, members: Tensor, inverse: Tensor, settings: MesmaSettings) -> Tensor:
    """What each model explains of each pixel (n_models, n_pixels), -inf beyond its limits."""
    products = cross.index_select(0, members.ravel()).view(*members.shape, -1)
    fractions = torch.bmm(inverse, products)
    bright = fractions.sum(dim=1)  # 1 - shade
    within = bright >= 1 - settings.max_shade - TOLERANCE
    within &= bright <= 1 - settings.min_shade + TOLERANCE
    within &= fractions.amin(dim=1) >= settings.min_fraction - TOLERANCE
    within &= fractions.amax(dim=1) <= settings.max_fraction + TOLERANCE
    return torch.where(within, products.mul_(fractions).sum(dim=1), -torch.inf)
