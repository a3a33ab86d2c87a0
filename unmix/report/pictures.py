"""Arrays as small pictures inside a page: data URIs, and the colour bars that go with them."""

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray
from PIL import Image

from scenes.export.colour import Colour

EXACT_PIXELS = 300 * 300
"""Pictures of at most so many pixels keep every colour; larger ones are compressed."""
QUALITY = 82
"""Of WebP: colours are off by a few of 255 levels, as the eye does not see."""
BAR_STEPS = 16


class Picture(NamedTuple):
    """A picture that stands in a page."""

    uri: str
    """``data:image/webp;base64,...``"""
    width: int
    height: int

    @classmethod
    def of(cls, colours: NDArray[np.uint8]) -> Self:
        """Encode colours.

        Parameters
        ----------
        colours : uint8 array of shape (height, width, 4)
            Red, green, blue and opacity.
        """
        height, width = colours.shape[:2]
        stream = io.BytesIO()
        lossless = height * width <= EXACT_PIXELS
        Image.fromarray(colours).save(stream, "WEBP", lossless=lossless, quality=QUALITY)
        text = base64.b64encode(stream.getvalue()).decode("ascii")
        return cls(f"data:image/webp;base64,{text}", width, height)


class ColourBar(NamedTuple):
    """What the colours of a map mean."""

    css: str
    """``linear-gradient(...)``"""
    low: float
    high: float


def map_picture(
    values: NDArray[np.floating[Any]], low: float, high: float, colormap: str
) -> tuple[Picture, ColourBar]:
    """A map in colours, transparent where it is NaN, and its colour bar.

    Parameters
    ----------
    values : array of shape (height, width)
    low, high : float
        Values of the first and the last colour; what lies beyond has those.
    colormap : str
        A name that matplotlib knows.

    Examples
    --------
    >>> picture, bar = map_picture(np.array([[0.0, np.nan]]), 0, 1, "viridis")
    >>> picture.width, bar.css[:31]
    (2, 'linear-gradient(90deg, #440154,')
    """
    palette = colormaps[colormap]
    with np.errstate(invalid="ignore"):
        shares = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    colours = np.asarray(palette(np.nan_to_num(shares), bytes=True), dtype=np.uint8).copy()
    colours[np.isnan(values)] = 0
    stops = ", ".join(to_hex(palette(k / BAR_STEPS)) for k in range(BAR_STEPS + 1))
    return Picture.of(colours), ColourBar(f"linear-gradient(90deg, {stops})", low, high)


def dominant_picture(abundances: NDArray[np.floating[Any]], colours: Sequence[Colour]) -> Picture:
    """Each pixel in the colour of the material with the largest fraction.

    Parameters
    ----------
    abundances : array of shape (n_endmembers, height, width)
        NaN where there are none.
    colours : sequence of n_endmembers colours
    """
    known = np.isfinite(abundances).all(axis=0)
    largest = np.nan_to_num(abundances).argmax(axis=0)
    shown = np.zeros((*known.shape, 4), dtype=np.uint8)
    shown[..., :3] = np.asarray(colours)[largest]
    shown[..., 3] = 255
    shown[~known] = 0
    return Picture.of(shown)
