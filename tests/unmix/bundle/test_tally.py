"""Counts and means over all pixels of a scene."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unmix.bundle.tally import Tally, refuse_unmapped
from unmix.errors import UnmixError

SCENE = SimpleNamespace(name="scene")


@pytest.mark.parametrize("cuts", [[60], [1, 59], [20, 0, 40]])
def test_means_are_those_of_the_pixels_that_have_all_numbers_however_they_are_cut(cuts):
    values = np.random.default_rng(0).random((60, 4))
    values[::7, 2] = np.nan
    values[5, 0] = np.inf
    tally = Tally()
    for part in torch.from_numpy(values).split(cuts):
        tally.add(part[:, 0], part[:, 1:])
    whole = values[np.isfinite(values).all(axis=1)]
    assert (tally.n_pixels, tally.n_mapped) == (60, len(whole)) == (60, 50)
    assert np.allclose(tally.means(SCENE, "is lit."), whole.mean(axis=0), atol=1e-12)


def test_a_scene_of_which_no_pixel_is_mapped_is_refused():
    tally = Tally()
    with pytest.raises(UnmixError, match=r"^scene has no valid pixel"):
        tally.means(SCENE, "is lit.")
    tally.add(torch.full((3, 2), torch.nan))
    with pytest.raises(UnmixError, match=r"^of 3 valid pixels of scene none is lit"):
        tally.means(SCENE, "is lit.")


@pytest.mark.parametrize(
    ("n_valid", "message"),
    [(0, "^scene has no valid pixel"), (1, "^of 1 valid pixel of scene none is lit")],
)
def test_a_scene_without_valid_pixels_is_called_so(n_valid, message):
    with pytest.raises(UnmixError, match=message):
        refuse_unmapped(SCENE, n_valid, "is lit.")
