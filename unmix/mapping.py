"""From blocks of spectra to blocks of maps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes import Scene
from scenes.blocks import DEFAULT_BLOCK_BYTES, Block
from unmix.device import resolve_device
from unmix.errors import UnmixError
from unmix.overlap import pipelined
from unmix.resuming import Kept
from unmix.unmixer import Unmixer

Progress = Callable[[str, float], None]
"""Called with what is going on and the share of it that is done, 0 to 1."""

MOST_SOLVERS = 4
"""Blocks that are solved at a time, if there are as many threads; more would wait for the disk."""
BLOCKS_HELD = MOST_SOLVERS + 3
"""Most blocks in memory at a time: read, solved, waiting, written. Their size follows from it on
any machine, so that the maps do not depend on its threads."""
DEFAULT_MEMORY = BLOCKS_HELD * DEFAULT_BLOCK_BYTES
"""Bytes that all of them together may take, unless asked otherwise: 448 MiB."""

Out = TypeVar("Out")

_memory = ContextVar("memory", default=DEFAULT_MEMORY)


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


def unmixed_blocks(
    scene: Scene, model: Unmixer, kept: Kept | None = None
) -> Iterator[UnmixedBlock]:
    """Unmix a scene block by block, in bounded memory; see `limited_memory`.

    The next block is read, and those before it solved, while a block is in use, in threads that end
    with the iterator. The maps are the same as without them, bit for bit.

    Parameters
    ----------
    scene : Scene
        On the bands of the model.
    model : Unmixer
        Fitted.
    kept : Kept, optional
        Maps of blocks that were solved before, and where to keep those that are solved now.

    Yields
    ------
    UnmixedBlock
        From the upper left to the lower right.
    """

    def unmixed(block: Block) -> UnmixedBlock:
        solved = partial(model.map_pixels, block.spectra)
        maps = solved() if kept is None else kept.maps(block.window, solved)
        return UnmixedBlock(
            window=block.window,
            abundances=block.to_map(maps.fractions),
            uncertainty=block.to_map(maps.uncertainty),
            quality=block.to_map(maps.quality),
            spectra=block.spectra,
            valid=block.valid,
        )

    n_threads = torch.get_num_threads()
    n_solvers = min(MOST_SOLVERS, n_threads) if resolve_device(model.device).type == "cpu" else 1
    prepare = partial(torch.set_num_threads, n_threads // n_solvers)
    blocks = scene.blocks(_memory.get() // BLOCKS_HELD)
    try:
        yield from pipelined(blocks, unmixed, n_solvers, prepare)
    finally:
        torch.set_num_threads(n_threads)  # some of it is set for the whole process


def worked_blocks(scene: Scene, work: Callable[[Block], Out]) -> Iterator[Out]:
    """Do something with every block of a scene, in bounded memory; see `limited_memory`.

    The next block is read, and the one before it worked on, while a result is in use.

    Parameters
    ----------
    scene : Scene
    work : callable
        From a block to what is wanted of it.

    Yields
    ------
    object
        Of each block, from the upper left to the lower right.
    """
    return pipelined(scene.blocks(_memory.get() // BLOCKS_HELD), work)


@contextmanager
def limited_memory(n_bytes: int) -> Iterator[None]:
    """Let the blocks of scenes that are unmixed inside take at most this memory together.

    What solving adds for a moment, about 0.1 GiB a block, and the maps of a block come on top; a
    file's own tiles, where they are larger than a block, are read whole up to four times the size.

    Parameters
    ----------
    n_bytes : int
        By default `DEFAULT_MEMORY`.

    Raises
    ------
    UnmixError
        If it is not at least one byte for each block.

    Examples
    --------
    >>> with limited_memory(64 * 2**20):
    ...     pass  # unmix_scene(...).save(...)
    """
    if n_bytes < BLOCKS_HELD:
        raise UnmixError(f"`memory` must be a positive number of bytes. Got {n_bytes}.")
    before = _memory.set(n_bytes)
    try:
        yield
    finally:
        _memory.reset(before)
