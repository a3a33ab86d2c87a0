"""Blocks of a scene for a `torch.utils.data.DataLoader`, read by several processes.

>>> from scenes.torch_blocks import BlockDataset
"""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import IterableDataset, get_worker_info

from scenes.blocks import DEFAULT_BLOCK_BYTES, Block
from scenes.scene import Scene


class BlockDataset(IterableDataset[Block]):
    """All blocks of a scene, in its order; every worker of a loader reads its own share.

    Use it with ``DataLoader(BlockDataset(scene), batch_size=None, num_workers=2)``: blocks have
    different numbers of pixels, so they are not to be collated.

    Parameters
    ----------
    scene : Scene
        May be larger than memory.
    max_bytes : int
        Memory that one block may take; a loader holds ``prefetch_factor`` of them for each worker.
    """

    def __init__(self, scene: Scene, max_bytes: int = DEFAULT_BLOCK_BYTES) -> None:
        self.scene = scene
        self.max_bytes = max_bytes

    def __iter__(self) -> Iterator[Block]:
        worker = get_worker_info()
        share = (0, 1) if worker is None else (worker.id, worker.num_workers)
        yield from self.scene.blocks(self.max_bytes, share)
