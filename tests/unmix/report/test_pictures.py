import base64
import io

import numpy as np
from matplotlib import colormaps
from PIL import Image

from scenes.export.colour import distinct_colours
from unmix.report.pictures import EXACT_PIXELS, dominant_picture, map_picture


def decoded(picture):
    head, data = picture.uri.split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def test_small_map_has_the_exact_colours_of_its_values():
    values = np.linspace(-0.5, 1.5, 60).reshape(6, 10)
    values[2, 3] = np.nan
    picture, bar = map_picture(values, 0, 1, "viridis")
    shown = decoded(picture)
    expected = colormaps["viridis"](np.clip(np.nan_to_num(values), 0, 1), bytes=True)
    known = np.isfinite(values)
    np.testing.assert_array_equal(shown[known], expected[known])
    assert shown[2, 3, 3] == 0
    assert (picture.height, picture.width) == values.shape
    assert (bar.low, bar.high) == (0, 1)


def test_large_map_is_compressed_and_nearly_the_same():
    side = int(EXACT_PIXELS**0.5) + 20
    values = np.add.outer(np.linspace(0, 0.5, side), np.linspace(0, 0.5, side))
    picture, _ = map_picture(values, 0, 1, "viridis")
    expected = colormaps["viridis"](values, bytes=True).astype(int)
    assert np.abs(decoded(picture).astype(int) - expected)[..., :3].mean() < 3
    assert len(picture.uri) < 0.1 * side * side


def test_dominant_picture_shows_the_colour_of_the_largest_fraction():
    rng = np.random.default_rng(0)
    abundances = rng.dirichlet([1.0] * 4, size=(5, 7)).transpose(2, 0, 1)
    abundances[:, 0, 0] = np.nan
    colours = distinct_colours(4)
    shown = decoded(dominant_picture(abundances, colours))
    assert shown[0, 0, 3] == 0
    for row, column in np.ndindex(5, 7):
        if (row, column) != (0, 0):
            expected = colours[int(abundances[:, row, column].argmax())]
            assert tuple(shown[row, column, :3]) == tuple(expected)
