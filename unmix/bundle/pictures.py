"""What is made from the finished maps: classes, pictures and single maps."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenes.export import CogWriter, EnviWriter
from scenes.export.derived import Values, derive
from scenes.export.together import together
from unmix.bundle.classes import NO_CLASS, classes_of
from unmix.bundle.envi_copies import envi_classes, envi_copy
from unmix.bundle.layers import RAW_PICTURE, picture_bands
from unmix.bundle.run import NODATA, Run
from unmix.bundle.summary import Summary
from unmix.report.quicklook import Quicklook
from unmix.save_options import SaveOptions

SPLIT_FOLDER = "abundances"
_FULL = 255  # uint8 pictures: 0 is nodata, 1 to 255 are black to full
_PERCENTILES = (2, 98)
_Block = NDArray[np.float32]


def split_name(number: int, name: str) -> str:
    """Name of the file with one abundance map.

    Examples
    --------
    >>> split_name(3, "Kaolinite (CM9), 2 µm")
    '03_kaolinite_cm9_2_m'
    """
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"{number:02d}_{word}".rstrip("_")


def write_pictures(
    run: Run, source: Path, summary: Summary, options: SaveOptions, labels: dict[str, Any]
) -> None:
    """Write what is made from a finished layer, which is read once more, beside it.

    Parameters
    ----------
    run : Run
    source : Path
        The layer.
    summary : Summary
        Of all blocks.
    options : SaveOptions
    labels : dict
        See `unmix.bundle.layers.labels_of`.
    """
    folder = source.parent
    targets: list[tuple[CogWriter | EnviWriter, Values]] = []
    if source.stem == "abundances":
        targets += _from_abundances(run, folder, summary, options, labels)
    if source.stem == RAW_PICTURE:
        targets.append(_quicklook(run, folder, summary.look, labels))
    elif options.map_format == "envi":
        targets.append((envi_copy(run, source), np.asarray))
        if source.stem == "abundances":
            targets.append((envi_classes(run, folder), dominant_of))
    if targets:
        with together([writer for writer, _ in targets]):
            derive(source, targets)
    if source.stem == RAW_PICTURE:
        source.unlink()


def dominant_of(abundances: _Block) -> _Block:
    """Number, from 1, of the largest of the abundances (n_endmembers, height, width).

    Returns
    -------
    float32 array of shape (1, height, width)
        NaN where there are none; the first of several that are equal.
    """
    known = np.isfinite(abundances).all(axis=0)
    largest = np.where(known, abundances, 0).argmax(axis=0) + 1
    return np.where(known, largest, np.nan)[None].astype(np.float32)


def largest_three(mean_abundances: ArrayLike) -> list[int]:
    """Indices of the endmembers with the largest mean abundances, largest first; at most three.

    Examples
    --------
    >>> largest_three([0.1, 0.5, 0.15, 0.25])
    [1, 3, 2]
    """
    order: list[int] = np.argsort(-np.asarray(mean_abundances), kind="stable").tolist()
    return order[:3]


def bytes_of(values: _Block, low: ArrayLike, high: ArrayLike) -> _Block:
    """Stretch three bands to 1..255, each between its two limits; NaN stays NaN.

    Parameters
    ----------
    values : array of shape (3, height, width)
    low, high : arrays of shape (3,)
    """
    black = np.reshape(np.asarray(low, dtype=np.float32), (-1, 1, 1))
    full = np.reshape(np.asarray(high, dtype=np.float32), (-1, 1, 1))
    share = np.clip((values - black) / np.maximum(full - black, 1e-9), 0, 1)
    return (1 + (_FULL - 1) * share).astype(np.float32)


def stretch_of(look: Quicklook) -> NDArray[np.float64]:
    """Limits (2, 3) between which the colours of the scene are shown."""
    if not np.isfinite(look.picture).any():
        return np.array([[0.0] * 3, [1.0] * 3])
    return np.nanpercentile(look.picture, _PERCENTILES, axis=(0, 1))


def _from_abundances(
    run: Run, folder: Path, summary: Summary, options: SaveOptions, labels: dict[str, Any]
) -> list[tuple[CogWriter | EnviWriter, Values]]:
    names, grid = run.model.endmember_names_, run.map_grid
    classes = classes_of(names)
    dominant = CogWriter(
        folder / "dominant.tif",
        grid,
        ["dominant endmember"],
        units="class",
        dtype="uint8",
        nodata=NO_CLASS,
        overviews="mode",
        colormap={value: colour for value, (_, colour) in classes.items()},
        class_names={value: name for value, (name, _) in classes.items()},
        **labels,
    )
    chosen = largest_three(summary.sums)
    shown = [names[k] for k in chosen] + ["none"] * (3 - len(chosen))
    composite = _picture_writer(run, folder / "composite.tif", shown, labels)

    def three(block: _Block) -> _Block:
        picked = np.where(np.isfinite(block[:1]), np.zeros((3, 1, 1), np.float32), np.nan)
        picked[: len(chosen)] = block[chosen]
        return bytes_of(picked, [0] * 3, [1] * 3)

    targets: list[tuple[CogWriter | EnviWriter, Values]] = [
        (dominant, dominant_of),
        (composite, three),
    ]
    if options.split:
        (folder / SPLIT_FOLDER).mkdir()
        for k, name in enumerate(names):
            path = folder / SPLIT_FOLDER / f"{split_name(k + 1, name)}.tif"
            writer = CogWriter(path, grid, [name], units="fraction", nodata=NODATA, **labels)
            targets.append((writer, lambda block, k=k: block[k : k + 1]))  # type: ignore[misc]
    return targets


def _quicklook(
    run: Run, folder: Path, look: Quicklook, labels: dict[str, Any]
) -> tuple[CogWriter, Values]:
    low, high = stretch_of(look)
    writer = _picture_writer(run, folder / "quicklook.tif", picture_bands(run, look), labels)
    return writer, lambda block: bytes_of(block, low, high)


def _picture_writer(run: Run, path: Path, names: list[str], labels: dict[str, Any]) -> CogWriter:
    return CogWriter(
        path, run.map_grid, names, units="", dtype="uint8", nodata=0, picture=True, **labels
    )
