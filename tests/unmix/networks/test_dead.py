"""Dead units: counted, revived, dropped."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from unmix.networks import NetworkUnmixer


@pytest.fixture(scope="module")
def mixture(mixture_of):
    return mixture_of(1, n_endmembers=6, n_pixels=2000, snr_db=30, shade=0.3).spectra


@pytest.fixture(scope="module")
def dictionary(mixture, quick_settings):
    @cache
    def of(dead):
        settings = quick_settings("sparse", 400, decoder="nonnegative")
        settings = replace(settings, training=replace(settings.training, dead=dead))
        return NetworkUnmixer(32, settings=settings).fit(mixture)

    return of


def test_revived_units_are_used(dictionary):
    assert dictionary("keep").n_dead_ > 10
    assert dictionary("revive").n_dead_ < 0.7 * dictionary("keep").n_dead_


def test_units_counted_as_dead_are_those_that_no_pixel_uses(dictionary, mixture):
    model = dictionary("keep")
    codes = np.asarray(model.transform(mixture))
    unused = (codes <= 1e-3 * codes.max()).all(axis=0)
    assert int(unused.sum()) == model.n_dead_


def test_dropped_units_are_gone_and_the_rest_explains_as_much(dictionary, mixture):
    kept, dropped = dictionary("keep"), dictionary("drop")
    assert dropped.n_endmembers_ == 32 - kept.n_dead_
    assert dropped.endmembers_.shape == (dropped.n_endmembers_, 50)
    assert dropped.endmember_names_[-1] == f"endmember {dropped.n_endmembers_}"
    assert len(dropped.mean_codes_) == dropped.n_endmembers_
    ours, theirs = (m.reconstruct(mixture) for m in (dropped, kept))
    assert float((torch.as_tensor(ours) - theirs).square().mean().sqrt()) < 0.05
