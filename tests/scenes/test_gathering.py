import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from scenes import Bands, Grid, Scene
from scenes.array_pixels import ArrayPixels
from scenes.gathering import drawn_places, drawn_spectra


def holed(height, width, share, seed):
    """A scene whose pixels hold their place, some without data."""
    rows, columns = np.indices((height, width))
    cube = np.stack([rows, columns, rows * width + columns]).astype(np.float32)
    cube[:, np.random.default_rng(seed).random((height, width)) < share] = -1
    bands = Bands(None, None, np.ones(3, np.bool_))
    grid = Grid(None, Affine.identity(), height, width)
    return Scene(reader=ArrayPixels(cube), grid=grid, bands=bands, name="a", nodata=-1)


@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    share=st.sampled_from([0, 0.3, 0.9]),
    n=st.integers(1, 300),
    seed=st.integers(0, 99),
)
def test_places_are_those_of_the_pixels_drawn(size, share, n, seed):
    scene = holed(*size, share, seed)
    if not scene.valid_mask().any():
        return
    spectra, rows, columns = drawn_places(scene.source, scene.bands_used, n, seed)
    np.testing.assert_array_equal(np.stack([rows, columns], axis=1), spectra[:, :2])
    assert len(spectra) == min(n, scene.valid_mask().sum())
    assert len(np.unique(spectra[:, 2])) == len(spectra)
    assert spectra.flags.c_contiguous


@pytest.mark.parametrize("n", [1, 50, 1000])
def test_the_same_pixels_are_drawn_with_their_places_as_without(n):
    scene = holed(40, 60, 0.2, 0)
    with_places = drawn_places(scene.source, scene.bands_used, n, 5)[0]
    without = drawn_spectra(scene.source, scene.bands_used, n, 5)
    np.testing.assert_array_equal(with_places, without)
    np.testing.assert_array_equal(with_places, scene.sample(n, 5).numpy())
