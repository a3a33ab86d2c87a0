"""Reading valid pixels of a scene at once, all or some, and the map of which are valid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from scenes.bands import BoolArray, IndexArray
from scenes.blocks import DEFAULT_BLOCK_BYTES
from scenes.pixels import Float32Array
from scenes.sampling import Cut, draw_pixels
from scenes.source import Source


def valid_pixels(source: Source, bands: IndexArray) -> BoolArray:
    """Read which pixels are valid in all of some bands, shape (height, width)."""
    valid = np.empty((source.reader.height, source.reader.width), dtype=np.bool_)
    for window in source.windows(bands.size, DEFAULT_BLOCK_BYTES):
        part = source.read(window, bands)[1]
        valid[window.toslices()] = part.reshape(window.height, window.width)
    return valid


def valid_spectra(
    source: Source, bands: IndexArray, valid: BoolArray | None = None
) -> tuple[Float32Array, BoolArray]:
    """Read all valid pixels, row by row.

    Parameters
    ----------
    source : Source
        Where the numbers come from.
    bands : int array of shape (n_bands,)
        Numbers of the bands, counted from 0.
    valid : bool array of shape (height, width), optional
        Which pixels are valid, if that is known already.

    Returns
    -------
    spectra : float32 array of shape (n_valid, n_bands)
    valid : bool array of shape (height, width)
    """
    height, width = source.reader.height, source.reader.width
    spectra = np.empty((height * width, bands.size), dtype=np.float32)
    windows = list(source.windows(bands.size, DEFAULT_BLOCK_BYTES))
    if valid is None and windows[0].width == width:
        valid = np.empty((height, width), dtype=np.bool_)
        n_valid = 0
        for window in windows:  # row strips: the pixels come in order
            pixels, part = source.read(window, bands)
            valid[window.toslices()] = part.reshape(window.height, window.width)
            spectra[n_valid : (n_valid := n_valid + int(part.sum()))] = pixels[part]
    else:
        valid = valid_pixels(source, bands) if valid is None else valid
        place = np.cumsum(valid.ravel()).reshape(valid.shape) - 1
        for window in windows:
            pixels, part = source.read(window, bands)
            spectra[place[window.toslices()].ravel()[part]] = pixels[part]
    spectra.resize((int(valid.sum()), bands.size), refcheck=False)
    return spectra, valid


def drawn_spectra(
    source: Source, bands: IndexArray, n_pixels: int, random_state: int | None
) -> Float32Array:
    """Draw valid pixels that lie evenly over a scene, reading only a part of it.

    Parameters
    ----------
    source : Source
        Where the numbers come from.
    bands : int array of shape (n_bands,)
        Numbers of the bands, counted from 0.
    n_pixels : int
        How many to draw.
    random_state : int or None
        Seed.

    Returns
    -------
    float32 array of shape (at most n_pixels, n_bands)
    """

    def read(window: Window) -> Float32Array:
        spectra, valid = source.read(window, bands)
        return spectra if valid.all() else spectra[valid]

    shape = (source.reader.height, source.reader.width)
    cut = _cut_for(source, bands, n_pixels)
    return np.concatenate(draw_pixels(read, *shape, cut, n_pixels, random_state))


def drawn_places(
    source: Source, bands: IndexArray, n_pixels: int, random_state: int | None
) -> tuple[Float32Array, IndexArray, IndexArray]:
    """Draw the same pixels as `drawn_spectra`, and say where they lie.

    Parameters
    ----------
    source, bands, n_pixels, random_state
        As there.

    Returns
    -------
    spectra : float32 array of shape (at most n_pixels, n_bands)
    rows, columns : int arrays of shape (at most n_pixels,)
        Of the scene, counted from 0.
    """
    placed = np.dtype([("row", np.intp), ("column", np.intp), ("spectrum", "f4", (bands.size,))])

    def read(window: Window) -> NDArray[np.void]:
        spectra, valid = source.read(window, bands)
        pixels = np.empty(int(valid.sum()), dtype=placed)
        rows, columns = np.divmod(np.flatnonzero(valid), window.width)
        pixels["row"], pixels["column"] = rows + window.row_off, columns + window.col_off
        pixels["spectrum"] = spectra[valid]
        return pixels

    shape = (source.reader.height, source.reader.width)
    cut = _cut_for(source, bands, n_pixels)
    drawn = np.concatenate(draw_pixels(read, *shape, cut, n_pixels, random_state))
    return np.ascontiguousarray(drawn["spectrum"]), drawn["row"].copy(), drawn["column"].copy()


def _cut_for(source: Source, bands: IndexArray, n_pixels: int) -> Cut:
    max_rows = next(source.windows(bands.size, DEFAULT_BLOCK_BYTES)).height
    shape = (source.reader.height, source.reader.width)
    return Cut.of_scene(shape, source.reader.block_shape, max_rows, n_pixels)
