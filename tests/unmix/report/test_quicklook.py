import numpy as np
import torch
from affine import Affine
from rasterio.windows import Window

from scenes.array_pixels import ArrayPixels
from scenes.grid import Grid
from scenes.lookup import Lookup
from unmix.report.quicklook import LONGEST_SIDE, Quicklook


def test_quicklook_is_the_same_however_the_scene_is_cut():
    rng = np.random.default_rng(0)
    height, width = 2 * LONGEST_SIDE + 37, 41
    cube = rng.random((height, width, 5), dtype=np.float32)
    valid = rng.random((height, width)) > 0.2
    looks = []
    for rows, columns in ((height, width), (100, 41), (33, 7)):
        look = Quicklook.empty(height, width, 5, None)
        for row in range(0, height, rows):
            for column in range(0, width, columns):
                part = np.s_[row : row + rows, column : column + columns]
                window = Window(column, row, cube[part].shape[1], cube[part].shape[0])
                look.add(window, torch.from_numpy(cube[part][valid[part]]), valid[part])
        looks.append(look.picture)
    thin = np.where(valid[..., None], cube, np.nan)[::3, ::3][..., [4, 2, 0]]
    for picture in looks:
        assert np.array_equal(picture, thin, equal_nan=True)


def test_quicklook_takes_true_colour_where_there_is_any():
    wavelengths = np.arange(400.0, 2500.0, 10.0)
    look = Quicklook.empty(4, 4, len(wavelengths), wavelengths)
    assert [wavelengths[k] for k in look.bands] == [650, 550, 470]


def test_quicklook_stretch_leaves_invalid_pixels_white():
    look = Quicklook.empty(2, 2, 3, None)
    spectra = torch.tensor([[0.1, 0.2, 0.3], [0.5, 0.6, 0.7]])
    look.add(Window(0, 0, 2, 2), spectra, np.array([[True, False], [False, True]]))
    picture = look.stretched()
    assert (picture[0, 1] == 1).all()
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_quicklook_on_a_map_shows_the_pixel_that_the_table_names():
    rng = np.random.default_rng(0)
    scene, shape = (2 * LONGEST_SIDE + 9, 30), (3 * LONGEST_SIDE + 5, 40)
    cube = rng.random((*scene, 3), dtype=np.float32)
    look = Quicklook.empty(*scene, 3, None)
    every = np.ones(scene, dtype=bool)
    look.add(Window(0, 0, *scene[::-1]), torch.from_numpy(cube[every]), every)
    table = np.array([rng.integers(-n, n + 1, shape) for n in scene[::-1]])
    lookup = Lookup(ArrayPixels(table), Grid(None, Affine.identity(), *shape), scene)
    found = look.on_map(lookup)
    samples, lines = np.abs(table[:, :: found.step, :: found.step])
    shown = look.picture[(lines - 1) // look.step, (samples - 1) // look.step]
    expected = np.where((samples > 0)[..., None] & (lines > 0)[..., None], shown, np.nan)
    assert max(found.picture.shape) <= LONGEST_SIDE
    assert np.array_equal(found.picture, expected, equal_nan=True)
