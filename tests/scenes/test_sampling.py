import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.sampling import Cut, _level, _spread_tiles, spread_windows

SIZES = st.integers(1, 30)


@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.integers(1, 500), st.integers(0, 99))
def test_spread_windows_cover_the_scene_once(h, w, rows, columns, max_rows, n_pixels, seed):
    cut = Cut.of_scene((h, w), (rows, columns), max_rows, n_pixels)
    seen = np.zeros((h, w), dtype=int)
    for window, share in spread_windows(h, w, cut, seed):
        assert window.height <= max_rows
        seen[window.toslices()] += 1
        assert share >= 1
    assert (seen == 1).all()


@pytest.mark.parametrize("n_pixels", [100, 50_000])
@pytest.mark.parametrize("tile", [(512, 512), (256, 256), (128, 512)])
def test_cut_never_decodes_a_tile_more_often_than_reading_all_does(tile, n_pixels):
    """A strip of a compressed tile costs the whole tile."""
    for height, width in ((1024, 1024), (2000, 4500), (600, 3000)):
        cut = Cut.of_scene((height, width), tile, 256, n_pixels)
        windows, n_drawn = [], 0
        for window, share in spread_windows(height, width, cut, 0):
            windows.append(window)
            n_drawn += share
            if n_drawn >= n_pixels:
                break
        n_decoded = {(w.row_off // tile[0], w.col_off // tile[1]) for w in windows}
        assert len(windows) <= max(2, tile[0] / 256) * len(n_decoded)
        assert len(n_decoded) <= 40


@pytest.mark.parametrize(("n_down", "n_across"), [(64, 1), (1, 64), (16, 16), (40, 8)])
def test_spread_tiles_lie_evenly_after_every_32(n_down, n_across):
    """Every quarter of the scene has about a quarter of the first tiles."""
    for start in np.random.default_rng(0).random((5, 2)):
        tiles = np.array(list(_spread_tiles(n_down, n_across, start)))
        assert len({tuple(tile) for tile in tiles.tolist()}) == n_down * n_across
        for n in (32, 64):
            for part, size in zip(tiles[:n].T, (n_down, n_across), strict=True):
                if size >= 4:
                    quarters = np.histogram(part, bins=4, range=(0, size))[0]
                    assert quarters.min() >= n / 4 - 4
                    assert quarters.max() <= n / 4 + 4


@given(st.lists(st.integers(0, 20), max_size=20), st.integers(0, 300))
def test_level_shares_are_as_equal_as_what_is_there_allows(available, wanted):
    shares = _level(np.array(available, dtype=np.intp), wanted)
    assert shares.sum() == min(wanted, sum(available))
    assert (shares <= available).all()
    not_exhausted = shares[shares < available]
    if not_exhausted.size:
        assert shares.max() <= not_exhausted.min() + 1
