"""Endmembers from labelled places: the pixels there, or those that stand for their class best."""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from scenes import Scene
from scenes.labels import Labels, read_labels
from unmix.errors import UnmixError, counted
from unmix.inputs import learnable
from unmix.representatives import representatives


class TrainingPixels(NamedTuple):
    """Labelled pixels of a scene."""

    spectra: Tensor
    """(n_pixels, n_bands)"""
    labels: Labels
    """Of these pixels."""
    counts: dict[str, int]
    """Usable labelled pixels of each class, before any choice."""

    @property
    def classes(self) -> list[str]:
        """Of each pixel."""
        return [self.labels.names[number] for number in self.labels.classes]


def training_pixels(
    scene: Scene,
    path: str | Path,
    *,
    field: str | None = None,
    all_touched: bool = False,
    per_class: int | None = None,
    by: str = "ear",
    seed: int = 0,
) -> TrainingPixels:
    """Take the spectra at labelled places of a scene, class by class.

    Parameters
    ----------
    scene : Scene
    path, field, all_touched
        See `scenes.labels.read_labels`.
    per_class : int, optional
        How many of each class to keep; all by default.
    by, seed
        How these are chosen, see `unmix.representatives.representatives`.

    Raises
    ------
    SceneError
        If the labels cannot be read, or none lies on a valid pixel.
    UnmixError
        If all labelled pixels are black.
    """
    read = read_labels(path, scene, field=field, all_touched=all_touched)
    spectra, labels = read.spectra(scene)
    lit = learnable(spectra)
    if not lit.any():
        raise UnmixError(
            f"of {counted(len(lit), 'labelled pixel')} of {Path(path).name} none is lit. Check "
            "where they lie."
        )
    spectra, labels = spectra[lit], labels.chosen(lit.numpy())
    found = TrainingPixels(spectra, labels, labels.counts)
    if per_class is None:
        order = labels.classes.argsort(kind="stable")
    else:
        order = representatives(spectra.numpy(), found.classes, per_class, by, seed)
    return found._replace(spectra=spectra[order], labels=labels.chosen(order))
