"""From labels of a scene to a classifier, its scores and the numbers it was trained on."""

import json
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import Scene
from scenes.labels import Labels
from unmix.errors import UnmixWarning
from unmix.uses.classification import ClassScores, check_classes_to_learn, cross_validate_classes
from unmix.uses.features import SpectralFeatures


@dataclass(frozen=True)
class Trained:
    """A classifier of the features of labelled pixels."""

    classifier: Any
    """Of scikit-learn, fitted."""
    names: list[str]
    """Of the classes, in their order."""
    features: NDArray[np.float32]
    """(n_labelled, n_features)"""
    feature_names: list[str]
    labels: Labels
    scores: ClassScores

    @classmethod
    def on(
        cls,
        scene: Scene,
        labels: Labels,
        features: SpectralFeatures,
        classifier: Any,  # noqa: ANN401  # of scikit-learn
        *,
        n_folds: int = 5,
        random_state: int = 0,
    ) -> "Trained":
        """Score a classifier on the labels of a scene, and train it on all of them.

        Parameters
        ----------
        scene : Scene
            That the labels were read for.
        labels : Labels
        features : SpectralFeatures
            Fitted.
        classifier : estimator of scikit-learn
        n_folds, random_state : int
            See `unmix.uses.classification.cross_validate_classes`.

        Raises
        ------
        UnmixError
            If fewer than two classes have labels on valid pixels, or one has but one pixel.
        SceneError
            If no labelled pixel is valid.
        """
        spectra, labels = labels.spectra(scene)
        values = np.asarray(features.transform(spectra.numpy()))
        measured = np.isfinite(values).all(axis=1)
        labels, values = _with_labels(labels.chosen(measured)), values[measured]
        check_classes_to_learn(labels.classes, labels.names)
        scores = cross_validate_classes(
            values,
            labels.classes,
            labels.groups,
            classifier,
            n_folds=n_folds,
            random_state=random_state,
        )
        classifier.fit(values, labels.classes)
        names = features.get_feature_names_out().tolist()
        return cls(classifier, list(labels.names), values, names, labels, scores)

    def described(self) -> dict[str, Any]:
        """The scores as JSON has them."""
        scores = self.scores._asdict()
        return {
            "held_out": "whole polygons or patches" if scores.pop("grouped") else "single pixels",
            "classes": self.names,
            **scores,
        }

    def write(self, folder: Path) -> None:
        """Write ``confusion.json``, and ``training.npz`` from which the classifier can be refitted.

        Numbers and texts only: no object of Python is stored.
        """
        text = json.dumps(self.described(), indent=2, ensure_ascii=False)
        (folder / "confusion.json").write_text(f"{text}\n", encoding="utf-8")
        np.savez_compressed(
            folder / "training.npz",
            features=self.features,
            feature_names=np.array(self.feature_names, dtype=str),
            classes=self.labels.classes,
            class_names=np.array(self.names, dtype=str),
            groups=self.labels.groups,
            rows=self.labels.rows,
            columns=self.labels.columns,
        )


def _with_labels(labels: Labels) -> Labels:
    """The same without the classes that have no pixel."""
    left_out = [name for name, n_pixels in labels.counts.items() if not n_pixels]
    if not left_out:
        return labels
    warnings.warn(
        f"no label of {', '.join(left_out)} lies on a valid pixel, so the map goes without.",
        UnmixWarning,
        stacklevel=3,
    )
    kept, classes = np.unique(labels.classes, return_inverse=True)
    names = tuple(labels.names[number] for number in kept)
    return replace(labels, names=names, classes=classes.astype(np.intp))
