"""Pictures of agreement."""

import numpy as np
import pytest
from matplotlib.image import imread

from scenes import SceneFileError
from unmix.comparison import Pair, PairHistograms
from unmix.report.agreement import draw_histograms, draw_matrix


def coloured(path):
    """How many pixels of a picture are neither white nor grey."""
    picture = imread(path)[..., :3]
    return int((np.ptp(picture, axis=2) > 0.2).sum())


@pytest.mark.parametrize("n", [1, 4, 7])
def test_histograms_show_more_where_more_values_meet(tmp_path, n):
    rng = np.random.default_rng(0)
    maps = rng.random((n, 4000))
    for name, other in (("same", maps), ("other", rng.random((n, 4000)))):
        histograms = PairHistograms([Pair(k, k) for k in range(n)])
        histograms.add(maps, other)
        draw_histograms(tmp_path / f"{name}.png", histograms, ["a | b"] * n)
    assert coloured(tmp_path / "same.png") < coloured(tmp_path / "other.png") / 3


def test_nothing_to_show_is_drawn_empty(tmp_path):
    draw_histograms(tmp_path / "a.png", PairHistograms([Pair(0, 0)]), ["a"])
    assert coloured(tmp_path / "a.png") == 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (30, 25)])
def test_a_matrix_of_any_size_is_drawn(tmp_path, shape):
    shares = np.random.default_rng(0).random(shape)
    shares[0, 0] = np.nan
    names = [[f"name {k}" for k in range(n)] for n in shape]
    draw_matrix(tmp_path / "a.png", shares, *names, "title")
    assert coloured(tmp_path / "a.png") > 1000


def test_a_picture_without_a_folder_is_refused(tmp_path):
    with pytest.raises(SceneFileError, match="does not exist"):
        draw_matrix(tmp_path / "gone" / "a.png", np.eye(2), ["a", "b"], ["c", "d"], "title")
