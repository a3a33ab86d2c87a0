"""A scene: a georeferenced image with its spectral axis and its mask, read when needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from rasterio.windows import Window

from scenes.bands import Bands, BoolArray, FloatArray, IndexArray, range_text
from scenes.blocks import DEFAULT_BLOCK_BYTES, Block, checked_window, map_from_pixels
from scenes.card import scene_card
from scenes.errors import SceneError, counted
from scenes.gathering import drawn_spectra, valid_pixels, valid_spectra
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.pixels import Float32Array, MaskReader, PixelReader, Scaling
from scenes.source import Source

if TYPE_CHECKING:
    import torch

__all__ = ["Block", "Scene"]


class Scene:
    """One georeferenced image: a lazy cube of reflectance, its grid and its bands.

    A scene may be larger than memory: nothing is read before it is asked for, and `blocks` walks
    over all of it in bounded memory. A pixel is valid when every band in use is finite and not
    nodata (checked on the raw numbers); then ``reflectance = raw * gain + offset``.
    Scenes can be pickled; they hold no open file.

    Parameters
    ----------
    reader : PixelReader
        Reads the raw numbers.
    grid : Grid
        Where the pixels lie.
    bands : Bands
        All bands of the file. Those that are good are used.
    name : str
        Short name for people.
    path : Path, optional
        File the scene was opened from.
    gain, offset : float or array of shape (n_bands of the file,)
        From raw numbers to reflectance.
    nodata : float, optional
        Raw number that means "no data", in all bands.
    metadata : mapping of str to str, optional
        Whatever else the file says about itself.
    mask : MaskReader, optional
        A mask that the file carries beside its bands.
    unit : str
        What the spectra are measured in.
    lookup : Lookup, optional
        Where the pixels belong on a map, for a scene in the geometry of its sensor.

    Raises
    ------
    SceneError
        If reader, grid and bands do not fit together, or no band is good.
    """

    def __init__(
        self,
        *,
        reader: PixelReader,
        grid: Grid,
        bands: Bands,
        name: str,
        path: Path | None = None,
        gain: ArrayLike = 1.0,
        offset: ArrayLike = 0.0,
        nodata: float | None = None,
        metadata: Mapping[str, str] | None = None,
        mask: MaskReader | None = None,
        unit: str = "reflectance",
        lookup: Lookup | None = None,
    ) -> None:
        sizes = (reader.n_bands, reader.height, reader.width)
        if sizes != (len(bands), *grid.shape):
            raise SceneError(
                f"the pixels are {sizes} (bands, rows, columns), but `bands` has {len(bands)}, "
                f"the grid {grid.height} x {grid.width}. All three must agree."
            )
        if not bands.good.any():
            raise SceneError(f"of {counted(len(bands), 'band')} none is good. Mark at least one.")
        self._source = Source(reader, Scaling.of_bands(len(bands), gain, offset, nodata), mask)
        self._grid = grid
        self._lookup = lookup
        self._bands = bands
        self._used: IndexArray = np.flatnonzero(bands.good)
        self._valid: BoolArray | None = None
        self.name = name
        self.path = path
        self.unit = unit
        self.metadata = dict(metadata or {})
        self.preparation: dict[str, object] = {}  # what was chosen and left out, for the record

    @property
    def grid(self) -> Grid:
        """Where the pixels lie."""
        return self._grid

    @property
    def lookup(self) -> Lookup | None:
        """Where the pixels belong on a map; None for a scene that lies on its map already."""
        return self._lookup

    @property
    def source(self) -> Source:
        """Where the numbers come from: their reader, scaling and mask."""
        return self._source

    @property
    def bands(self) -> Bands:
        """All bands of the file, in its order, also those that are not used."""
        return self._bands

    @property
    def bands_used(self) -> IndexArray:
        """Numbers of the bands in use, counted from 0, in the order of the spectra."""
        return self._used.copy()

    @property
    def n_bands(self) -> int:
        """Number of bands in use: the good ones, or those chosen by `with_bands`."""
        return int(self._used.size)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self._grid.height

    @property
    def width(self) -> int:
        """Number of columns."""
        return self._grid.width

    @property
    def wavelengths_nm(self) -> FloatArray | None:
        """Centres of the bands in use, in nanometres and in the order of the spectra, or None."""
        known = self._bands.wavelengths_nm
        return None if known is None else known[self._used]

    @property
    def fwhm_nm(self) -> FloatArray | None:
        """Widths (FWHM) of the bands in use in nanometres, or None."""
        known = self._bands.fwhm_nm
        return None if known is None else known[self._used]

    def blocks(
        self, max_bytes: int = DEFAULT_BLOCK_BYTES, share: tuple[int, int] = (0, 1)
    ) -> Iterator[Block]:
        """Walk over the whole scene, block by block, in bounded memory.

        Parameters
        ----------
        max_bytes : int
            Memory the arrays of one block may take; up to four times that where the file's own
            tiles are larger.
        share : (int, int)
            ``(k, n)`` for every n-th block from the k-th on: the part of worker k of n.

        Yields
        ------
        Block
            All shares together cover the scene once; each with its valid pixels.
        """
        import torch

        windows = self._source.windows(self.n_bands, max_bytes)
        for window in islice(windows, share[0], None, share[1]):
            spectra, valid = self._source.read(window, self._used)
            chosen = spectra if valid.all() else spectra[valid]
            shape = (window.height, window.width)
            yield Block(window, torch.from_numpy(chosen), valid.reshape(shape))

    def read(self, window: Window | None = None) -> Float32Array:
        """Read the reflectance of one window, or of the whole scene.

        Returns
        -------
        float32 array of shape (n_bands, height, width)
            NaN in all bands where a pixel is not valid.

        Raises
        ------
        SceneError
            If the window reaches beyond the scene.
        """
        window = checked_window(window, self.height, self.width)
        spectra, valid = self._source.read(window, self._used)
        spectra[~valid] = np.nan
        cube = spectra.T.reshape(self.n_bands, window.height, window.width)
        return np.ascontiguousarray(cube)

    def sample(self, n_pixels: int, random_state: int | None = 0) -> torch.Tensor:
        """Draw valid pixels that lie evenly over the scene, reading only a part of it.

        Parameters
        ----------
        n_pixels : int
            How many, at least 1. All valid pixels come back when there are no more than that.
        random_state : int or None
            Seed; the same seed draws the same pixels. None draws anew every time.

        Returns
        -------
        float32 tensor of shape (at most n_pixels, n_bands)
            Reflectance; the order means nothing.

        Raises
        ------
        SceneError
            If `n_pixels` is less than 1.
        """
        import torch

        if n_pixels < 1:
            raise SceneError(f"`n_pixels` must be at least 1. Got {n_pixels!r} instead.")
        if n_pixels >= self.height * self.width:
            return self.spectra()
        return torch.from_numpy(drawn_spectra(self._source, self._used, n_pixels, random_state))

    def spectra(self) -> torch.Tensor:
        """Read all valid pixels of the scene at once, row by row.

        Returns
        -------
        float32 tensor of shape (n_valid, n_bands)
            The order that `to_map` undoes.
        """
        import torch

        spectra, self._valid = valid_spectra(self._source, self._used, self._valid)
        return torch.from_numpy(spectra)

    def valid_mask(self) -> BoolArray:
        """Tell which pixels are valid; reads the whole scene the first time.

        Returns
        -------
        bool array of shape (height, width)
        """
        if self._valid is None:
            self._valid = valid_pixels(self._source, self._used)
        return self._valid.copy()

    def to_map(self, values: torch.Tensor | ArrayLike) -> Float32Array:
        """Put one row of values for each valid pixel back on the grid.

        Parameters
        ----------
        values : tensor or array of shape (n_valid, n_values)
            In the order of `spectra`.

        Returns
        -------
        float32 array of shape (n_values, height, width)
            NaN where a pixel is not valid; ``to_map(spectra())`` is the cube.

        Raises
        ------
        SceneError
            If the number of rows is not the number of valid pixels.
        """
        return map_from_pixels(values, self.valid_mask())

    def with_bands(self, index: ArrayLike) -> Scene:
        """Return the same scene using exactly these bands of the file, in this order.

        Parameters
        ----------
        index : int array, or bool array with one entry for each band of the file
            Numbers among `bands` (not among those in use), counted from 0.

        Raises
        ------
        SceneError
            If a number lies outside the bands, or nothing is chosen.
        """
        return self._changed(_used=self._bands.positions(index))

    def with_good(self, good: ArrayLike) -> Scene:
        """Return the same scene with other bands marked as good; those in use lose the rest.

        Parameters
        ----------
        good : bool array of shape (number of bands of the file,)
            True = use this band.

        Raises
        ------
        SceneError
            If no band in use is good.
        """
        bands = replace(self._bands, good=np.asarray(good, dtype=np.bool_))
        used = self._used[bands.good[self._used]]
        if used.size == 0:
            raise SceneError(f"of {counted(self.n_bands, 'band')} in use none is good. Keep some.")
        return self._changed(_bands=bands, _used=used)

    def with_source(self, source: Source) -> Scene:
        """Return the same scene with numbers from elsewhere: another mask, another scale."""
        return self._changed(_source=source)

    def sorted_by_wavelength(self) -> Scene:
        """Return the same scene in ascending wavelengths; `scenes.subset.columns_of` finds back.

        Raises
        ------
        SceneError
            If the bands have no wavelengths.
        """
        if self.wavelengths_nm is None:
            raise SceneError(f"{self.name} has no wavelengths to sort its bands by.")
        return self.with_bands(self._used[np.argsort(self.wavelengths_nm, kind="stable")])

    def part(self, window: Window) -> Scene:
        """Return the part of the scene inside a window of whole pixels; its grid follows.

        Raises
        ------
        SceneError
            If the window is empty or reaches beyond the scene.
        """
        window = checked_window(window, self.height, self.width)
        lookup = None if self._lookup is None else self._lookup.of_part(window)
        grid = self._grid.part(window)
        return self._changed(_source=self._source.part(window), _grid=grid, _lookup=lookup)

    def _changed(self, **parts: object) -> Scene:
        scene = Scene.__new__(Scene)
        scene.__dict__.update(self.__dict__, _valid=None, **parts)
        return scene

    def __repr__(self) -> str:
        range_nm = range_text(self.wavelengths_nm)
        bands = f"{counted(self.n_bands, 'band')} {range_nm}".strip()
        return f"Scene({bands}, {self.height} x {self.width} px, {self._grid.crs_name})"

    def _repr_html_(self) -> str:
        return scene_card(self, self._valid)
