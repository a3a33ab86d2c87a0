import numpy as np
import pytest

from unmix.errors import UnmixError
from unmix.uses.pictures import codes_figure, tuning_figure, weights_figure
from unmix.uses.tuning import Trial


def test_weights_are_shown_on_one_scale(fitted):
    (image,) = weights_figure(fitted).axes[0].images
    assert np.allclose(image.get_array(), fitted.endmembers_)
    assert image.get_clim() == (0, pytest.approx(fitted.endmembers_.max()))
    (signed,) = weights_figure(fitted, signed=True).axes[0].images
    assert np.allclose(signed.get_array().mean(axis=0), 0, atol=1e-6)
    low, high = signed.get_clim()
    assert low == -high


def test_weights_stand_in_the_order_of_wavelengths(known_model):
    import torch

    model = known_model(torch.eye(5)[:2] + 0.1)
    model.wavelengths_nm_ = np.array([5.0, 4, 3, 2, 1])
    (image,) = weights_figure(model).axes[0].images
    assert np.allclose(image.get_array(), model.endmembers_[:, ::-1])


def test_codes_share_one_scale():
    codes = np.zeros((7, 4, 5))
    codes[3] = 2.0
    codes[0, 0, 0] = np.nan
    figure = codes_figure(codes, list("abcdefg"))
    images = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(images) >= 7
    assert {image.get_clim() for image in images[:7]} == {(0.0, 2.0)}
    assert [axes.get_title() for axes in figure.axes[:7]] == list("abcdefg")
    signed = codes_figure(codes - 1)
    assert signed.axes[0].images[0].get_clim() == (-1.0, 1.0)


def test_what_is_no_map_of_codes_is_refused():
    with pytest.raises(UnmixError, match=r"Got shape \(4, 5\)"):
        codes_figure(np.ones((4, 5)))
    with pytest.raises(UnmixError, match="with values"):
        codes_figure(np.full((1, 4, 5), np.nan))


def test_trials_are_drawn_by_their_best():
    def trial(n, score):
        return Trial({"n_endmembers": n}, score, 0.1, score, 1.0, 1.0)

    figure = tuning_figure([trial(4, 9.0), trial(3, 5.0), trial(4, 2.0), trial(9, None)],
                           "n_endmembers")  # fmt: skip
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["3", "4"]
    assert axes.lines[0].get_ydata().tolist() == [5.0, 9.0]
