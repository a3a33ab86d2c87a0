import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from unmix.cli.classify import NAMES
from unmix.errors import UnmixError, UnmixWarning
from unmix.uses.classification import (
    CLASSIFIERS,
    check_classes_to_learn,
    cross_validate_classes,
    group_folds,
    make_classifier,
)
from unmix.uses.scaling import FeatureBlock


@pytest.fixture
def polygons():
    """Pixels of a polygon are alike, polygons of a class are not: there is nothing to learn."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 15)
    features = rng.standard_normal((20, 3))[groups] + 0.01 * rng.standard_normal((300, 3))
    return features, groups % 2, groups


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_learns_what_can_be_told_apart(name):
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], 20)
    features = np.eye(3)[classes] + 0.1 * rng.standard_normal((60, 3))
    found = cross_validate_classes(features, classes, np.arange(60), make_classifier(name))
    assert found.accuracy > 0.95 and found.kappa > 0.9 and found.grouped
    assert np.sum(found.confusion) == 60
    assert np.trace(found.confusion) == round(60 * found.accuracy)
    assert len(found.f1) == 3 and min(found.f1) > 0.9


def test_names_of_the_command_line_are_those_of_the_library():
    assert NAMES == CLASSIFIERS


def test_whole_groups_are_held_out(polygons):
    features, classes, groups = polygons
    classifier = make_classifier("neighbours")
    honest = cross_validate_classes(features, classes, groups, classifier)
    flattered = cross_validate_classes(features, classes, np.arange(300), classifier)
    assert honest.accuracy < 0.8 < 0.99 < flattered.accuracy


def test_a_class_in_one_polygon_is_split_with_a_warning(polygons):
    features, _, groups = polygons
    classes = (groups == 0).astype(int)
    with pytest.warns(UnmixWarning, match="in one polygon or patch only"):
        found = cross_validate_classes(features, classes, groups, make_classifier("lda"))
    assert not found.grouped


def test_scores_of_a_constant_guess_are_chance():
    classes = np.repeat([0, 1], [30, 10])
    found = cross_validate_classes(
        np.zeros((40, 1)), classes, np.arange(40), DummyClassifier(strategy="most_frequent")
    )
    assert found.accuracy == 0.75 and found.balanced_accuracy == 0.5 and found.kappa == 0
    assert found.confusion == [[30, 0], [10, 0]]
    assert len(found.fold_accuracy) == 5


def test_labels_that_teach_nothing_are_refused():
    with pytest.raises(UnmixError, match="labels of 1 class,"):
        check_classes_to_learn(np.zeros(5, int))
    with pytest.raises(UnmixError, match="the class 'sand' has one valid labelled pixel"):
        check_classes_to_learn(np.array([0, 0, 1]), ("water", "sand"))
    with pytest.raises(UnmixError, match="`classifier` must be one of logistic, lda"):
        make_classifier("magic")


def test_features_that_learned_from_labels_are_scored_fold_by_fold():
    classes = np.repeat([0, 1], 20)
    groups = np.arange(40)
    folds, grouped = group_folds(classes, groups, 4)
    assert grouped and sorted(np.concatenate([test for _, test in folds])) == list(range(40))
    told = classes[:, None].astype(float)
    of_fold = [told.copy() for _ in folds]
    of_fold[0][folds[0][1]] = 1 - told[folds[0][1]]
    found = cross_validate_classes(of_fold, classes, groups, make_classifier("logistic"), n_folds=4)
    assert found.fold_accuracy == [0.0, 1.0, 1.0, 1.0]
    assert found.accuracy == 0.75 and np.sum(found.confusion) == 40


def test_blocks_are_scaled_before_the_classifier_sees_them():
    rng = np.random.default_rng(0)
    features = np.column_stack([rng.normal(size=60), 1e-3 * rng.normal(size=(60, 9))])
    blocks = [FeatureBlock(10, 1.0)]
    scaled = make_classifier("neighbours", 0, blocks)[:-1].fit_transform(features)
    assert np.allclose(
        scaled.std(axis=0), features.std(axis=0) / features.std(axis=0)[0], atol=1e-3
    )
