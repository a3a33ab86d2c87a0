"""Which spectra may mix."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmix.errors import UnmixError
from unmix.mesma import models_of

CLASSES = st.lists(st.integers(0, 4), min_size=1, max_size=12).map(
    lambda found: [sorted(set(found)).index(c) for c in found]  # numbered without gaps
)


@given(class_of=CLASSES, level=st.integers(2, 5))
def test_models_are_all_products_of_classes(class_of, level):
    classes = sorted(set(class_of))
    groups = [[i for i, c in enumerate(class_of) if c == k] for k in classes]
    expected = [
        list(members)
        for mixed in itertools.combinations(groups, level - 1)
        for members in itertools.product(*mixed)
    ]
    if level - 1 > len(classes):
        with pytest.raises(UnmixError, match="Use lower `levels`"):
            models_of(class_of, level)
    else:
        assert models_of(class_of, level).tolist() == expected


@given(class_of=CLASSES, n=st.integers(1, 50), seed=st.integers(0, 9))
def test_models_drawn_are_some_of_all_each_once(class_of, n, seed):
    every = models_of(class_of, 2).tolist()
    some = models_of(class_of, 2, max_models=n, seed=seed).tolist()
    assert len(some) == min(n, len(every))
    assert len({tuple(model) for model in some}) == len(some)
    assert all(model in every for model in some)
    assert some == models_of(class_of, 2, max_models=n, seed=seed).tolist()


def test_every_model_is_drawn_as_often():
    class_of = [0] * 4 + [1] * 3 + [2] * 2
    counts = np.zeros((9, 9))
    for seed in range(300):
        for one, other in models_of(class_of, 3, max_models=5, seed=seed).tolist():
            counts[one, other] += 1
    drawn = counts[counts > 0]
    assert len(drawn) == 26
    assert abs(drawn - 1500 / 26).max() < 4.5 * np.sqrt(1500 / 26)


def test_astronomically_many_models_can_be_drawn_from():
    class_of = np.repeat(np.arange(30), 200).tolist()
    found = models_of(class_of, 5, max_models=1000)
    assert found.shape == (1000, 4)
    classes = np.array(class_of)[found.numpy()]
    assert (np.diff(classes, axis=1) > 0).all()


def test_too_many_models_are_refused_with_their_number():
    class_of = np.repeat(np.arange(3), 60).tolist()
    with pytest.raises(UnmixError, match="level 4 has 216000 models, more than 200000"):
        models_of(class_of, 4)


@pytest.mark.parametrize("level", [0, 1, 6])
def test_other_levels_are_refused(level):
    with pytest.raises(UnmixError, match="a level must be one of 2 to 5"):
        models_of([0, 1, 2, 3, 4, 5], level)


def test_drawing_no_model_is_refused():
    with pytest.raises(UnmixError, match="`max_models` must be at least 1"):
        models_of([0, 1], 2, max_models=0)
