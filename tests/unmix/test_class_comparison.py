import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, jaccard_score, recall_score

from unmix.class_comparison import ClassSums
from unmix.comparison import Pair

SEEDS = st.integers(0, 1000)


def drawn(seed, n_materials, n_classes, shape=(9, 11)):
    rng = np.random.default_rng(seed)
    maps = np.moveaxis(rng.dirichlet(np.ones(n_materials), shape), -1, 0)
    classes = rng.integers(-1, n_classes, shape)
    maps[0, rng.random(shape) < 0.1] = np.nan
    return maps, classes


@given(n_materials=st.integers(1, 6), n_classes=st.integers(1, 6), seed=SEEDS)
def test_sums_agree_with_scikit_learn_whatever_the_blocks(n_materials, n_classes, seed):
    maps, classes = drawn(seed, n_materials, n_classes)
    sums = ClassSums(n_materials, n_classes)
    for row in range(0, 9, 4):
        sums.add(maps[:, row : row + 4], classes[row : row + 4])
    known = np.isfinite(maps).all(axis=0) & (classes >= 0)
    truth, dominant = classes[known], maps[:, known].argmax(axis=0)
    class_of = {pair.first: pair.second for pair in sums.match()}
    said = np.array([class_of.get(each, 100 + each) for each in dominant.tolist()])
    assert sums.n_pixels == known.sum()
    assert sums.accuracy() == pytest.approx(accuracy_score(truth, said))
    if len(np.unique([*truth, *said])) > 1:
        assert sums.kappa() == pytest.approx(cohen_kappa_score(truth, said))
    for score in sums.scores():
        here, there = truth == score.pair.second, said == score.pair.second
        fractions = maps[score.pair.first][known]
        assert score.n_pixels == here.sum()
        if here.any():
            assert score.producer_accuracy == pytest.approx(recall_score(here, there))
            assert score.overlap == pytest.approx(jaccard_score(here, there))
            assert score.mean_inside == pytest.approx(fractions[here].mean())
        if not here.all():
            assert score.mean_outside == pytest.approx(fractions[~here].mean())
        if there.any():
            assert score.user_accuracy == pytest.approx(here[there].mean())


@given(n=st.integers(2, 6), seed=SEEDS)
def test_matching_undoes_any_permutation(n, seed):
    rng = np.random.default_rng(seed)
    order, classes = rng.permutation(n), rng.permutation(np.repeat(np.arange(n), 20))
    sums = ClassSums(n, n)
    sums.add(np.eye(n)[:, order.argsort()[classes]], classes)
    assert sums.match() == [Pair(k, int(order[k])) for k in range(n)]
    assert sums.accuracy() == sums.purity() == 1
    assert sums.kappa() == pytest.approx(1)
    np.testing.assert_array_equal(sums.mean_fractions, np.eye(n)[:, order.argsort()].T)


@given(n_materials=st.integers(1, 6), n_classes=st.integers(1, 6), seed=SEEDS)
def test_no_other_matching_shares_more_pixels(n_materials, n_classes, seed):
    sums = ClassSums(n_materials, n_classes)
    sums.add(*drawn(seed, n_materials, n_classes))
    rng = np.random.default_rng(seed)
    n = min(n_materials, n_classes)
    other = zip(rng.permutation(n_classes)[:n], rng.permutation(n_materials)[:n], strict=True)
    shared = sum(sums.confusion[c, m] for c, m in other)
    assert shared / max(sums.n_pixels, 1) <= sums.accuracy() + 1e-12
    assert sums.accuracy() <= sums.purity() + 1e-12


def test_two_materials_of_one_class_are_pure_but_not_accurate():
    sums = ClassSums(3, 2)
    sums.add(np.eye(3)[:, [0, 0, 0, 1, 2, 2]], np.array([0, 0, 0, 0, 1, 1]))
    assert sums.match() == [Pair(0, 0), Pair(2, 1)]
    assert sums.accuracy() == pytest.approx(5 / 6)
    assert sums.purity() == 1


def test_what_cannot_be_said_is_nan():
    sums = ClassSums(2, 2)
    sums.add(np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([0, 0]))
    first, second = sums.scores()
    assert math.isnan(sums.kappa()) and math.isnan(first.mean_outside)
    assert math.isnan(second.producer_accuracy) and math.isnan(second.user_accuracy)
    assert np.isnan(sums.mean_fractions[1]).all()
