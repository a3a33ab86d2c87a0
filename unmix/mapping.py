"""From blocks of spectra to blocks of maps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes import Scene
from unmix.abundances import nonnegative, read_codes
from unmix.device import resolve_device
from unmix.products import products
from unmix.quality import pixel_quality
from unmix.uncertainty import fraction_deviation
from unmix.unmixer import Unmixer

Progress = Callable[[str, float], None]
"""Called with what is going on and the share of it that is done, 0 to 1."""


def silent(stage: str, share: float) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class UnmixedBlock:
    """The maps of one part of a scene."""

    window: Window
    """Where in the scene it lies."""
    abundances: NDArray[np.float32]
    """(n_endmembers, height, width), NaN where the scene is invalid or black."""
    uncertainty: NDArray[np.float32]
    """The same shape: standard deviations of the abundances, see `unmix.uncertainty`."""
    quality: NDArray[np.float32]
    """(4, height, width), see `unmix.quality`; NaN where the scene is invalid."""
    spectra: torch.Tensor
    """(n_valid, n_bands) The pixels themselves."""
    valid: NDArray[np.bool_]
    """(height, width)"""


def unmixed_blocks(scene: Scene, model: Unmixer) -> Iterator[UnmixedBlock]:
    """Unmix a scene block by block, in bounded memory.

    Parameters
    ----------
    scene : Scene
        On the bands of the model.
    model : Unmixer
        Fitted.

    Yields
    ------
    UnmixedBlock
    """
    device = resolve_device(model.device)
    endmembers = torch.as_tensor(model.endmembers_).to(device)
    sources = model.error_sources
    for block in scene.blocks():
        found = products(block.spectra.to(device), endmembers)
        codes = nonnegative(found)
        read = read_codes(found, codes, model.reading, sources.prior)
        deviation = fraction_deviation(found, read, model.reading, sources)
        quality = pixel_quality(found, codes, read.brightness)
        yield UnmixedBlock(
            window=block.window,
            abundances=block.to_map(read.fractions.cpu()),
            uncertainty=block.to_map(deviation.cpu()),
            quality=block.to_map(quality.cpu()),
            spectra=block.spectra,
            valid=block.valid,
        )
