"""From sensor geometry to a map: the results are turned, never the cube they were made from.

A scene with a lookup table is unmixed as the sensor saw it, so that no spectrum is mixed with its
neighbours on the way. The few bands of the result are brought to the map, each pixel of which
shows the one pixel of the scene that the table names (nearest neighbour).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike

from scenes.array_pixels import ArrayPixels
from scenes.bands import IndexArray
from scenes.blocks import block_windows
from scenes.errors import SceneError
from scenes.export.cog import CogWriter
from scenes.export.staging import FinishedWhole
from scenes.export.tiff_writer import TiffWriter
from scenes.formats.raster_pixels import RasterPixels, open_raster
from scenes.grid import Grid
from scenes.lookup import Lookup
from scenes.pixels import PixelReader, RawArray

_PIECE_SHAPE = (256, 512)  # of the map: whole tiles of the writers
_MAX_NUMBERS = 2**22  # read from the maps at once


def orthorectify(
    maps: ArrayLike | Path,
    lookup: Lookup,
    writer: TiffWriter,
    *,
    max_numbers: int = _MAX_NUMBERS,
) -> None:
    """Write maps in sensor geometry onto the map of a lookup table, in bounded memory.

    Parameters
    ----------
    maps : array of shape (n_bands, height, width), or Path
        A few bands with the rows and columns of the scene, or a GeoTIFF that holds them. Numbers
        that are not finite, and the nodata of the GeoTIFF, become the nodata of `writer`.
    lookup : Lookup
        Of the scene.
    writer : TiffWriter
        Open, on `lookup.grid`, with a nodata value: it stands where the table is empty.
    max_numbers : int
        How many numbers of the maps may be in memory at once.

    Raises
    ------
    SceneError
        If the maps have not the shape of the scene, the writer has another grid or no nodata
        value, or the table names pixels that the scene has not.
    SceneFileError
        If the GeoTIFF cannot be read, or the disk is full.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import rasterio
    >>> from rasterio.crs import CRS
    >>> samples_and_lines = [[[0, 2], [1, -1]], [[0, 1], [1, -1]]]  # -1: a gap filled with 1
    >>> grid = Grid(CRS.from_epsg(32611), Affine(30, 0, 0, 0, -30, 0), height=2, width=2)
    >>> lookup = Lookup(ArrayPixels(samples_and_lines), grid, shape=(1, 2))
    >>> with TemporaryDirectory() as folder:
    ...     with CogWriter(f"{folder}/map.tif", grid, ["sand"]) as writer:
    ...         orthorectify([[[0.25, 0.75]]], lookup, writer)
    ...     with rasterio.open(f"{folder}/map.tif") as dataset:
    ...         dataset.read(1)
    array([[-9.999e+03,  7.500e-01],
           [ 2.500e-01,  2.500e-01]], dtype=float32)
    """
    nodata = writer.nodata
    if writer.grid != lookup.grid or nodata is None:
        raise SceneError(
            f"the maps belong on {lookup.grid!r} and need `nodata`; the writer is on "
            f"{writer.grid!r} with nodata {nodata!r}. Open it on `lookup.grid`."
        )
    source, own_nodata = _source(maps)
    found = (source.n_bands, source.height, source.width)
    wanted = (len(writer.band_names), *lookup.scene_shape)
    if found != wanted:
        raise SceneError(
            f"the maps are {found} (bands, rows, columns), but {wanted} were expected: a map for "
            "each name, in the geometry of the scene."
        )
    dtype = np.result_type(source.dtype, writer.dtype)
    for window in block_windows(*lookup.grid.shape, _PIECE_SHAPE, 1, int(np.prod(_PIECE_SHAPE))):
        rows, columns = lookup.read(window)
        block = np.full((source.n_bands, *rows.shape), nodata, dtype=dtype)
        _fill(block, source, rows, columns, max_numbers)
        if own_nodata is not None and own_nodata != nodata:
            block[block == own_nodata] = nodata
        writer.write(window.row_off, window.col_off, block)


def orthorectify_file(source: Path, target: Path, lookup: Lookup, **changes: Any) -> None:  # noqa: ANN401
    """Bring a GeoTIFF in sensor geometry to the map of a lookup table, as a COG.

    Names, units, type, nodata, colours and the tags in the namespace of the run are kept.

    Parameters
    ----------
    source, target : Path
        The GeoTIFF, with the rows and columns of the scene, and the COG that is to appear.
    lookup : Lookup
        Of the scene.
    **changes
        Fields of `CogWriter` that shall be different, such as ``overviews="mode"``.

    Raises
    ------
    SceneError
        See `orthorectify` and `CogWriter`.
    SceneFileError
        If a file cannot be read or written.
    """
    namespace = str(changes.get("namespace", CogWriter.namespace))
    with open_raster(source, "GTiff") as dataset:
        names = [name or f"band {i}" for i, name in enumerate(dataset.descriptions, start=1)]
        fields: dict[str, Any] = {
            "units": [unit or "" for unit in dataset.units],
            "dtype": dataset.dtypes[0],
            "nodata": dataset.nodata,
            "tags": dataset.tags(ns=namespace),
            "software": dataset.tags().get("TIFFTAG_SOFTWARE", CogWriter.software),
        }
        if dataset.colorinterp[0].name == "palette":
            fields |= {"colormap": dataset.colormap(1), "overviews": "mode"}
    with CogWriter(target, lookup.grid, names, **(fields | changes)) as writer:
        orthorectify(source, lookup, writer)


class OrthoWriter(FinishedWhole):
    """Takes blocks of maps in sensor geometry, as a `TiffWriter` does, and writes them on the map.

    The blocks first fill a temporary GeoTIFF beside the target. When the ``with`` block ends well
    they are brought to the map of the table; when it does not, nothing remains.

    Parameters
    ----------
    writer : TiffWriter
        Such as a `CogWriter`, on `lookup.grid`, not yet open. Names, units, nodata and tags are
        those of this one.
    lookup : Lookup
        Of the scene that the blocks belong to.

    Raises
    ------
    SceneError
        See `orthorectify`.
    SceneFileError
        If a file cannot be written, most often because the disk is full.
    """

    def __init__(self, writer: TiffWriter, lookup: Lookup) -> None:
        self._writer = writer
        self._lookup = lookup

    def __enter__(self) -> OrthoWriter:
        target = Path(self._writer.path)
        with ExitStack() as stack:
            name = f".{target.name}.sensor-"
            folder = stack.enter_context(TemporaryDirectory(prefix=name, dir=target.parent))
            self._collected = Path(folder) / "maps.tif"
            self._collector = TiffWriter(
                self._collected,
                Grid(None, Affine.identity(), *self._lookup.scene_shape),
                self._writer.band_names,
                dtype=self._writer.dtype,
                nodata=self._writer.nodata,
            )
            self._collecting = stack.enter_context(ExitStack())
            self._collecting.enter_context(self._collector)
            self._stack = stack.pop_all()
        return self

    def _finish(self) -> None:
        """Finish the collected maps, and bring them to the map."""
        self._collecting.close()
        with self._writer as writer:
            orthorectify(self._collected, self._lookup, writer)

    def write(self, row: int, column: int, values: ArrayLike) -> None:
        """Write a block of all bands, placed in the scene; see `TiffWriter.write`."""
        self._collector.write(row, column, values)


def _source(maps: ArrayLike | Path) -> tuple[PixelReader, float | None]:
    """Give a reader of the maps, and their nodata value."""
    if not isinstance(maps, Path):
        return ArrayPixels(maps), None
    with open_raster(maps, "GTiff") as dataset:
        return RasterPixels(maps, "GTiff", dataset), dataset.nodata


def _fill(
    block: RawArray, source: PixelReader, rows: IndexArray, columns: IndexArray, max_numbers: int
) -> None:
    """Fill a block (n_bands, height, width) of the map where `rows` names a pixel, else leave it.

    All pixels are read in one piece; where they lie too far apart for that, the block is halved.
    """
    known = rows >= 0
    if not known.any():
        return
    row, column = int(rows[known].min()), int(columns[known].min())
    height, width = int(rows[known].max()) - row + 1, int(columns[known].max()) - column + 1
    if height * width * source.n_bands > max_numbers and rows.size > 1:
        axis = int(np.argmax(rows.shape))
        halves = [np.array_split(array, 2, axis) for array in (rows, columns)]
        for half, r, c in zip(np.array_split(block, 2, axis + 1), *halves, strict=True):
            _fill(half, source, r, c, max_numbers)
        return
    pixels = source.read(row, column, height, width, np.arange(source.n_bands))
    index = (rows[known] - row) * width + (columns[known] - column)
    block[:, known] = pixels[index].T
