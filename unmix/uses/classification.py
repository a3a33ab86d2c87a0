"""Classes of pixels from few labels: classifiers by name, and scores that are not flattered.

Pixels of one polygon resemble each other, so that a classifier tested beside pixels that it has
seen looks better than it is. Folds are therefore made of whole groups.

References
----------
Roberts et al. (2017), doi:10.1111/ecog.02881: cross-validation of data with a structure.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, confusion_matrix, f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from unmix.errors import UnmixError, UnmixWarning
from unmix.uses.scaling import BlockScaler, FeatureBlock

_MAKERS: dict[str, Callable[[int], Any]] = {
    "logistic": lambda seed: LogisticRegression(max_iter=2000),
    "lda": lambda seed: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "forest": lambda seed: RandomForestClassifier(200, random_state=seed),
    "neighbours": lambda seed: KNeighborsClassifier(3),
    "svm": lambda seed: SVC(C=10.0, random_state=seed),
}
CLASSIFIERS = tuple(_MAKERS)
"""Names of classifiers; the first is the default."""

UNSEEN = -1
"""In place of a class where no fold has held a label out."""
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Places of labels to train on, and of those held out."""


class ClassScores(NamedTuple):
    """How well labels are predicted that took no part in training."""

    accuracy: float
    """Share of the labelled pixels that get their class."""
    balanced_accuracy: float
    """The same, each class counting alike."""
    kappa: float
    """Cohen's: 0 is chance, 1 perfect."""
    f1: list[float]
    """Of each class."""
    fold_accuracy: list[float]
    """Of each fold, for the spread."""
    confusion: list[list[int]]
    """Rows are true classes, columns predicted ones."""
    grouped: bool
    """Whether pixels of one group were always in one fold."""


def make_classifier(
    name: str,
    random_state: int = 0,
    blocks: Sequence[FeatureBlock] = (),
) -> Any:  # noqa: ANN401
    """A classifier of scikit-learn by its name in `CLASSIFIERS`, behind a scaler.

    Parameters
    ----------
    name : str
    random_state : int
    blocks : sequence of FeatureBlock
        Features that are scaled together; by default each is scaled by itself.

    Raises
    ------
    UnmixError
        If there is none of that name.
    """
    if name not in _MAKERS:
        raise UnmixError(f"`classifier` must be one of {', '.join(CLASSIFIERS)}. Got {name!r}.")
    scaler = BlockScaler(list(blocks)) if blocks else StandardScaler()
    return make_pipeline(scaler, _MAKERS[name](random_state))


def cross_validate_classes(
    features: NDArray[Any] | Sequence[NDArray[Any]],
    classes: NDArray[np.integer],
    groups: NDArray[np.integer],
    classifier: Any,  # noqa: ANN401  # of scikit-learn
    *,
    n_folds: int = 5,
    random_state: int = 0,
) -> ClassScores:
    """Score a classifier on groups of pixels that it was not trained on.

    Parameters
    ----------
    features : ndarray of shape (n_labelled, n_features), or a sequence of them
        One for each fold of `group_folds` where features have learned from labels: then those of a
        fold must not have seen the labels that it holds out.
    classes : ndarray of shape (n_labelled,)
        From 0.
    groups : ndarray of shape (n_labelled,)
        Numbers of polygons or patches. Where a class has but one, its pixels are split all the
        same, with a warning, as it could not be predicted otherwise.
    classifier : estimator of scikit-learn
        Cloned; it is not fitted here.
    n_folds : int
        At least 2; fewer where a class has fewer groups.
    random_state : int

    Returns
    -------
    ClassScores

    Raises
    ------
    UnmixError
        If there are fewer than two classes, or one has but one pixel.
    """
    check_classes_to_learn(classes)
    splits, grouped = group_folds(classes, groups, n_folds, random_state)
    if not grouped:
        warnings.warn(
            "a class has its labels in one polygon or patch only, so pixels and not polygons are "
            "held out: the scores are optimistic. Label each class in at least two places.",
            UnmixWarning,
            stacklevel=2,
        )
    of_fold = [features] * len(splits) if isinstance(features, np.ndarray) else features
    predicted = np.full_like(classes, UNSEEN)
    for values, (train, test) in zip(of_fold, splits, strict=True):
        predicted[test] = clone(classifier).fit(values[train], classes[train]).predict(values[test])
    return _scores(predicted, classes, splits, grouped)


def group_folds(
    classes: NDArray[np.integer],
    groups: NDArray[np.integer],
    n_folds: int = 5,
    random_state: int = 0,
) -> tuple[list[Fold], bool]:
    """Folds that hold out whole groups, with a like share of every class.

    Parameters
    ----------
    classes, groups : ndarray of shape (n_labelled,)
    n_folds : int
        Fewer where a class has fewer groups.
    random_state : int

    Returns
    -------
    folds : list of (ndarray, ndarray)
        Places to train on and places held out. No place is held out twice; those of a fold that
        would leave one class to train on are never.
    grouped : bool
        False where a class has one group only, so that pixels and not groups are held out.
    """
    per_class = [len(np.unique(groups[classes == each])) for each in np.unique(classes)]
    grouped = min(per_class) >= 2
    least = min(per_class) if grouped else int(np.unique(classes, return_counts=True)[1].min())
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    folds = kind(max(2, min(n_folds, least)), shuffle=True, random_state=random_state)
    found = folds.split(np.zeros(len(classes)), classes, groups if grouped else None)
    usable = [(train, test) for train, test in found if len(np.unique(classes[train])) > 1]
    if grouped and not usable:
        return group_folds(classes, np.zeros_like(groups), n_folds, random_state)
    return usable, grouped


def check_classes_to_learn(classes: NDArray[np.integer], names: Sequence[str] = ()) -> None:
    """Refuse labels that no classifier can learn from.

    Raises
    ------
    UnmixError
        If there are fewer than two classes, or one has but one pixel.
    """
    found, counts = np.unique(classes, return_counts=True)
    if len(found) < 2:
        raise UnmixError(
            f"there are labels of {len(found)} {'class' if len(found) == 1 else 'classes'}, but at "
            "least two must be told apart. Check that the labels lie on valid pixels."
        )
    if counts.min() < 2:
        number = int(found[counts.argmin()])
        called = repr(names[number]) if names else f"number {number}"
        raise UnmixError(
            f"the class {called} has one valid labelled pixel, so it cannot be trained and tested. "
            "Label at least two, better ten, or leave the class out."
        )


def _scores(
    predicted: NDArray[np.integer], classes: NDArray[np.integer], folds: list[Fold], grouped: bool
) -> ClassScores:
    known, held_out = np.unique(classes), predicted != UNSEEN
    right = predicted == classes
    fold_accuracy = [float(right[test].mean()) for _, test in folds]
    predicted, classes, right = predicted[held_out], classes[held_out], right[held_out]
    return ClassScores(
        accuracy=float(right.mean()),
        balanced_accuracy=float(balanced_accuracy_score(classes, predicted)),
        kappa=float(cohen_kappa_score(classes, predicted)),
        f1=f1_score(classes, predicted, labels=known, average=None, zero_division=0).tolist(),
        fold_accuracy=fold_accuracy,
        confusion=confusion_matrix(classes, predicted, labels=known).tolist(),
        grouped=grouped,
    )
