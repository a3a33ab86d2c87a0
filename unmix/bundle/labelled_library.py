"""Libraries of candidate endmembers from labelled places of a scene."""

from pathlib import Path

import numpy as np

from scenes import Scene, SpectralLibrary
from scenes.labels import read_labels
from unmix.uses.labelled import labelled_bundle


def library_of_labels(
    scene: Scene,
    path: str | Path,
    *,
    field: str | None = None,
    all_touched: bool = False,
    most_per_class: int = 10,
) -> SpectralLibrary:
    """Candidate endmembers from points, polygons or a raster of labels.

    Parameters
    ----------
    scene : Scene
    path, field, all_touched
        See `scenes.labels.read_labels`.
    most_per_class : int
        See `unmix.uses.labelled.labelled_bundle`.

    Returns
    -------
    SpectralLibrary
        On the bands in use, with the attributes ``class``, ``row`` and ``column``.

    Raises
    ------
    SceneError
        If the labels cannot be read or none lies on a valid pixel.
    UnmixError
        If all labelled pixels are black.
    """
    labels = read_labels(path, scene, field=field, all_touched=all_touched)
    spectra, labels = labels.spectra(scene)
    bundle = labelled_bundle(spectra, labels.classes, most_per_class=most_per_class)
    classes = [labels.names[number] for number in bundle.classes]
    counts = {name: 0 for name in labels.names}
    names = []
    for name in classes:
        counts[name] += 1
        names.append(f"{name} {counts[name]}")
    rows, columns = (np.asarray(part)[bundle.pixels] for part in (labels.rows, labels.columns))
    return SpectralLibrary(
        names=tuple(names),
        spectra=bundle.spectra.numpy(),
        wavelengths_nm=scene.wavelengths_nm,
        fwhm_nm=scene.fwhm_nm,
        attributes={
            "class": tuple(classes),
            "row": tuple(map(str, rows)),
            "column": tuple(map(str, columns)),
        },
    )
