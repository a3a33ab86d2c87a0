"""The folder of a run, as layers of QGIS and as outputs of an algorithm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext

RASTERS = ("abundances", "uncertainty", "quality", "dominant", "composite", "quicklook")
LOADABLE = {
    "the scene in colours": "quicklook",
    "the dominant material": "dominant",
    "the fraction of each material": "abundances/*",
    "their uncertainty": "uncertainty",
    "how well pixels are explained": "quality",
    "the three most abundant materials as red, green, blue": "composite",
}
"""What can be opened, and its files; QGIS styles them by the QML files that lie beside them."""


def load_maps(folder: Path, chosen: Sequence[int], context: QgsProcessingContext) -> None:
    """Have QGIS open maps when the algorithm has ended, in one group.

    Parameters
    ----------
    folder : Path
        That unmix wrote.
    chosen : sequence of int
        Numbers of entries of `LOADABLE`.
    context : QgsProcessingContext
    """
    project = context.project()
    if project is None:  # there is nothing to open them in, as in qgis_process
        return
    names = list(LOADABLE.values())
    wanted = [names[number] for number in chosen]
    for place, (path, title) in enumerate(_layers(folder, wanted)):
        details = QgsProcessingContext.LayerDetails(title, project, path.stem)
        details.forceName = True  # the material's, whatever the settings say
        if hasattr(details, "groupName"):  # QGIS 3.32 and later
            details.groupName = folder.name
            details.layerSortKey = place
        context.addLayerToLoadOnCompletion(str(path), details)


def results_of(folder: Path) -> dict[str, Any]:
    """The outputs of an algorithm that wrote a folder."""
    record = _record(folder)
    return {
        "OUTPUT": str(folder),
        **{name.upper(): str(folder / f"{name}.tif") for name in RASTERS},
        "REPORT": str(folder / "report.html"),
        "MODEL_FOLDER": str(folder / "model"),
        "N_MATERIALS": record["model"]["n_endmembers"],
        "RESIDUAL_RMSE": record["scores"].get("residual_rmse"),
    }


def _layers(folder: Path, wanted: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Rasters with their titles, from the bottom up."""
    names = _record(folder)["model"]["endmember_names"]
    for pattern in wanted:
        paths = sorted(folder.glob(f"{pattern}.tif"))
        titles = names if pattern.endswith("*") else [pattern]
        yield from zip(paths, titles)  # noqa: B905  # Python 3.9 has no strict


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return record
