"""Spectra of some pixels of a result, if the scene it was made from is still where it was."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy.optimize import nnls

from scenes import Scene, SceneError, open_scene
from scenes.errors import SceneWarning
from unmix.report.contents import Contents
from unmix.report.residuals import WorstPixel

AGREE = 0.02
"""A residual that differs by more than this share from the one mapped is of another spectrum."""


class MeasuredPixel(NamedTuple):
    """A pixel and the nonnegative mixture that comes nearest to it."""

    measured: NDArray[np.float64]
    """(n_bands,)"""
    mixture: NDArray[np.float64]
    """(n_bands,)"""


def measured_pixels(
    contents: Contents, pixels: Sequence[WorstPixel]
) -> tuple[list[MeasuredPixel], str]:
    """Spectra of pixels of a result, in the order given, and why there are none.

    Parameters
    ----------
    contents : Contents
    pixels : sequence of WorstPixel
        In rows and columns of the maps.

    Returns
    -------
    list of MeasuredPixel
        One for each pixel, or none at all.
    str
        The reason in a sentence, or ``""``.
    """
    path = contents.record["input"].get("path")
    if path is None or not Path(path).is_file():
        return [], "Their spectra are not shown, since the scene file is no longer where it was."
    changed = "Their spectra are not shown, since the scene file does not give the same ones again."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SceneWarning)
            scene = open_scene(Path(path)).with_bands(contents.record["input"]["bands_used"])
            found = [_explained(_spectrum(scene, contents, pixel), contents) for pixel in pixels]
    except SceneError:
        return [], changed
    same = all(
        abs(_residual(one) - pixel.residual) <= AGREE * pixel.residual
        for one, pixel in zip(found, pixels, strict=True)
    )
    return (found, "") if same else ([], changed)


def _spectrum(scene: Scene, contents: Contents, pixel: WorstPixel) -> NDArray[np.float64]:
    """The spectrum of a pixel of the maps, which may show a part of the scene, or its map."""
    t = contents.grid.transform
    column, row = pixel.column + 0.5, pixel.row + 0.5
    x, y = t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f
    turned = scene.grid if scene.lookup is None else scene.lookup.grid
    back = ~turned.transform
    column = int(np.floor(back.a * x + back.b * y + back.c))
    row = int(np.floor(back.d * x + back.e * y + back.f))
    if scene.lookup is not None:
        rows, columns = scene.lookup.read(Window(column, row, 1, 1))
        row, column = int(rows[0, 0]), int(columns[0, 0])
    return scene.read(Window(column, row, 1, 1))[:, 0, 0].astype(np.float64)


def _explained(spectrum: NDArray[np.float64], contents: Contents) -> MeasuredPixel:
    endmembers = contents.model.endmembers_.astype(np.float64)
    if not np.isfinite(spectrum).all():
        return MeasuredPixel(spectrum, np.full_like(spectrum, np.nan))
    codes, _ = nnls(endmembers.T, spectrum)
    return MeasuredPixel(spectrum, codes @ endmembers)


def _residual(pixel: MeasuredPixel) -> float:
    """Root mean square, as it is mapped; NaN where the pixel is not valid."""
    return float(np.sqrt(np.mean(np.square(pixel.measured - pixel.mixture))))
