"""Cubes as ENVI files: raw numbers, written block by block, and a header beside them.

Reference: "ENVI Header Files", NV5 Geospatial Software documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import KW_ONLY, dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.bands import Bands
from scenes.envi_header import envi_code, format_header
from scenes.errors import SceneError, counted
from scenes.export.coverage import Coverage, Rectangle
from scenes.export.envi_names import claim_header
from scenes.export.staging import FinishedWhole, Staging
from scenes.export.values import check_block, file_values, fitting_nodata
from scenes.grid import Grid
from scenes.map_info import map_info_from_grid

_AXES = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}
"""Order of the cube's axes (band, row, column) in a file of each interleave."""


@dataclass(eq=False)
class EnviWriter(FinishedWhole):
    """Writes a cube of any size as an ENVI file, in bounded memory; used in a ``with`` statement.

    Both files get their names when the block ends well: the data first, then the header. When it
    does not, there is nothing. An older file of the same name is replaced only then.

    Raises
    ------
    SceneError
        If ENVI cannot express the grid, the type or the nodata value, or the numbers of bands
        differ; all before anything is written. Also at the end, if pixels were never written and
        there is no `nodata` to fill them with.
    SceneFileError
        If the disk has not enough room, or a file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from affine import Affine
    >>> grid = Grid(None, Affine(30, 0, 0, 0, -30, 0), height=2, width=3)
    >>> with TemporaryDirectory() as folder:
    ...     with EnviWriter(f"{folder}/cube.img", grid, None, 4, interleave="bip") as writer:
    ...         writer.write(0, 0, np.zeros((4, 2, 3)))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['cube.hdr', 'cube.img']
    """

    path: str | Path
    """The data file; the header lies beside it, its extension replaced by ``.hdr``."""

    grid: Grid
    """Where the pixels lie. ENVI knows rotation, but no shear."""

    bands: Bands | None
    """Wavelengths, widths, good bands and names, as far as known."""

    n_bands: int
    """Number of bands."""

    _: KW_ONLY

    dtype: str = "float32"
    """Type of the numbers; little-endian in the file."""

    interleave: Literal["bil", "bsq", "bip"] = "bil"
    """Order in the file: lines of bands, whole bands, or whole spectra."""

    nodata: float | None = None
    """Written in every band of a pixel without value, and as ``data ignore value``."""

    scale: float | None = None
    """The number in the file that means reflectance 1 (``reflectance scale factor``)."""

    band_names: Sequence[str] | None = None
    """One for each band; default: those of `bands`. A blank one becomes ``Band`` and its number."""

    metadata: Mapping[str, object] | None = None
    """Further fields of the header, such as ``sensor type`` or ``acquisition time``, and another
    ``file type`` than ``ENVI Standard``."""

    def __post_init__(self) -> None:
        self._target = Path(self.path)
        self._header = claim_header(self._target)
        self._dtype = np.dtype(self.dtype).newbyteorder("<")
        self._nodata = fitting_nodata(self.nodata, self._dtype)
        self._check()
        self._header_text = format_header(self._header_fields())
        self._file: FileIO | None = None

    def _check(self) -> None:
        if self.interleave not in _AXES:
            raise SceneError(f"`interleave` is one of {', '.join(_AXES)}. Got {self.interleave!r}.")
        if self.n_bands < 1:
            raise SceneError(f"`n_bands` must be at least 1. Got {self.n_bands!r} instead.")
        if self.scale is not None and not 0 < self.scale < np.inf:
            raise SceneError(f"`scale` must be positive. Got {self.scale!r} instead.")

    def __enter__(self) -> EnviWriter:
        n_bytes = self.n_bands * self.grid.height * self.grid.width * self._dtype.itemsize
        self._coverage = Coverage(*self.grid.shape)
        with ExitStack() as stack:
            self._staging = stack.enter_context(Staging(self._target, n_bytes))
            self._staging.require_space()
            try:
                self._file = FileIO(self._staging.file(self._target), "w")
                stack.callback(self._abandon)
                self._file.truncate(n_bytes)
            except OSError as error:
                raise self._staging.failure(error) from error
            self._stack = stack.pop_all()
        return self

    def write(self, row: int, column: int, values: ArrayLike) -> None:
        """Write a block of the cube.

        Parameters
        ----------
        row, column : int
            Where the block's upper left pixel lies on the grid.
        values : array of shape (n_bands, height, width)
            In the units of the file. Values that are not finite become `nodata` where there is
            one.

        Raises
        ------
        SceneError
            If the block leaves the grid, or a value the range of the file's type.
        SceneFileError
            If the disk is full.
        """
        block = np.asarray(values)
        check_block(self.grid, self.n_bands, row, column, block)
        self._put(row, column, file_values(block, self._dtype, self._nodata))
        self._coverage.add(Rectangle(row, column, *block.shape[1:]))

    def _put(self, row: int, column: int, block: NDArray[np.generic]) -> None:
        """Write a block in the order of the file, each unbroken run of it at once."""
        if self._file is None:
            raise SceneError(f"{self.path} is written to in a `with` statement, not outside of it.")
        axes = _AXES[self.interleave]
        ordered = np.ascontiguousarray(block.transpose(axes))
        shape = _reordered((self.n_bands, *self.grid.shape), axes)
        try:
            for offset, index in _runs(shape, _reordered((0, row, column), axes), ordered.shape):
                self._file.seek(offset * self._dtype.itemsize)
                _write_all(self._file, ordered[index])
        except OSError as error:
            raise self._staging.failure(error) from error

    def _abandon(self) -> None:
        """Let go of the data file, finished or not."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _finish(self) -> None:
        """Fill what was never written, then the header, then put both in their place."""
        assert self._file is not None
        if self._nodata is None:
            self._coverage.require_whole(self._target)
        for gap in self._coverage.gaps():
            for row in range(gap.row, gap.row + gap.height):
                shape = (self.n_bands, 1, gap.width)
                self._put(row, gap.column, np.full(shape, self._nodata, self._dtype))
        try:
            self._file.close()
            header = self._staging.file(self._header)
            header.write_text(self._header_text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise self._staging.failure(error) from error
        self._staging.move_into_place([self._target, self._header])
        other = self._target.with_name(f"{self._target.name}.hdr")
        if other != self._header:
            other.unlink(missing_ok=True)  # it described the file that was replaced

    def _header_fields(self) -> dict[str, object]:
        """Everything the header says."""
        fields: dict[str, object] = {
            "samples": self.grid.width,
            "lines": self.grid.height,
            "bands": self.n_bands,
            "header offset": 0,
            "file type": "ENVI Standard",
            "data type": envi_code(self._dtype),
            "interleave": self.interleave,
            "byte order": 0,
            **map_info_from_grid(self.grid),
        }
        if self.scale is not None:
            fields["reflectance scale factor"] = self.scale
        if self._nodata is not None:
            fields["data ignore value"] = "NaN" if self._nodata != self._nodata else self._nodata
        fields |= _spectral_fields(self.bands, self.band_names, self.n_bands)
        for key, value in (self.metadata or {}).items():
            if key.strip().lower() in fields.keys() - {"file type"}:
                raise SceneError(f"`metadata` may not set {key!r}: the writer does.")
            fields[key] = value
        return fields


def _spectral_fields(
    bands: Bands | None, band_names: Sequence[str] | None, n_bands: int
) -> dict[str, object]:
    """What a header says about the spectral axis."""
    fields: dict[str, object] = {}
    if bands is not None:
        if len(bands) != n_bands:
            found = counted(len(bands), "band")
            raise SceneError(f"`bands` describes {found}, but `n_bands` is {n_bands}.")
        if bands.wavelengths_nm is not None:
            fields["wavelength units"] = "Nanometers"
            fields["wavelength"] = bands.wavelengths_nm
        if bands.fwhm_nm is not None:
            fields["fwhm"] = bands.fwhm_nm
        fields["bbl"] = bands.good.astype(int)
        band_names = bands.names if band_names is None else band_names
    if band_names is not None:
        if len(band_names) != n_bands:
            found = counted(len(band_names), "entry")
            raise SceneError(f"`band_names` has {found} for {counted(n_bands, 'band')}.")
        numbered = enumerate(band_names, start=1)  # a list must not end in nothing
        fields["band names"] = [name if name.strip() else f"Band {k}" for k, name in numbered]
    return fields


def _reordered(sizes: tuple[int, int, int], axes: tuple[int, int, int]) -> tuple[int, int, int]:
    return sizes[axes[0]], sizes[axes[1]], sizes[axes[2]]


def _write_all(file: FileIO, values: NDArray[np.generic]) -> None:
    """Write every byte: on a disk that is almost full, one call may write only some of them."""
    rest = memoryview(values.tobytes() if values.size == 0 else values.data).cast("B")
    while rest:
        rest = rest[file.write(rest) :]


def _runs(
    shape: tuple[int, ...], start: tuple[int, ...], size: tuple[int, ...]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Unbroken runs of a block in a file: where each begins, and its index in the block.

    Examples
    --------
    >>> list(_runs((2, 3, 4), (0, 1, 0), (2, 2, 4)))  # whole rows are one run
    [(4, (0,)), (16, (1,))]
    """
    axis = len(shape) - 1
    while axis > 0 and size[axis] == shape[axis]:
        axis -= 1
    strides = [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape))]
    origin = sum(first * stride for first, stride in zip(start, strides, strict=True))
    for index in np.ndindex(*size[:axis]):
        yield origin + sum(i * stride for i, stride in zip(index, strides, strict=False)), index
