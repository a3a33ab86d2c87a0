"""Whether a TIFF can be as large as it says, before memory is taken for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scenes.errors import SceneFileError

_INDEX_BYTES = 4  # the index has 2 bytes at least for a block's offset and length (TIFF 6.0, p. 40)
_LARGE_BLOCK = 256 * 2**20
_MOST_PER_BYTE = 1032  # of DEFLATE; others pack more, but then blocks are not so large


def check_size(dataset: Any, path: Path) -> None:  # noqa: ANN401
    """Compare the size of a TIFF with the blocks that it claims to have.

    Blocks may be missing (a sparse file), so the size of the image says nothing; but each block
    has its place in an index, and is unpacked in one piece.

    Parameters
    ----------
    dataset : rasterio dataset
        The file, open.
    path : Path
        The same file.

    Raises
    ------
    SceneFileError
        If the index of the blocks or a block itself cannot be in a file of this size, or the last
        block of a band lies beyond its end.
    """
    n_found = path.stat().st_size
    rows, columns = dataset.block_shapes[0]
    down, across = -(-dataset.height // rows), -(-dataset.width // columns)
    by_pixel = dataset.interleaving is not None and dataset.interleaving.value.lower() == "pixel"
    block_bytes = rows * columns * np.dtype(dataset.dtypes[0]).itemsize
    block_bytes *= dataset.count if by_pixel else 1
    size = f"{path} has {n_found} bytes, but claims {dataset.height} x {dataset.width} pixels"
    if down * across * (1 if by_pixel else dataset.count) * _INDEX_BYTES > n_found:
        raise SceneFileError(
            f"{size} in {down * across} blocks, more than it can list. Its header is damaged, or "
            "the file is truncated."
        )
    if block_bytes > max(_LARGE_BLOCK, _MOST_PER_BYTE * n_found):
        raise SceneFileError(
            f"{size} in blocks of {block_bytes} bytes, more than it can hold. Its header is "
            "damaged, or the file is truncated."
        )
    _check_last_blocks(dataset, path, f"{across - 1}_{down - 1}", 1 if by_pixel else dataset.count)


def _check_last_blocks(dataset: Any, path: Path, place: str, n_bands: int) -> None:  # noqa: ANN401
    n_found = path.stat().st_size
    for band in range(1, n_bands + 1):
        offset = dataset.get_tag_item(f"BLOCK_OFFSET_{place}", "TIFF", bidx=band)
        length = dataset.get_tag_item(f"BLOCK_SIZE_{place}", "TIFF", bidx=band)
        if offset and length and int(offset) + int(length) > n_found:
            raise SceneFileError(
                f"{path} has {n_found} bytes, but the last block of band {band} ends at byte "
                f"{int(offset) + int(length)}. The file is truncated."
            )
