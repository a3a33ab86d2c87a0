"""Endmembers with the places of their pixels, as the files of a folder."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from scenes import Scene, SpectralLibrary
from scenes.export.points import write_places
from scenes.places import Places
from unmix.bundle.run import input_of
from unmix.staging import RECORD_NAME


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
        What else ``run.json`` says, such as the command and its parameters.

    Returns
    -------
    list of str
        Names of the endmembers.
    """
    names = names_of(classes, len(spectra))
    labels = {"class": list(classes)} if classes else {}
    attributes = labels | {
        "row": [str(row) for row in places.rows.tolist()],
        "column": [str(column) for column in places.columns.tolist()],
    }
    library = SpectralLibrary(
        names=tuple(names),
        spectra=np.asarray(spectra),
        wavelengths_nm=scene.wavelengths_nm,
        fwhm_nm=scene.fwhm_nm,
        attributes={key: tuple(values) for key, values in attributes.items()},
    )
    library.write_sli(folder / "endmembers.sli")
    library.write_csv(folder / "endmembers.csv")
    library.write_json(folder / "endmembers.json")
    write_places(folder, "places", places, {"name": names} | labels)
    whole = {
        "software": f"unmix {version('unmix')}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": input_of(scene),
        **record,
        "endmembers": names,
    }
    text = json.dumps(whole, indent=2, ensure_ascii=False)
    (folder / RECORD_NAME).write_text(f"{text}\n", encoding="utf-8")
    return names


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
