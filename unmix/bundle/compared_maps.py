"""Maps of two sides, read strip by strip to be held against each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from scenes import Grid
from scenes.class_names import class_names
from unmix.errors import UnmixError
from unmix.report.contents import read_grid, read_record
from unmix.report.rasters import opened
from unmix.unmixer import Unmixer

ROWS_AT_ONCE = 256
GRID_TOLERANCE = 0.01
"""Of a pixel: corners that lie nearer together are the same."""
MOST_CLASSES = 1000
"""A raster with more different numbers holds something else than classes."""
NO_CLASS_NAMES = ("unclassified", "unlabelled", "unlabeled", "no data", "nodata", "background")
"""What 0 is called where it is no class."""


@dataclass(frozen=True)
class Compared:
    """One side of a comparison."""

    path: Path
    maps: Path
    """The raster of abundances, or of classes."""
    names: list[str]
    """Of its bands, or of its classes."""
    grid: Grid
    model: Unmixer | None = None
    """None for a reference, which has no spectra."""
    values: NDArray[np.int64] | None = None
    """(n_classes,) Numbers of the classes, ascending; None for abundances."""

    @classmethod
    def of(cls, path: Path) -> "Compared":
        """The folder of a run, a raster of reference abundances, or one of classes.

        One band of whole numbers without a scale is taken for classes. 0 is none of them, unless
        it has a name of its own.

        Raises
        ------
        UnmixError
            If it is none of them.
        """
        if path.is_dir():
            read_record(path)
            model = Unmixer.load(path / "model")
            maps = path / "abundances.tif"
            return cls(path, maps, model.endmember_names_, read_grid(maps), model)
        if not path.is_file():
            raise UnmixError(f"There is no {path}. Name the folder of a run, or a raster.")
        with opened(path) as dataset:
            names = [name or f"band {k}" for k, name in enumerate(dataset.descriptions, 1)]
            whole = np.issubdtype(np.dtype(dataset.dtypes[0]), np.integer)
            of_classes = dataset.count == 1 and whole and dataset.scales[0] == 1
        if not of_classes:
            return cls(path, path, names, read_grid(path))
        values, names = _classes_in(path)
        return cls(path, path, names, read_grid(path), values=values)


def check_grids(first: Compared, second: Compared) -> None:
    """Refuse maps that do not lie on each other, pixel by pixel.

    Raises
    ------
    UnmixError
        If their grids differ.
    """
    a, b = first.grid, second.grid
    corners = [np.array([grid.transform @ p for p in _corners(a)]) for grid in (a, b)]
    reach = GRID_TOLERANCE * min(a.pixel_size)
    if a.shape != b.shape or a.crs != b.crs or np.abs(corners[0] - corners[1]).max() > reach:
        raise UnmixError(
            f"{first.maps} and {second.maps} lie on different grids ({a!r} and {b!r}), so their "
            "pixels cannot be compared. Bring one to the grid of the other first, with "
            "`gdalwarp` or `rio warp`."
        )


def strips_of_both(
    first: Compared, second: Compared
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Abundances of both sides (n_maps, height, width), NaN where none, from top to bottom."""
    with opened(first.maps) as one, opened(second.maps) as other:
        for window in _windows(one):
            yield _fractions(one, window), _fractions(other, window)


def strips_with_classes(
    first: Compared, second: Compared
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """Abundances of the first, and which class of the second lies there, -1 where there is none."""
    values = second.values
    assert values is not None, "only a raster of classes has classes"
    with opened(first.maps) as one, opened(second.maps) as other:
        for window in _windows(one):
            numbers, known = _numbers(other, window)
            place = np.searchsorted(values, numbers).clip(max=len(values) - 1)
            yield _fractions(one, window), np.where(known & (values[place] == numbers), place, -1)


def _corners(grid: Grid) -> list[tuple[float, float]]:
    return [(0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)]


def _windows(dataset: DatasetReader) -> Iterator[Window]:
    for row in range(0, dataset.height, ROWS_AT_ONCE):
        yield Window(0, row, dataset.width, min(ROWS_AT_ONCE, dataset.height - row))


def _fractions(dataset: DatasetReader, window: Window) -> NDArray[np.float32]:
    """All bands, scaled as the file says."""
    gain, offset = (np.array(each)[:, None, None] for each in (dataset.scales, dataset.offsets))
    found = dataset.read(window=window, masked=True).astype(np.float32).filled(np.nan)
    fractions: NDArray[np.float32] = (found * gain + offset).astype(np.float32)
    return fractions


def _numbers(dataset: DatasetReader, window: Window) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole numbers of the first band, and where there are any."""
    found = dataset.read(1, window=window, masked=True)
    return found.data.astype(np.int64), ~np.ma.getmaskarray(found)


def _classes_in(path: Path) -> tuple[NDArray[np.int64], list[str]]:
    """Numbers of the classes of a raster, ascending, and their names."""
    names = class_names(path)
    if names.get(0, "unclassified").lower() in NO_CLASS_NAMES:
        names[0] = ""
    found: set[int] = set()
    with opened(path) as dataset:
        for window in _windows(dataset):
            numbers, known = _numbers(dataset, window)
            found.update(np.unique(numbers[known]).tolist())
            if len(found) > MOST_CLASSES:
                raise UnmixError(
                    f"{path} holds more than {MOST_CLASSES} different whole numbers, so it is no "
                    "map of classes. Abundances that are kept as whole numbers need a scale."
                )
    values = np.array(sorted(value for value in found if names.get(value, "class")), np.int64)
    if values.size == 0:
        raise UnmixError(f"{path} holds no class: every pixel is 0 or nodata.")
    return values, [names.get(value) or f"class {value}" for value in values.tolist()]
