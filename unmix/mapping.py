"""From blocks of spectra to blocks of maps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes import Scene
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
    """(n_endmembers, height, width), NaN where the scene is invalid or no endmember explains it."""
    uncertainty: NDArray[np.float32]
    """The same shape, NaN in the same places: standard deviations of the abundances, see
    `unmix.uncertainty`."""
    quality: NDArray[np.float32]
    """(4, height, width), see `unmix.quality`; NaN in the same places."""
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
    for block in scene.blocks():
        maps = model.map_pixels(block.spectra)
        yield UnmixedBlock(
            window=block.window,
            abundances=block.to_map(maps.fractions),
            uncertainty=block.to_map(maps.uncertainty),
            quality=block.to_map(maps.quality),
            spectra=block.spectra,
            valid=block.valid,
        )
