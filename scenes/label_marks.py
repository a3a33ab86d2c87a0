"""From vector or raster files to labelled pixels of a scene, piece by piece."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.windows import Window
from scipy.ndimage import label

from scenes.bands import IndexArray
from scenes.blocks import block_windows
from scenes.class_names import class_names
from scenes.errors import SceneError
from scenes.masks import RasterMask, open_mask
from scenes.pixels import nodata_in
from scenes.scene import Scene
from scenes.vector_features import FeatureFile, Geometry, corners_of, read_features

_PIECE_SHAPE = (512, 2048)  # of the grid, looked at at once
_FIRST_BAND = np.array([0])

Marks = NDArray[np.int64]
"""(height, width) Numbers of things, -1 where there is none."""
NumberedShape = tuple[Geometry, int, int]
"""In pixels, with the number of its class and its own."""


class Piece(NamedTuple):
    """Labelled pixels of a part of a scene, and how many are left out."""

    rows: IndexArray
    columns: IndexArray
    classes: IndexArray
    groups: IndexArray
    n_contradicting: int


def vector_marks(
    path: Path, scene: Scene, field: str | None, all_touched: bool
) -> tuple[tuple[str, ...], Iterator[Piece]]:
    """Names of the classes of a vector file, and the pixels that its features label.

    Raises
    ------
    SceneFileError
        If the file cannot be read.
    SceneError
        If it has no features, or they tell no class.
    """
    file = read_features(path)
    texts = _class_texts(file, field)
    names = tuple(sorted({text for text in texts if text}, key=_natural))
    grid = scene.grid if scene.lookup is None else scene.lookup.grid
    shapes = [
        (shape, names.index(text), k)
        for k, (shape, text) in enumerate(zip(file.in_pixels_of(grid), texts, strict=True))
        if text
    ]
    return names, _drawn(shapes, scene, all_touched)


def raster_marks(path: Path, scene: Scene) -> tuple[tuple[str, ...], Iterator[Piece]]:
    """The same of a raster of numbers of classes; connected pixels of one class are a group.

    Raises
    ------
    SceneFileError
        If the file cannot be read.
    SceneError
        If it does not lie on the scene, or holds numbers that are not whole.
    """
    on_map = scene.lookup is not None and _shape_of(path) == scene.lookup.grid.shape
    grid = scene.lookup.grid if scene.lookup is not None and on_map else scene.grid
    mask = open_mask(path, grid, called="label raster")
    assert isinstance(mask, RasterMask), "the names of vector files are known"
    numbers = mask.pixels.read(0, 0, grid.height, grid.width, _FIRST_BAND)[:, 0]
    nodata = nodata_in(numbers.dtype, mask.nodata)
    known = np.isfinite(numbers) & (numbers != 0)
    known &= True if nodata is None else numbers != nodata
    values, found = np.unique(numbers[known], return_inverse=True)
    odd = values[values != np.round(values)]
    if len(odd):
        raise SceneError(
            f"{path.name} holds {odd[0]:g}, which is no number of a class. Label rasters hold "
            "whole numbers, 0 meaning no label."
        )
    classes = np.full(numbers.shape, -1, dtype=np.int64)
    classes[known] = found
    called = class_names(path)
    names = tuple(called.get(int(value)) or f"class {int(value)}" for value in values)
    return names, _patches(scene, classes.reshape(grid.shape), on_map)


def _class_texts(file: FeatureFile, field: str | None) -> list[str | None]:
    """The class of every feature as text; None where it has none."""
    if not file.features:
        raise SceneError(f"{file.name} holds no features to take labels from.")
    if field is None:
        if len(file.fields) != 1:
            known = ", ".join(file.fields) or "none"
            raise SceneError(
                f"which field of {file.name} is the class? Name one (`field`, or --class); it has: "
                f"{known}."
            )
        (field,) = file.fields
    texts = [None if value is None else str(value).strip() for value in file.values(field)]
    if not any(texts):
        raise SceneError(f"the field {field!r} of {file.name} is empty, so there are no classes.")
    return texts


def _natural(text: str) -> tuple[float, str]:
    """Sorts numbers as numbers, before words."""
    return (float(text), "") if text.isdecimal() else (math.inf, text)


def _drawn(shapes: list[NumberedShape], scene: Scene, all_touched: bool) -> Iterator[Piece]:
    grid = scene.grid if scene.lookup is None else scene.lookup.grid
    corners = np.array([corners_of(shape) for shape, _, _ in shapes])
    for window in block_windows(*grid.shape, _PIECE_SHAPE, 1, math.prod(_PIECE_SHAPE)):
        left_top = np.array([window.col_off, window.row_off])
        right_bottom = left_top + np.array([window.width, window.height])
        near = ((corners[:, :2] <= right_bottom) & (corners[:, 2:] >= left_top)).all(axis=1)
        if near.any():
            inside = [shapes[k] for k in np.flatnonzero(near)]
            classes, groups, n_twice = _burnt(inside, window, all_touched)
            yield _piece(scene, window, classes, groups, scene.lookup is not None, n_twice)


def _burnt(
    shapes: Iterable[NumberedShape], window: Window, all_touched: bool
) -> tuple[Marks, Marks, int]:
    """Classes and features of the pixels of a window, -1 where there is none or there are two."""
    size = (int(window.height), int(window.width))
    classes, groups = (np.full(size, -1, dtype=np.int64) for _ in range(2))
    twice = np.zeros(size, dtype=np.bool_)
    by_class: dict[int, list[tuple[Geometry, int]]] = {}
    for geometry, number, feature in shapes:
        by_class.setdefault(number, []).append((geometry, feature + 1))
    for number, burnt in by_class.items():
        found = rasterize(
            burnt,
            out_shape=size,
            transform=Affine(1, 0, window.col_off, 0, 1, window.row_off),
            all_touched=all_touched,
            dtype=np.int32,
        )
        here = found > 0
        twice |= here & (classes >= 0)
        classes[here], groups[here] = number, found[here] - 1
    classes[twice] = -1
    return classes, groups, int(twice.sum())


def _patches(scene: Scene, classes: Marks, on_map: bool) -> Iterator[Piece]:
    groups, n_groups = np.full(classes.shape, -1, dtype=np.int64), 0
    for number in range(int(classes.max()) + 1):
        found, n_found = label(classes == number, structure=np.ones((3, 3)))
        groups[found > 0] = found[found > 0] + n_groups - 1
        n_groups += n_found
    height, width = classes.shape
    yield _piece(scene, Window(0, 0, width, height), classes, groups, on_map, 0)


def _piece(
    scene: Scene, window: Window, classes: Marks, groups: Marks, on_map: bool, n_twice: int
) -> Piece:
    """Labelled pixels of a window, in rows and columns of the scene."""
    marked = classes >= 0
    if scene.lookup is not None and on_map:
        all_rows, all_columns = scene.lookup.read(window)
        marked &= all_rows >= 0
        rows, columns = all_rows[marked], all_columns[marked]
    else:
        rows, columns = np.nonzero(marked)
        rows, columns = rows + window.row_off, columns + window.col_off
    return Piece(rows, columns, classes[marked], groups[marked], n_twice)


def _shape_of(path: Path) -> tuple[int, int] | None:
    """Rows and columns of a raster, or None where it cannot be opened."""
    try:
        with rasterio.open(path) as dataset:
            return dataset.height, dataset.width
    except RasterioError:
        return None
