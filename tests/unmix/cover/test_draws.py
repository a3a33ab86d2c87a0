"""Endmembers and noise of each draw."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unmix.cover import counts_of, draws_of
from unmix.errors import UnmixError

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=5)


@given(sizes=SIZES, n=st.integers(1, 40))
def test_endmembers_are_dealt_evenly(sizes, n):
    if n < len(sizes):
        with pytest.raises(UnmixError, match="at least the number of classes"):
            counts_of(sizes, n_endmembers=n)
        return
    counts = counts_of(sizes, n_endmembers=n)
    assert sum(counts) == min(n, sum(sizes))
    assert all(1 <= count <= size for count, size in zip(counts, sizes, strict=True))
    short = [count for count, size in zip(counts, sizes, strict=True) if count < size]
    assert max(counts) - min(short, default=max(counts)) <= 1


@given(sizes=SIZES, n=st.integers(1, 9))
def test_per_class_takes_so_many_or_all(sizes, n):
    assert counts_of(sizes, per_class=n) == [min(size, n) for size in sizes]


def test_per_class_of_none_is_refused():
    with pytest.raises(UnmixError, match="`per_class` must be at least 1"):
        counts_of([2, 3], per_class=0)


@given(sizes=SIZES, seed=st.integers(0, 99))
def test_a_draw_takes_different_spectra_of_every_class(sizes, seed):
    class_of = [k for k, size in enumerate(sizes) for _ in range(size)]
    counts = counts_of(sizes, per_class=2)
    for draw in draws_of(class_of, counts, 5, 3, seed):
        members = draw.members.tolist()
        assert members == sorted(set(members))
        assert np.bincount(np.array(class_of)[members]).tolist() == counts
        assert draw.noise.shape == (5,)


def test_draws_depend_on_seed_and_number_alone():
    class_of = [0] * 9 + [1] * 9
    few, many = (draws_of(class_of, [3, 3], 8, n, seed=4) for n in (3, 7))
    for one, other in zip(few, many, strict=False):
        assert torch.equal(one.members, other.members)
        assert torch.equal(one.noise, other.noise)
    assert len({tuple(draw.members.tolist()) for draw in many}) > 1
    assert not torch.equal(many[0].noise, many[1].noise)
    other = draws_of(class_of, [3, 3], 8, 1, seed=5)[0]
    assert not torch.equal(other.noise, many[0].noise)


def test_each_spectrum_is_taken_as_often_and_noise_is_standard_normal():
    draws = draws_of([0] * 6 + [1] * 3, [2, 1], 50, 600, seed=0)
    taken = torch.cat([draw.members for draw in draws]).bincount()
    assert (taken - 200).abs().max() < 4.5 * np.sqrt(200 * 2 / 3)
    noise = torch.stack([draw.noise for draw in draws])
    assert abs(float(noise.mean())) < 4.5 / np.sqrt(noise.numel())
    assert abs(float(noise.std()) - 1) < 0.02
