"""Where the pixels lie: coordinate reference system, transform and size. No file, no drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from scenes.errors import SceneError


@dataclass(frozen=True)
class Grid:
    """The georeferenced raster grid of a scene; the whole affine transform is kept, rotation too.

    Parameters
    ----------
    crs : rasterio.crs.CRS or None
        Coordinate reference system, None when none is known.
    transform : affine.Affine
        Maps (column, row) of a pixel's upper left corner to map coordinates.
    height, width : int
        Number of rows and of columns, both at least 1.

    Raises
    ------
    SceneError
        If the size is not positive, or the transform has no inverse.

    Examples
    --------
    >>> Grid(CRS.from_epsg(32611), Affine(30, 0, 500000, 0, -30, 4100000), height=250, width=191)
    Grid(250 x 191 px of 30 x 30, EPSG:32611)
    """

    crs: CRS | None
    transform: Affine
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise SceneError(
                f"a grid needs at least 1 row and 1 column. "
                f"Got height {self.height!r} and width {self.width!r} instead."
            )
        numbers = tuple(self.transform)[:6]
        if not all(math.isfinite(number) for number in numbers) or self.transform.determinant == 0:
            raise SceneError(
                f"the transform {numbers} maps the pixels onto a line or a point. "
                "Both pixel sizes must be finite and different from 0."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)``."""
        return self.height, self.width

    @property
    def is_georeferenced(self) -> bool:
        """Whether a CRS is known or the transform is more than pixel counting."""
        return self.crs is not None or self.transform != Affine.identity()

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Length of one step along a row and along a column, in units of the CRS, both positive."""
        t = self.transform
        return math.hypot(t.a, t.d), math.hypot(t.b, t.e)

    def part(self, window: Window) -> Grid:
        """Return the grid of a window of whole pixels; its pixels stay where they are.

        Examples
        --------
        >>> Grid(None, Affine(30, 0, 0, 0, -30, 900), 9, 9).part(Window(1, 2, 4, 3)).transform[2]
        30.0
        """
        t, column, row = self.transform, window.col_off, window.row_off
        x, y = t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f
        transform = Affine(t.a, t.b, x, t.d, t.e, y)
        return Grid(self.crs, transform, int(window.height), int(window.width))

    @property
    def crs_name(self) -> str:
        """Short name of the CRS for print: ``EPSG:32611``, its own name, or ``no CRS``."""
        if self.crs is None:
            return "no CRS"
        authority = self.crs.to_authority()
        if authority is not None:
            return ":".join(authority)
        parts = self.crs.to_wkt().split('"')
        return parts[1] if len(parts) > 1 else "CRS without a name"

    def __repr__(self) -> str:
        size = f"{self.height} x {self.width} px"
        if self.transform != Affine.identity():
            x_size, y_size = self.pixel_size
            size += f" of {x_size:.6g} x {y_size:.6g}"
        turned = "" if self.transform.b == 0 and self.transform.d == 0 else ", rotated"
        return f"Grid({size}{turned}, {self.crs_name})"
