"""Raw numbers of HDF5 datasets (netCDF-4 files are HDF5 files too).

The file is open only as long as one read, so that nothing open is pickled or inherited by another
process, and memory stays bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from scenes.bands import BoolArray, IndexArray
from scenes.errors import SceneError
from scenes.formats.hdf import Hdf, open_hdf
from scenes.pixels import RawArray

_FAR_APART_ROWS = 64  # rows read together where each band means one more seek
_SMALLEST_BLOCK = 16  # rows of a strip of an unchunked dataset of lines
_GAP = 2  # bands left out in between that are read all the same


@dataclass(frozen=True)
class HdfBands:
    """One dataset that holds some of the bands, or one.

    Parameters
    ----------
    name : str
        Path of the dataset in the file.
    axes : str
        Its axes: l for lines (rows), s for samples (columns), b for bands; ``"ls"`` is one band.
    bands : tuple of int
        Which of its bands are meant, counted from 0.
    """

    name: str
    axes: str
    bands: tuple[int, ...] = (0,)


class HdfPixels:
    """Raw numbers of one or more datasets of one HDF5 file (a `PixelReader`).

    Parameters
    ----------
    hdf : Hdf
        The file, open; only looked at.
    parts : HdfBands
        The datasets whose bands, one after the other, are the bands.

    Raises
    ------
    SceneError
        If a dataset is missing, has other axes, or differs from the others in shape or type.
    """

    cheap_rows = False

    def __init__(self, hdf: Hdf, *parts: HdfBands) -> None:
        self.path = hdf.path
        self._parts = parts
        self.n_bands = sum(len(part.bands) for part in parts)
        datasets = [hdf.dataset(part.name) for part in parts]
        for part, dataset in zip(parts, datasets, strict=True):
            _check_axes(hdf.path, part, dataset)
        shapes = {_grid_shape(part, d) for part, d in zip(parts, datasets, strict=True)}
        dtypes = {dataset.dtype.newbyteorder("=") for dataset in datasets}
        if len(shapes) != 1 or len(dtypes) != 1:
            names = " and ".join(part.name for part in parts)
            raise SceneError(
                f"{hdf.path}: {names} differ in shape {sorted(shapes)} or type "
                f"{sorted(map(str, dtypes))}. They must describe the same pixels."
            )
        self.dtype: np.dtype[Any] = dtypes.pop()
        self.height, self.width = shapes.pop()
        self.block_shape = _block_shape(parts[0], datasets[0])

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first.

        Raises
        ------
        SceneFileError
            If the file is gone, damaged or truncated.
        """
        pixels = np.empty((height, width, bands.size), dtype=self.dtype)
        with open_hdf(self.path) as hdf:
            first = 0
            for part in self._parts:
                wanted = np.flatnonzero((bands >= first) & (bands < first + len(part.bands)))
                if wanted.size:
                    inside = np.array(part.bands)[bands[wanted] - first]
                    place = {"l": slice(row, row + height), "s": slice(column, column + width)}
                    _read_bands(hdf.dataset(part.name), part.axes, place, inside, wanted, pixels)
                first += len(part.bands)
        return pixels.reshape(height * width, bands.size)


def flags_of(hdf: Hdf, pixels: HdfPixels, *parts: HdfBands) -> HdfPixels:
    """Make the reader of datasets that flag the pixels of others.

    Raises
    ------
    SceneError
        As `HdfPixels`, or if there are not as many rows and columns.
    """
    flags = HdfPixels(hdf, *parts)
    sizes = (flags.height, flags.width), (pixels.height, pixels.width)
    if sizes[0] != sizes[1]:
        raise SceneError(
            f"{hdf.path}: {parts[0].name} flags {sizes[0][0]} x {sizes[0][1]} pixels, but there "
            f"are {sizes[1][0]} x {sizes[1][1]}. The file is not of the published structure."
        )
    return flags


@dataclass(frozen=True)
class HdfFlags:
    """A mask in a dataset of its own (a `MaskReader`).

    Parameters
    ----------
    flags : HdfPixels
        One band.
    invalid : int
        The flag of pixels that are not valid.
    """

    flags: HdfPixels
    invalid: int

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window: shape (height * width,), True = valid."""
        found = self.flags.read(row, column, height, width, np.array([0]))
        valid: BoolArray = found[:, 0] != self.invalid
        return valid


def _read_bands(
    dataset: Any,  # noqa: ANN401
    axes: str,
    place: dict[str, slice],
    inside: IndexArray,
    wanted: IndexArray,
    pixels: RawArray,
) -> None:
    """Fill the wanted bands of `pixels` (height, width, bands) from one dataset."""
    if axes == "ls":
        pixels[..., wanted[0]] = dataset[place["l"], place["s"]]
        return
    order = np.argsort(inside, kind="stable")
    turn = [axes.index(axis) for axis in "lsb"]
    for run in _runs(inside[order]):
        found = inside[order][run]
        cut = {**place, "b": slice(int(found[0]), int(found[-1]) + 1)}
        values = dataset[tuple(cut[axis] for axis in axes)].transpose(turn)
        pixels[..., _as_slice(wanted[order][run])] = values[..., _as_slice(found - found[0])]


def _runs(numbers: IndexArray) -> Iterator[slice]:
    """Cut rising numbers into runs without large gaps, to be read in one piece each."""
    edges = np.flatnonzero(np.diff(numbers) > 1 + _GAP) + 1
    for start, stop in pairwise([0, *edges.tolist(), numbers.size]):
        yield slice(start, stop)


def _as_slice(numbers: IndexArray) -> slice | IndexArray:
    """Turn consecutive numbers into a slice, which is faster."""
    consecutive = np.arange(numbers[0], numbers[0] + numbers.size)
    return slice(numbers[0], numbers[-1] + 1) if np.array_equal(numbers, consecutive) else numbers


def _check_axes(path: Path, part: HdfBands, dataset: Any) -> None:  # noqa: ANN401
    if len(dataset.shape) != len(part.axes) or 0 in dataset.shape:
        raise SceneError(
            f"{path}: {part.name} has shape {dataset.shape}; expected were {len(part.axes)} axes, "
            "none of them empty. The file is not of the published structure."
        )
    n_bands = dataset.shape[part.axes.index("b")] if "b" in part.axes else 1
    if max(part.bands, default=0) >= n_bands:
        raise SceneError(
            f"{path}: {part.name} has {n_bands} bands, but {max(part.bands) + 1} are described. "
            "The file is not of the published structure."
        )


def _grid_shape(part: HdfBands, dataset: Any) -> tuple[int, int]:  # noqa: ANN401
    rows, columns = (int(dataset.shape[part.axes.index(axis)]) for axis in "ls")
    return rows, columns


def _block_shape(part: HdfBands, dataset: Any) -> tuple[int, int]:  # noqa: ANN401
    """Rows and columns of a chunk; strips where the dataset has none."""
    height, width = _grid_shape(part, dataset)
    if dataset.chunks is None:
        rows = _FAR_APART_ROWS if part.axes.startswith("b") else 1
        return min(rows, height), width
    rows, columns = (int(dataset.chunks[part.axes.index(axis)]) for axis in "ls")
    if columns >= width and rows < _SMALLEST_BLOCK:
        rows *= math.ceil(_SMALLEST_BLOCK / rows)
    return min(rows, height), min(columns, width)
