"""Maps of features and of classes predicted from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scenes import Scene
from scenes.blocks import Block
from scenes.export.colour import WHITE
from scenes.export.qml import class_style, ramp_style, write_style
from unmix.bundle.classes import NO_CLASS, classes_of
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.scene_features import SceneFeatures
from unmix.bundle.tally import refuse_unmapped
from unmix.mapping import Progress, silent


def write_features(
    scene: Scene,
    folder: Path,
    features: SceneFeatures,
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write ``features.tif``, one band a feature.

    Parameters
    ----------
    scene : Scene
        On the bands of the features.
    folder : Path
        Empty; see `unmix.staging.staged_folder`.
    features : SceneFeatures
    record : mapping
        Where the maps come from; kept in their tags too.
    progress : callable

    Returns
    -------
    dict
        The scores of the record.

    Raises
    ------
    UnmixError
        If no pixel of the scene has features.
    SceneError
        If the scene cannot be read.
    """
    names = features.names
    counts = np.zeros(2, dtype=np.int64)

    def of_block(block: Block) -> Maps:
        found = features.of_block(scene, block)
        counts[:] += len(found), int(found.isfinite().all(dim=1).sum())
        return {"features": block.to_map(found)}

    files = [MapFile("features", names, units="1")]
    write_maps(scene, folder, files, of_block, record=dict(record), progress=progress)
    _check_any(counts, scene)
    return {"n_pixels": int(counts[0]), "n_mapped": int(counts[1]), "features": names}


def write_classes(
    scene: Scene,
    folder: Path,
    features: SceneFeatures,
    classifier: Any,  # noqa: ANN401  # of scikit-learn
    names: list[str],
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write ``classes.tif`` and, where the classifier gives them, ``probabilities.tif``.

    Parameters
    ----------
    scene : Scene
        On the bands of the features.
    folder : Path
        Empty; see `unmix.staging.staged_folder`.
    features : SceneFeatures
    classifier : estimator of scikit-learn
        Fitted on features and on classes numbered from 0 in the order of `names`.
    names : list of str
        Of the classes, at most 254; the map numbers them from 1.
    record : mapping
        Where the maps come from; kept in their tags too.
    progress : callable

    Returns
    -------
    dict
        The scores of the record: pixels of each class, and how many there are.

    Raises
    ------
    UnmixError
        If no pixel of the scene has features.
    SceneError
        If the scene cannot be read.
    """
    classes = classes_of(names)
    with_chances = hasattr(classifier, "predict_proba")
    counts = np.zeros(len(names), dtype=np.int64)
    n_valid = np.zeros(1, dtype=np.int64)

    def of_block(block: Block) -> Maps:
        found = features.of_block(scene, block)
        number, chances = _predicted(classifier, found, len(names))
        known = number[number.isfinite()].long() - 1
        counts[:] += np.bincount(known.numpy(), minlength=len(names))
        n_valid[:] += len(found)
        maps = {"classes": block.to_map(number[:, None])}
        return maps | ({"probabilities": block.to_map(chances)} if with_chances else {})

    files = [
        MapFile(
            "classes",
            ["class"],
            units="class",
            dtype="uint8",
            nodata=NO_CLASS,
            overviews="mode",
            colormap={value: colour for value, (_, colour) in classes.items()},
            class_names={value: name for value, (name, _) in classes.items()},
        )
    ]
    if with_chances:
        files.append(MapFile("probabilities", names, units="probability"))
    write_maps(scene, folder, files, of_block, record=dict(record), progress=progress)
    _check_any(np.append(n_valid, counts.sum()), scene)
    write_style(folder / "classes.tif", class_style(classes))
    if with_chances:
        write_style(folder / "probabilities.tif", ramp_style(0, 1, (WHITE, classes[1][1])))
    return {
        "n_pixels": int(n_valid[0]),
        "n_mapped": int(counts.sum()),
        "pixels_of_class": dict(zip(names, counts.tolist(), strict=True)),
    }


def _predicted(classifier: Any, features: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Numbers of classes from 1 (n_pixels,) and their probabilities (n_pixels, n_classes)."""
    known = features.isfinite().all(dim=1)
    number = torch.full((len(features),), torch.nan)
    chances = torch.full((len(features), n_classes), torch.nan)
    if known.any():
        given = features[known].numpy()
        if hasattr(classifier, "predict_proba"):
            found = torch.as_tensor(classifier.predict_proba(given)).float()
            chances[known] = found
            number[known] = found.argmax(dim=1).float() + 1
        else:
            number[known] = torch.as_tensor(classifier.predict(given)).float() + 1
    return number, chances


def _check_any(counts: Any, scene: Scene) -> None:  # noqa: ANN401
    if not counts[1]:
        why = "has features: all are black. Check its scale and nodata value."
        refuse_unmapped(scene, int(counts[0]), why)
