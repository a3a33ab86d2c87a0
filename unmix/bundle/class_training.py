"""From labels of a scene to a classifier, its scores and the numbers it was trained on."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import Scene
from scenes.labels import Labels
from unmix.bundle.scene_features import NetworkPart, SceneFeatures, places_of
from unmix.errors import UnmixError, UnmixWarning
from unmix.networks.network import Pixels
from unmix.networks.places import batches_for, part_of
from unmix.uses.classification import ClassScores, check_classes_to_learn, cross_validate_classes
from unmix.uses.fine_tuning import FineTuned, FineTuning, Labelled, fine_tune
from unmix.uses.network_features import relearned

MOST_TO_TUNE = 4096
"""Labelled pixels that a network is fine-tuned with; of more, as many of each class are drawn."""
PATCHES_LOOKED_AT, PIXELS_LOOKED_AT = 48, 8192
"""In which codes and loss of a tuned network are looked at."""


@dataclass(frozen=True)
class LabelledFeatures:
    """Labelled pixels of a scene and their features."""

    features: SceneFeatures
    labels: Labels
    """Of valid pixels that have features."""
    values: NDArray[np.float32]
    """(n_labelled, n_features)"""
    fold_values: list[NDArray[np.float32]] | None = None
    """Where features have learned from labels: for each fold, by those that it does not hold
    out."""
    tuning: dict[str, Any] | None = None
    """What is said of the learning."""

    @classmethod
    def of(cls, scene: Scene, labels: Labels, features: SceneFeatures) -> "LabelledFeatures":
        """Look at the labelled pixels of a scene.

        Parameters
        ----------
        scene : Scene
            That the labels were read for.
        labels : Labels
        features : SceneFeatures

        Raises
        ------
        UnmixError
            If fewer than two classes have labels on valid pixels, or one has but one pixel.
        SceneError
            If no labelled pixel is valid.
        """
        spectra, labels = labels.spectra(scene)
        values = features.of_places(scene, labels, spectra).numpy()
        measured = np.isfinite(values).all(axis=1)
        labels = _with_labels(labels.chosen(measured))
        check_classes_to_learn(labels.classes, labels.names)
        return cls(features, labels, values[measured])

    def fine_tuned(
        self,
        scene: Scene,
        settings: FineTuning | None = None,
        *,
        n_folds: int = 5,
        random_state: int = 0,
        progress: Callable[[float], None] = lambda share: None,
    ) -> "LabelledFeatures":
        """The same by a network that has learned on from the labels.

        Parameters
        ----------
        scene : Scene
        settings : FineTuning, optional
        n_folds, random_state : int
            See `unmix.uses.fine_tuning.fine_tune`.
        progress : callable
            Called with the share that is done, 0 to 1.

        Raises
        ------
        UnmixError
            If no feature comes from a network, or labels cannot teach it.
        """
        part = self.features.network
        if part is None:
            raise UnmixError(
                "Fine-tuning teaches a network, but no feature comes from one. Add the features "
                "'convolutional' or 'pixel'."
            )
        settings = settings or FineTuning()
        given = self._thinned(random_state)
        labels, network = given.labels, part.network
        pixels = places_of(scene, labels, network)
        unlabelled = batches_for(network, scene, seed=random_state)
        found = fine_tune(
            network,
            Labelled(pixels, labels.classes, labels.groups),
            unlabelled,
            settings,
            n_folds=n_folds,
            random_state=random_state,
            progress=progress,
        )
        some = _first(unlabelled.everything)
        learned = relearned(part.model, found.network, some)
        features = self.features.with_network(NetworkPart(learned, settings.codes_weight))
        spectra, _ = labels.spectra(scene)
        values = features.of_places(scene, labels, spectra).numpy()
        fold_values = [given._with_part(each) for each in found.fold_features]
        return LabelledFeatures(features, labels, values, fold_values, _said(found))

    def _thinned(self, seed: int) -> "LabelledFeatures":
        """At most `MOST_TO_TUNE` labelled pixels, drawn alike from the classes."""
        n_each = MOST_TO_TUNE // len(self.labels.names)
        rng = np.random.default_rng(seed)
        kept = [
            rng.permutation(np.flatnonzero(self.labels.classes == number))[:n_each]
            for number in np.unique(self.labels.classes)
        ]
        places = np.sort(np.concatenate(kept))
        return replace(self, labels=self.labels.chosen(places), values=self.values[places])

    def _with_part(self, learned: NDArray[np.float32]) -> NDArray[np.float32]:
        """All values, those of the network in place of its former ones."""
        values, first = self.values.copy(), 0
        for part in self.features.parts:
            if part is self.features.network:
                values[:, first : first + len(part.names)] = learned
            first += len(part.names)
        return values


@dataclass(frozen=True)
class Trained:
    """A classifier of the features of labelled pixels."""

    classifier: Any
    """Of scikit-learn, fitted."""
    given: LabelledFeatures
    scores: ClassScores

    @classmethod
    def on(
        cls,
        given: LabelledFeatures,
        classifier: Any,  # noqa: ANN401  # of scikit-learn
        *,
        n_folds: int = 5,
        random_state: int = 0,
    ) -> "Trained":
        """Score a classifier on labelled pixels, and train it on all of them.

        Parameters
        ----------
        given : LabelledFeatures
        classifier : estimator of scikit-learn
        n_folds, random_state : int
            See `unmix.uses.classification.cross_validate_classes`; of fine-tuned features, the
            same as for them.
        """
        labels = given.labels
        scores = cross_validate_classes(
            given.values if given.fold_values is None else given.fold_values,
            labels.classes,
            labels.groups,
            classifier,
            n_folds=n_folds,
            random_state=random_state,
        )
        classifier.fit(given.values, labels.classes)
        return cls(classifier, given, scores)

    @property
    def names(self) -> list[str]:
        """Of the classes, in their order."""
        return list(self.given.labels.names)

    def described(self) -> dict[str, Any]:
        """The scores as JSON has them."""
        scores = self.scores._asdict()
        held_out = "whole polygons or patches" if scores.pop("grouped") else "single pixels"
        tuning = {} if self.given.tuning is None else {"fine_tuning": self.given.tuning}
        return {"held_out": held_out, "classes": self.names, **scores, **tuning}

    def write(self, folder: Path) -> None:
        """Write ``confusion.json``, and ``training.npz`` from which the classifier can be refitted.

        Numbers and texts only: no object of Python is stored.
        """
        text = json.dumps(self.described(), indent=2, ensure_ascii=False)
        (folder / "confusion.json").write_text(f"{text}\n", encoding="utf-8")
        labels = self.given.labels
        np.savez_compressed(
            folder / "training.npz",
            features=self.given.values,
            feature_names=np.array(self.given.features.names, dtype=str),
            feature_blocks=np.array(self.given.features.blocks, dtype=np.float64),
            classes=labels.classes,
            class_names=np.array(self.names, dtype=str),
            groups=labels.groups,
            rows=labels.rows,
            columns=labels.columns,
        )


def _first(everything: Pixels) -> Pixels:
    """Some of the pixels or patches, which lie in no order."""
    most = PIXELS_LOOKED_AT if everything.coordinates.ndim == 2 else PATCHES_LOOKED_AT
    return part_of(everything, np.arange(min(most, len(everything.valid))))


def _said(found: FineTuned) -> dict[str, Any]:
    """What a record says of the fine-tuning."""
    return {"n_steps": found.n_steps, "held_out_loss": found.curve}


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
