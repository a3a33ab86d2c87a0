"""Libraries of candidate endmembers from labelled places of a scene."""

from pathlib import Path

from scenes import Scene, SpectralLibrary
from unmix.bundle.endmember_files import library_of_pixels
from unmix.bundle.training_pixels import training_pixels


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
    found = training_pixels(
        scene, path, field=field, all_touched=all_touched, per_class=most_per_class, by="spread"
    )
    labels = found.labels
    return library_of_pixels(scene, found.spectra, labels.rows, labels.columns, found.classes)
