"""Classes from few labels: pixels are drawn, features made, and what lies apart is predicted."""

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accuracy.known_scenes import SIMULATIONS, load_scene
from unmix import FitSettings, Unmixer
from unmix.networks import NetworkUnmixer
from unmix.networks.places import batches_for, pixels_at
from unmix.uses.classification import make_classifier
from unmix.uses.features import SpectralFeatures, UnitSpectra
from unmix.uses.fine_tuning import FineTuned, FineTuning, Labelled, fine_tune
from unmix.uses.network_features import feature_blocks, feature_network, features_of_cube
from unmix.uses.scaling import FeatureBlock

CHOICE_SCENES = ("samson", "samson@20", "demo@20")
"""Features and their weights were chosen on these ..."""
REPORT_SCENES = ("jasper_ridge", "jasper_ridge@20", "minerals@20", "rugged@20")
"""... and are reported of on these."""
APART = 3
"""Pixels between any labelled pixel and those predicted: what the network sees of the scene."""
TILE = 10
"""Side of the squares, half of which hold all labels."""
LABELS_SEED = 100

Features = tuple[NDArray[np.float32], list[FeatureBlock]]
"""(n_pixels, n_features) of all pixels of a scene, NaN where there is none; and their blocks."""


@dataclass(frozen=True)
class ClassScene:
    """A scene whose dominant materials are known."""

    cube: NDArray[np.float32]
    """(n_bands, height, width), NaN where a pixel is invalid."""
    classes: NDArray[np.intp]
    """(height * width,) Dominant material, -1 where there is none."""
    n_materials: int

    @property
    def rows(self) -> NDArray[np.float32]:
        """All pixels (height * width, n_bands), row by row."""
        return self.cube.reshape(len(self.cube), -1).T


@dataclass(frozen=True)
class Drawn:
    """Which pixels are labelled, and which are predicted."""

    trained: NDArray[np.intp]
    tested: NDArray[np.intp]
    groups: NDArray[np.intp]
    """Squares that the labelled pixels lie in."""


def classes_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Accuracies of one classifier on several kinds of features."""
    sys.stderr.write(f"classes, {name}, seed {seed} ...\n")
    scene = class_scene(name, seed, chosen)
    made = features_of_scene(scene, seed, chosen.quick)
    drawn = draw(scene, chosen.labels, seed, [values for values, _ in made.values()])
    return {
        kind: accuracy(scene, drawn, each, chosen.classifier, seed) for kind, each in made.items()
    }


def fine_tuning_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Accuracies of the convolutional features before and after labels taught them."""
    sys.stderr.write(f"fine-tuning, {name}, seed {seed} ...\n")
    scene = class_scene(name, seed, chosen)
    model = fitted_network(scene, "convolutional", seed, chosen.quick)
    before = network_features(scene, model)
    drawn = draw(scene, chosen.labels, seed, [before[0]])
    start = time.perf_counter()
    found = tuned(scene, drawn, model, seed, chosen.quick)
    seconds = time.perf_counter() - start
    blocks = feature_blocks(found.network, FineTuning.codes_weight)
    after = (features_of_cube(found.network, scene.cube).numpy(), blocks)
    return {
        "frozen": accuracy(scene, drawn, before, chosen.classifier, seed),
        "fine-tuned": accuracy(scene, drawn, after, chosen.classifier, seed),
        "held-out loss, frozen": found.curve[0],
        "held-out loss, best": min(found.curve),
        "steps": found.n_steps,
        "seconds": seconds,
    }


def class_scene(name: str, seed: int, chosen: argparse.Namespace) -> ClassScene:
    """A scene on its grid; a number after @ is noise that is added, in dB."""
    base, _, snr_db = name.partition("@")
    known = load_scene(base, seed, chosen.data)
    if base in SIMULATIONS:
        valid = np.isfinite(SIMULATIONS[base](seed).block().abundances).all(axis=0)
    else:
        with np.load(chosen.data / "scenes" / base / "truth.npz") as truth:
            valid = np.ones(truth["abundances"].shape[1:], dtype=np.bool_)
    spectra = known.spectra.double().numpy()
    if snr_db:
        sigma = np.sqrt(np.mean(spectra**2) / 10 ** (float(snr_db) / 10))
        spectra = spectra + sigma * np.random.default_rng(seed).standard_normal(spectra.shape)
    cube = np.full((spectra.shape[1], *valid.shape), np.nan, dtype=np.float32)
    cube[:, valid] = spectra.T
    classes = np.full(valid.shape, -1, dtype=np.intp)
    classes[valid] = known.abundances.argmax(dim=1).numpy()
    return ClassScene(cube, classes.ravel(), len(known.endmembers))


def features_of_scene(scene: ClassScene, seed: int, quick: bool) -> dict[str, Features]:
    """Features of all pixels of a scene, by what they are called in the table."""
    rows = scene.rows
    known = rows[np.isfinite(rows).all(axis=1)]
    settings = FitSettings(n_points=100, n_starts=4, n_steps=60) if quick else None
    model = Unmixer(scene.n_materials, random_state=seed, n_refits=0, settings=settings)
    spectral, unit = SpectralFeatures(model).fit(known), UnitSpectra().fit(known)
    fractions = (np.asarray(spectral.transform(rows)), spectral.blocks())
    shape = (np.asarray(unit.transform(rows)), unit.blocks())
    pixel, around = (
        network_features(scene, fitted_network(scene, kind, seed, quick))
        for kind in ("pixel", "convolutional")
    )
    return {
        "all bands": (rows, []),
        "fractions": fractions,
        "unit": shape,
        "pixel": pixel,
        "convolutional": around,
        "fractions,unit": beside(fractions, shape),
        "fractions,convolutional": beside(fractions, around),
    }


def fitted_network(scene: ClassScene, kind: str, seed: int, quick: bool) -> NetworkUnmixer:
    """The network behind features, fitted without labels."""
    return feature_network(kind, random_state=seed, n_steps=80 if quick else None).fit(scene.cube)


def network_features(scene: ClassScene, model: NetworkUnmixer) -> Features:
    """Features that a network makes of a scene."""
    return features_of_cube(model.network_, scene.cube).numpy(), feature_blocks(model.network_)


def tuned(
    scene: ClassScene, drawn: Drawn, model: NetworkUnmixer, seed: int, quick: bool
) -> FineTuned:
    """The network after the labels have taught it."""
    network = model.network_
    rows, columns = np.unravel_index(drawn.trained, scene.cube.shape[1:])
    pixels = pixels_at(network, scene.cube, rows, columns)
    return fine_tune(
        network,
        Labelled(pixels, scene.classes[drawn.trained], drawn.groups),
        batches_for(network, scene.cube, seed=seed),
        FineTuning(n_steps=40) if quick else None,
        random_state=seed,
    )


def beside(*several: Features) -> Features:
    """Features side by side."""
    values = np.concatenate([values for values, _ in several], axis=1)
    return values, [block for _, blocks in several for block in blocks]


def draw(scene: ClassScene, n_each: int, seed: int, values: list[NDArray[np.float32]]) -> Drawn:
    """Draw labelled pixels of each class in half of the squares; predict what is apart from them.

    Every kind of features is asked about the same pixels: those that all of them can tell of.
    """
    rng = np.random.default_rng(LABELS_SEED + seed)
    height, width = scene.cube.shape[1:]
    down, across = np.divmod(np.arange(height * width), width)
    square = down // TILE * (width // TILE + 1) + across // TILE
    usable = (scene.classes >= 0) & np.all([np.isfinite(each).all(axis=1) for each in values], 0)
    inside = usable & (rng.random(square.max() + 1) < 0.5)[square]
    trained = np.concatenate([
        rng.permutation(_places(scene.classes == number, inside, usable))[:n_each]
        for number in range(scene.n_materials)
    ])  # fmt: skip
    near = np.zeros((height + 2 * APART, width + 2 * APART), dtype=np.bool_)
    for row, column in zip(down[trained], across[trained], strict=True):
        near[row : row + 2 * APART + 1, column : column + 2 * APART + 1] = True
    near = near[APART:-APART, APART:-APART]
    return Drawn(trained, np.flatnonzero(usable & ~near.ravel()), square[trained])


def _places(
    own: NDArray[np.bool_], inside: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Places of a class in the squares, or anywhere where there are next to none."""
    found = np.flatnonzero(own & inside)
    return found if len(found) >= 5 else np.flatnonzero(own & usable)


def accuracy(scene: ClassScene, drawn: Drawn, made: Features, classifier: str, seed: int) -> float:
    """Share of the pixels apart from labels that get their class."""
    values, blocks = made
    learner = make_classifier(classifier, seed, blocks)
    learner.fit(values[drawn.trained], scene.classes[drawn.trained])
    predicted = learner.predict(values[drawn.tested])
    return float((predicted == scene.classes[drawn.tested]).mean())
