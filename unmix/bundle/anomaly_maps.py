"""Maps of anomalies, and polygons around them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenes import Scene
from scenes.blocks import Block
from scenes.export.colour import WHITE, Colour
from scenes.export.outlines import outlines_of, vector_suffix, write_outlines
from scenes.export.qml import class_style, ramp_style, write_style
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.run import map_grid_of
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent
from unmix.staging import write_record
from unmix.uses.anomalies import SCORE_NAMES, AnomalyDetector

_NO_CLASS = 255
_USUAL, _ODD = Colour(235, 235, 235), Colour(200, 0, 30)
_CLASSES = {0: ("usual", _USUAL), 1: ("anomaly", _ODD)}
_HIGHEST_SHOWN = 6.0  # of the score: one usual pixel in a million
_FILES = (
    MapFile("score", SCORE_NAMES, units="1"),
    MapFile(
        "anomalies",
        ["anomaly"],
        units="class",
        dtype="uint8",
        nodata=_NO_CLASS,
        overviews="mode",
        colormap={value: colour for value, (_, colour) in _CLASSES.items()},
        class_names={value: name for value, (name, _) in _CLASSES.items()},
    ),
)


def write_anomalies(
    scene: Scene,
    folder: Path,
    detector: AnomalyDetector,
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write score, mask, polygons, styles and the record of a search for anomalies.

    Parameters
    ----------
    scene : Scene
        On the bands of the detector's model.
    folder : Path
        Empty; see `unmix.staging.staged_folder`. It gets ``score.tif``, ``anomalies.tif``,
        ``anomalies.gpkg`` (``.geojson`` without the extra ``unmix[vector]``) and ``run.json``.
    detector : AnomalyDetector
        Fitted.
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
        If no pixel of the scene is valid.
    SceneError
        If the scene cannot be read.
    """
    limit = -np.log10(detector.false_alarm)
    counts = np.zeros(2, dtype=np.int64)

    def of_block(block: Block) -> Maps:
        scores = detector.scores(block.spectra)
        odd = (scores[:, :1] >= limit).float()
        odd[scores[:, :1].isnan()] = np.nan
        counts[:] += int(odd.isfinite().sum()), int((odd == 1).sum())
        return {"score": block.to_map(scores), "anomalies": block.to_map(odd)}

    write_maps(scene, folder, _FILES, of_block, record=dict(record), progress=progress)
    if not counts[0]:
        raise UnmixError(f"no pixel of {scene.name} is valid. Check its mask and nodata value.")
    write_style(folder / "score.tif", ramp_style(0, _HIGHEST_SHOWN, (WHITE, _ODD)))
    write_style(folder / "anomalies.tif", class_style(_CLASSES))
    outlines = list(outlines_of(folder / "anomalies.tif", folder / "score.tif"))
    polygons = f"anomalies{vector_suffix()}"
    write_outlines(folder / polygons, outlines, map_grid_of(scene).crs)
    scores = {
        "n_pixels": int(counts[0]),
        "n_anomalous": int(counts[1]),
        "n_expected_by_chance": detector.false_alarm * int(counts[0]),
        "distance_limit": detector.distance_limit_,
        "n_polygons": len(outlines),
        "polygons": polygons,
        "explained_by": detector.explained_by_,
    }
    write_record(folder, {**record, "scores": scores})
    return scores
