"""What a step of the training looks at: some pixels, or some patches of a scene."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unmix.networks.network import Pixels


@dataclass(frozen=True)
class Batch:
    """Pixels to be looked at, and what should come out of them."""

    pixels: Pixels
    target: Tensor
    """(n_pixels, rank) Coordinates of the pixels, for patches of the inner ones."""
    side: Tensor
    """(n_pixels, n_side) Of the same pixels."""
    seen: Tensor
    """(n_pixels,) bool: which of them count."""
    shape: tuple[int, int, int] | None
    """(n_patches, height, width) of the inner pixels, for patches."""


def batch_of(pixels: Pixels, halo: int) -> Batch:
    """A batch whose target is what it looks at.

    Parameters
    ----------
    pixels : Pixels
    halo : int
        Of patches; their inner pixels are the target.

    Returns
    -------
    Batch
    """
    if pixels.coordinates.ndim == 2:
        return Batch(pixels, pixels.coordinates, pixels.side, pixels.valid, None)
    _, _, height, width = pixels.coordinates.shape
    inner = (slice(halo, height - halo), slice(halo, width - halo))
    target = _rows(pixels.coordinates[:, :, *inner])
    side = _rows(pixels.side[:, :, *inner])
    valid = pixels.valid[:, *inner]
    n_patches, *inside = valid.shape
    return Batch(pixels, target, side, valid.reshape(-1), (n_patches, inside[0], inside[1]))


class PixelBatches:
    """Draws pixels, each by its weight.

    Parameters
    ----------
    coordinates : Tensor of shape (n_pixels, rank)
    side : Tensor of shape (n_pixels, n_side)
    weights : Tensor of shape (n_pixels,), optional
        Chances; all the same by default.
    batch_size : int
    """

    def __init__(
        self, coordinates: Tensor, side: Tensor, weights: Tensor | None, batch_size: int
    ) -> None:
        self.everything = Pixels(
            coordinates, side, torch.ones(len(coordinates), dtype=torch.bool).to(coordinates.device)
        )
        self._reach = None if weights is None else weights.double().cpu().cumsum(dim=0)
        self._batch_size = batch_size

    def draw(self, generator: torch.Generator) -> Batch:
        """The pixels of a step."""
        n = len(self.everything.coordinates)
        if self._reach is None:
            chosen = torch.randint(n, (self._batch_size,), generator=generator)
        else:
            chances = torch.rand(self._batch_size, generator=generator, dtype=torch.float64)
            chosen = torch.searchsorted(self._reach, chances * self._reach[-1]).clamp(max=n - 1)
        chosen = chosen.to(self.everything.coordinates.device)
        return batch_of(Pixels(*(part[chosen] for part in self.everything)), halo=0)


class PatchBatches:
    """Draws patches, turned and mirrored at random.

    Parameters
    ----------
    patches : Pixels
        (n_patches, ..., side, side), their halo included.
    halo : int
    batch_size : int
        Pixels in a step, about.
    """

    def __init__(self, patches: Pixels, halo: int, batch_size: int) -> None:
        self.everything = patches
        self._halo = halo
        inner = patches.coordinates.shape[-1] - 2 * halo
        self._n_patches = max(1, round(batch_size / inner**2))

    def draw(self, generator: torch.Generator) -> Batch:
        """The patches of a step."""
        patches = self.everything
        chosen = torch.randint(
            len(patches.coordinates), (self._n_patches,), generator=generator
        ).to(patches.coordinates.device)
        turns, mirror = torch.randint(4, (2,), generator=generator).tolist()
        turned = []
        for part in patches:
            each = torch.rot90(part[chosen], turns, dims=(-2, -1))
            turned.append(each.flip(-1) if mirror % 2 else each)
        return batch_of(Pixels(*turned), self._halo)


def _rows(maps: Tensor) -> Tensor:
    """Rows (n_patches * height * width, n) of (n_patches, n, height, width)."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)
