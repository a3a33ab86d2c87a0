"""Labels of a scene: which pixels are known to be of which class, from a vector or raster file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes.bands import IndexArray
from scenes.errors import SceneError, SceneFileError, counted
from scenes.label_marks import Piece, raster_marks, vector_marks
from scenes.scene import Scene
from scenes.vector_features import VECTOR_SUFFIXES

if TYPE_CHECKING:
    import torch

_MOST_CLASSES = 254  # so that a map of them is of bytes, 255 being its nodata
_BLOCK_NUMBERS = 2**22  # of spectra read at once


@dataclass(frozen=True, eq=False)
class Labels:
    """Labelled pixels of a scene, row by row."""

    names: tuple[str, ...]
    """Of the classes."""
    rows: IndexArray
    """(n_labelled,) Of the scene, as `Scene.read` counts them."""
    columns: IndexArray
    """(n_labelled,)"""
    classes: IndexArray
    """(n_labelled,) Numbers among `names`, from 0."""
    groups: IndexArray
    """(n_labelled,) Which feature, or connected patch of a raster, a label comes from: pixels of
    one group resemble each other and should not be in training and test at once."""
    n_contradicting: int = 0
    """Pixels that lie in features of different classes, and so have no label."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """Labelled pixels of each class."""
        numbers = np.bincount(self.classes, minlength=len(self.names))
        return dict(zip(self.names, numbers.tolist(), strict=True))

    def chosen(self, which: NDArray[Any]) -> Labels:
        """Some of the labelled pixels, by a mask or by their places among them."""
        names = ("rows", "columns", "classes", "groups")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    def spectra(self, scene: Scene) -> tuple[torch.Tensor, Labels]:
        """Read the spectra of the labelled pixels that are valid.

        Parameters
        ----------
        scene : Scene
            That the labels were read for.

        Returns
        -------
        spectra : float32 tensor of shape (n, n_bands)
        labels : Labels
            Of these pixels, in this order.

        Raises
        ------
        SceneError
            If no labelled pixel is valid.
        """
        import torch

        found, kept = [], []
        for window, places in self._by_window(scene):
            spectra, valid = scene.source.read(window, scene.bands_used)
            index = (self.rows[places] - window.row_off) * window.width + self.columns[places]
            good = valid[index]
            found.append(spectra[index[good]])
            kept.append(places[good])
        places = np.concatenate([np.empty(0, np.intp), *kept])
        if places.size == 0:
            raise SceneError(
                f"of {counted(len(self), 'labelled pixel')} of {scene.name} none is valid. Check "
                "its mask and its nodata value."
            )
        return torch.from_numpy(np.concatenate(found)), self.chosen(places)

    def _by_window(self, scene: Scene) -> Iterator[tuple[Window, IndexArray]]:
        """Strips of the scene that hold labels, and the places of those among all."""
        n_rows = max(1, _BLOCK_NUMBERS // (scene.n_bands * scene.width))
        order = np.argsort(self.rows, kind="stable")
        edges = np.arange(0, scene.height + n_rows, n_rows)
        cuts = np.searchsorted(self.rows[order], edges)
        for row, (first, last) in zip(edges, pairwise(cuts), strict=False):
            if last > first:
                height = min(n_rows, scene.height - int(row))
                yield Window(0, int(row), scene.width, height), order[first:last]


def read_labels(
    path: str | Path, scene: Scene, *, field: str | None = None, all_touched: bool = False
) -> Labels:
    """Read which pixels of a scene are known to be of which class.

    Parameters
    ----------
    path : str or Path
        Points, lines or polygons (GeoJSON; GeoPackage, Shapefile and others with the extra
        ``unmix[vector]``) in any coordinate reference system; or a raster on the grid of the scene
        whose first band holds numbers of classes, 0 and nodata meaning none. The labels of a scene
        in sensor geometry lie on its map, a raster of them on either.
    scene : Scene
    field : str, optional
        Attribute of the features that says their class. Needed unless they have just one.
    all_touched : bool
        Label every pixel that a polygon touches, not only those whose centre lies in it.

    Returns
    -------
    Labels
        Pixels that features of different classes share are left out.

    Raises
    ------
    SceneFileError
        If the file is missing or cannot be read.
    SceneError
        If there is no such field, no class, more than 254 of them, or no label lies on the scene.
    """
    path = Path(path)
    if not path.exists():
        raise SceneFileError(f"the labels {path} do not exist.")
    if path.suffix.lower() in VECTOR_SUFFIXES:
        names, drawn = vector_marks(path, scene, field, all_touched)
    else:
        names, drawn = raster_marks(path, scene)
    if len(names) > _MOST_CLASSES:
        raise SceneError(
            f"{path.name} has {len(names)} classes, of which a map can show {_MOST_CLASSES}. Is "
            f"{field or 'its first band'} really what tells the classes?"
        )
    return _gathered(path, names, drawn)


def _gathered(path: Path, names: tuple[str, ...], pieces: Iterator[Piece]) -> Labels:
    """All labelled pixels, each once."""
    parts = list(pieces)
    if not sum(len(part[0]) for part in parts):
        raise SceneError(
            f"no label of {path.name} lies on the scene. Check that its coordinates are in the "
            "system it names, and that points and small polygons meet the centre of a pixel."
        )
    rows, columns, classes, groups = (
        np.concatenate([part[k] for part in parts]).astype(np.intp) for k in range(4)
    )
    place = rows * (columns.max() + 1) + columns
    _, first, of_place = np.unique(place, return_index=True, return_inverse=True)
    lowest, highest = (np.full(len(first), fill, np.intp) for fill in (len(names), -1))
    np.minimum.at(lowest, of_place, classes)
    np.maximum.at(highest, of_place, classes)
    agreed = first[lowest == highest]
    n_contradicting = sum(part[4] for part in parts) + len(first) - len(agreed)
    fields = (rows[agreed], columns[agreed], classes[agreed], groups[agreed])
    return Labels(names, *fields, n_contradicting)
