import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rasterio.windows import Window

from scenes.blocks import Block, block_windows, checked_window, map_from_pixels
from scenes.errors import SceneError

SIZES = st.integers(1, 40)


@given(SIZES, SIZES, SIZES, SIZES, st.integers(1, 20), st.integers(1, 5000))
def test_windows_cover_the_scene_once_within_the_budget(h, w, rows, columns, pixel, budget):
    seen = np.zeros((h, w), dtype=int)
    for window in block_windows(h, w, (rows, columns), pixel, budget):
        seen[window.toslices()] += 1
        n_pixels = window.height * window.width
        assert n_pixels * pixel <= max(4 * budget, pixel)
        if min(rows, h) * min(columns, w) * pixel <= budget:
            assert n_pixels * pixel <= budget
    assert (seen == 1).all()


@given(SIZES, SIZES, SIZES, SIZES, st.integers(1, 5000))
def test_windows_never_cut_a_tile_that_fits(h, w, rows, columns, budget):
    if min(rows, h) * min(columns, w) <= budget:
        for window in block_windows(h, w, (rows, columns), 1, budget):
            assert window.row_off % rows == 0
            assert window.col_off % columns == 0 or w <= columns


def shapes(*args):
    return [(window.height, window.width) for window in block_windows(*args)]


def test_windows_are_row_strips_where_they_fit():
    assert shapes(100, 50, (1, 50), 10, 20_000) == [(40, 50), (40, 50), (20, 50)]


def test_windows_of_a_large_tile_hold_all_of_it_within_four_budgets():
    assert shapes(128, 50, (64, 50), 10, 10_000) == [(64, 50), (64, 50)]


def test_windows_of_a_huge_tile_are_cut_in_as_few_pieces_as_possible():
    assert shapes(64, 50, (64, 50), 10, 4_000) == [(32, 50), (32, 50)]


def test_windows_of_a_line_that_does_not_fit_are_cut_across():
    assert shapes(1, 50, (1, 50), 10, 50) == [(1, 20), (1, 20), (1, 10)]


def test_windows_need_some_memory():
    with pytest.raises(SceneError, match=r"positive number of bytes\. Got 0"):
        list(block_windows(2, 2, (1, 2), 1, 0))


@given(SIZES, SIZES, st.integers(1, 4), st.integers(0, 10**6))
def test_map_from_pixels_puts_every_row_in_its_place(h, w, k, seed):
    valid = np.random.default_rng(seed).random((h, w)) < 0.7
    values = np.arange(valid.sum() * k, dtype=np.float32).reshape(-1, k)
    placed = map_from_pixels(values, valid)
    assert placed.shape == (k, h, w)
    assert placed.dtype == np.float32
    assert np.array_equal(placed[:, valid].T, values)
    assert np.isnan(placed[:, ~valid]).all()


def test_block_to_map_takes_tensors_and_a_fill():
    valid = np.array([[True, False, True]])
    block = Block(Window(0, 0, 3, 1), torch.ones(2, 2), valid)
    values = torch.tensor([[1.0], [2.0]], requires_grad=True)
    assert block.to_map(values, fill=-9999).tolist() == [[[1, -9999, 2]]]


@pytest.mark.parametrize("shape", [(3, 2), (2,), (1, 2, 1)])
def test_map_from_pixels_refuses_the_wrong_number_of_rows(shape):
    valid = np.array([[True, False, True]])
    with pytest.raises(SceneError, match=r"for 2 valid pixels.*one row for each"):
        map_from_pixels(np.zeros(shape), valid)


@pytest.mark.parametrize(
    "window",
    [Window(0, 0, 4, 5), Window(0, 0, 3, 6), Window(-1, 0, 2, 2), Window(0, 0, 0, 2),
     Window(3, 0, 1, 1)],
)  # fmt: skip
def test_checked_window_refuses_what_is_not_inside(window):
    with pytest.raises(SceneError, match="is not inside the scene of 5 x 3 px"):
        checked_window(window, 5, 3)


def test_checked_window_without_window_is_the_scene():
    assert checked_window(None, 5, 3) == Window(0, 0, 3, 5)
