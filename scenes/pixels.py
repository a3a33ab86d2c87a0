"""What a format gives to a `Scene`: raw numbers, and how they become reflectance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.bands import BoolArray, FloatArray, IndexArray
from scenes.errors import SceneError

RawArray = NDArray[Any]
Float32Array = NDArray[np.float32]

_HUGE = 1e30  # a nodata value beyond this is often written with fewer digits than the data have


class PixelReader(Protocol):
    """Reads raw numbers from a file. Picklable; carries no open file through a pickle."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the raw numbers."""

    @property
    def n_bands(self) -> int:
        """Number of bands in the file."""

    @property
    def height(self) -> int:
        """Number of rows."""

    @property
    def width(self) -> int:
        """Number of columns."""

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns that are best read together (a tile, a strip, a line)."""

    @property
    def cheap_rows(self) -> bool:
        """Whether a row takes no longer by itself: it is not decoded, and a call costs little."""

    def read(self, row: int, column: int, height: int, width: int, bands: IndexArray) -> RawArray:
        """Read a window: raw numbers of shape (height * width, len(bands)), rows first."""


class MaskReader(Protocol):
    """Reads a mask that a file carries beside its bands."""

    def read_mask(self, row: int, column: int, height: int, width: int) -> BoolArray:
        """Read a window: shape (height * width,), True = valid."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """``reflectance = raw * gain + offset`` wherever raw is not nodata.

    Parameters
    ----------
    gain, offset : float64 array of shape (n_bands,)
        One pair for each band of the file.
    nodata : float or None
        The raw number that means "no data"; NaN and infinity always do.
    padding : float, optional
        A raw number that means "outside the image" where all bands have it at once.
    saturation : float, optional
        Raw numbers from here on mean that the detector was full.
    """

    gain: FloatArray
    offset: FloatArray
    nodata: float | None
    padding: float | None = None
    saturation: float | None = None

    @classmethod
    def of_bands(
        cls, n_bands: int, gain: ArrayLike, offset: ArrayLike, nodata: float | None
    ) -> Scaling:
        """Make a scaling of one gain and offset for all bands, or one for each.

        Raises
        ------
        SceneError
            If a gain or offset is not finite, or their number is neither 1 nor `n_bands`.
        """
        gains, offsets = (
            _for_each_band("gain", gain, n_bands),
            _for_each_band("offset", offset, n_bands),
        )
        return cls(gains, offsets, nodata)

    def select(self, bands: IndexArray) -> Scaling:
        """Return the scaling of some bands, in the order asked for."""
        return replace(self, gain=self.gain[bands], offset=self.offset[bands])

    def missing(self, raw: RawArray) -> BoolArray:
        """Tell which raw numbers, of shape (n_pixels, n_bands), are nodata or not finite."""
        found = self._is_nodata(raw)
        absent = np.zeros(raw.shape, dtype=np.bool_) if found is None else found
        return absent | ~np.isfinite(raw) if raw.dtype.kind == "f" else absent

    def is_padding(self, raw: RawArray) -> BoolArray:
        """Tell which pixels, rows of raw numbers, are padding in all bands that are not missing."""
        padding = nodata_in(raw.dtype, self.padding)
        if padding is None:
            return np.zeros(len(raw), dtype=np.bool_)
        padded: BoolArray = (raw[:, 0] == padding) | self.missing(raw[:, :1])[:, 0]
        some = raw[padded]  # one band tells nearly all that are not
        same = some == padding
        padded[padded] = (same | self.missing(some)).all(axis=1) & same.any(axis=1)
        return padded

    def apply(
        self, raw: RawArray, out: Float32Array | None = None
    ) -> tuple[Float32Array, BoolArray]:
        """Mask first, scale second.

        Parameters
        ----------
        raw : array of shape (n_pixels, n_bands)
            Raw numbers; may be scaled in place if it is float32 and can be written to.
        out : float32 array of shape (n_pixels, n_bands), optional
            Where the reflectance is to stand.

        Returns
        -------
        spectra : float32 array of shape (n_pixels, n_bands)
            Reflectance; of no meaning where not valid.
        valid : bool array of shape (n_pixels,)
            True where every band is finite, not nodata and not saturated, and not all are padding.
        """
        missing = self._left_out(raw)
        with np.errstate(over="ignore", invalid="ignore"):
            spectra = self._scaled(raw, out)
        valid = np.ones(len(raw), dtype=np.bool_) if missing is None else ~missing
        if raw.dtype.kind == "f":
            valid &= np.isfinite(spectra).all(axis=1)
        return spectra, valid

    def _scaled(self, raw: RawArray, out: Float32Array | None) -> Float32Array:
        wide = np.float32 if fits_in_float32(raw.dtype) else np.float64
        owned = raw.dtype == wide and raw.flags.writeable and raw.dtype.isnative
        values: RawArray
        if out is not None and wide == np.float32:
            values = out
        else:
            values = raw if owned else np.empty(raw.shape, wide)
        if self.gain.min() != self.gain.max():
            np.multiply(raw, self.gain.astype(wide), out=values, dtype=wide)
        elif self.gain[0] != 1:
            divisor = 1 / float(self.gain[0]) if self.gain[0] else 0.5
            if divisor.is_integer():  # 1/10000 is not a float, 10000 is
                np.divide(raw, wide(divisor), out=values, dtype=wide)
            else:
                np.multiply(raw, wide(self.gain[0]), out=values, dtype=wide)
        elif values is not raw:
            values[...] = raw
        if self.offset.any():
            values += self.offset.astype(wide)
        if out is None:
            return values.astype(np.float32, copy=False)
        if values is not out:
            out[...] = values
        return out

    def _left_out(self, raw: RawArray) -> BoolArray | None:
        """Which pixels hold nodata or saturation in any band, or padding in all; None if none."""
        found = []
        nodata = self._is_nodata(raw)
        if nodata is not None and nodata.any():  # most often there is none, which is soon seen
            found.append(nodata.any(axis=1))
        if self.padding is not None:
            found.append(self.is_padding(raw))
        if self.saturation is not None:
            found.append((raw >= self.saturation).any(axis=1))
        return np.logical_or.reduce(found) if found else None

    def _is_nodata(self, raw: RawArray) -> BoolArray | None:
        """Which numbers are nodata; None when none can be."""
        value = nodata_in(raw.dtype, self.nodata)
        if value is None:
            return None
        if abs(float(value)) < _HUGE:
            return np.asarray(raw == value)
        edge = value * type(value)(1 - 1e-5)
        return np.asarray(raw >= edge if value > 0 else raw <= edge)


def _for_each_band(name: str, value: ArrayLike, n_bands: int) -> FloatArray:
    numbers = np.asarray(value, dtype=np.float64)
    if numbers.ndim > 1 or numbers.size not in (1, n_bands) or not np.isfinite(numbers).all():
        raise SceneError(
            f"`{name}` must be one finite number, or one for each of the {n_bands} bands. "
            f"Got {value!r} instead."
        )
    return np.array(np.broadcast_to(numbers, (n_bands,)))


def fits_in_float32(dtype: np.dtype[Any]) -> bool:
    """Whether float32 holds every number of this type exactly.

    Examples
    --------
    >>> fits_in_float32(np.dtype("int16")), fits_in_float32(np.dtype("int32"))
    (True, False)
    """
    return dtype.itemsize <= 2 or (dtype.kind == "f" and dtype.itemsize == 4)


def nodata_in(dtype: np.dtype[Any], nodata: float | None) -> Any | None:  # noqa: ANN401
    """Give a nodata value as data of this type hold it (float32 rounds it).

    Returns
    -------
    numpy number or None
        None if such data cannot hold it, or hold it as NaN or infinity, which are never valid.

    Examples
    --------
    >>> nodata_in(np.dtype("uint16"), -9999.0) is None
    True
    >>> float(nodata_in(np.dtype("float32"), -0.9999))
    -0.9998999834060669
    """
    if nodata is None or not math.isfinite(nodata):
        return None
    kind = dtype.newbyteorder("=")
    if kind.kind == "f":
        with np.errstate(over="ignore"):
            value = kind.type(nodata)
        return value if np.isfinite(value) else None
    limits = np.iinfo(kind)
    if nodata != round(nodata) or not limits.min <= nodata <= limits.max:
        return None
    return kind.type(int(nodata))
