"""Endmembers with the places of their pixels, as the files of a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from scenes import Scene, SpectralLibrary
from scenes.bands import IndexArray
from scenes.export.points import write_places
from scenes.places import Places
from unmix.bundle.run import record_of
from unmix.staging import write_record


def write_endmembers(
    scene: Scene,
    folder: Path,
    spectra: Tensor,
    places: Places,
    *,
    classes: Sequence[str] = (),
    record: Mapping[str, Any],
) -> list[str]:
    """Write a library of endmembers, where they lie, and the record.

    Parameters
    ----------
    scene : Scene
        That the spectra are of.
    folder : Path
        Gets ``endmembers.sli``, ``.hdr``, ``.csv`` and ``.json``, ``places.csv``, ``.geojson`` and
        ``.gpkg`` (see `scenes.export.points.write_places`), and ``run.json``.
    spectra : Tensor of shape (n_endmembers, n_bands)
        On the bands in use.
    places : Places
        Of the pixel of each.
    classes : sequence of str
        Of each endmember, where they have any; they are named after them.
    record : mapping
        What else ``run.json`` says, such as the parameters.

    Returns
    -------
    list of str
        Names of the endmembers.
    """
    library = library_of_pixels(scene, spectra, places.rows, places.columns, classes)
    library.write_sli(folder / "endmembers.sli")
    library.write_csv(folder / "endmembers.csv")
    library.write_json(folder / "endmembers.json")
    names, labels = list(library.names), {"class": list(classes)} if classes else {}
    write_places(folder, "places", places, {"name": names} | labels)
    begun = record_of("endmembers", scene)
    write_record(folder, {**begun, **record, "endmembers": names})
    return names


def library_of_pixels(
    scene: Scene, spectra: Tensor, rows: IndexArray, columns: IndexArray, classes: Sequence[str]
) -> SpectralLibrary:
    """Spectra of pixels as a library that knows where they lie.

    Parameters
    ----------
    scene : Scene
    spectra : Tensor of shape (n_spectra, n_bands)
        On the bands in use.
    rows, columns : integer arrays of shape (n_spectra,)
    classes : sequence of str
        Of each spectrum, where they have any.

    Returns
    -------
    SpectralLibrary
        With the attributes ``row``, ``column`` and, if there are classes, ``class``.
    """
    labels = {"class": tuple(classes)} if classes else {}
    return SpectralLibrary(
        names=tuple(names_of(classes, len(spectra))),
        spectra=np.asarray(spectra),
        wavelengths_nm=scene.wavelengths_nm,
        fwhm_nm=scene.fwhm_nm,
        attributes=labels
        | {"row": tuple(map(str, rows.tolist())), "column": tuple(map(str, columns.tolist()))},
    )


def names_of(classes: Sequence[str], n: int) -> list[str]:
    """Names of endmembers, numbered within their classes.

    Examples
    --------
    >>> names_of(("sand", "water", "sand"), 3)
    ['sand 1', 'water 1', 'sand 2']
    >>> names_of((), 2)
    ['endmember 1', 'endmember 2']
    """
    counts: dict[str, int] = {}
    names = []
    for label in classes or ["endmember"] * n:
        counts[label] = counts.get(label, 0) + 1
        names.append(f"{label} {counts[label]}")
    return names
