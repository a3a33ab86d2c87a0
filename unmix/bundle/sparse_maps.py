"""Maps of sparse regression: the members of a library that a scene shows, and the rest in one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scenes import Scene, SpectralLibrary
from scenes.blocks import Block
from unmix.bundle.class_maps import write_error_style, write_fraction_style, write_record
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.errors import UnmixError
from unmix.mapping import Progress, silent
from unmix.sparse_regression import SparseModel

LEAST_SHARE = 0.01
"""A member has a map of its own if it is present in a larger share of the sampled pixels."""
OTHER = "other"


def write_sparse(
    scene: Scene,
    folder: Path,
    model: SparseModel,
    library: SpectralLibrary,
    *,
    record: Mapping[str, Any],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write fractions, residual and number of materials, the members' spectra, and the record.

    Parameters
    ----------
    scene : Scene
    folder : Path
        Empty; see `unmix.staging.staged_folder`.
    model : SparseModel
        Learned from the scene.
    library : SpectralLibrary
        That it was learned with, on the bands of the scene.
    record : mapping
        Where the maps come from; kept in their tags too.
    progress : callable

    Returns
    -------
    dict
        The scores of the record: pixels, mean residual, number and fractions.

    Raises
    ------
    UnmixError
        If no member explains any pixel.
    SceneError
        If the scene cannot be read.
    """
    shown = model.shares > LEAST_SHARE
    kept = library.take(model.members.numpy())
    names = [name for name, own in zip(kept.names, shown.tolist(), strict=True) if own]
    sums = np.zeros(len(names) + 4)

    def of_block(block: Block) -> Maps:
        read = model.read(block.spectra)
        rest = read.fractions[:, ~shown].sum(dim=1, keepdim=True)
        fractions = torch.cat([read.fractions[:, shown], rest], dim=1)
        others = torch.stack([read.residual, read.n_materials, read.brightness], dim=1)
        mapped = fractions.isfinite().all(dim=1)
        sums[:-1] += (
            torch.cat([fractions, others[:, :2]], dim=1)[mapped].double().sum(dim=0).numpy()
        )
        sums[-1] += int(mapped.sum())
        others[~mapped] = torch.nan
        parts = others.split(1, dim=1)
        return {"fractions": block.to_map(fractions)} | {
            name: block.to_map(part)
            for name, part in zip(("residual", "materials", "brightness"), parts, strict=True)
        }

    files = [
        MapFile("fractions", [*names, OTHER], units="fraction"),
        MapFile("residual", ["residual RMSE"], units=scene.unit),
        MapFile("materials", ["number of materials"]),
        MapFile("brightness", ["sum of the abundances"]),
    ]
    write_maps(scene, folder, files, of_block, record=dict(record), progress=progress)
    scores = _scores(sums, names, scene)
    write_fraction_style(folder)
    write_error_style(folder, "residual", 3 * scores["mean_residual_rmse"], scene.unit)
    kept.write_sli(folder / "members.sli")
    kept.write_csv(folder / "members.csv")
    write_record(folder, {**record, "scores": scores})
    return scores


def _scores(sums: np.ndarray, names: list[str], scene: Scene) -> dict[str, Any]:
    """Means over the pixels that are explained."""
    n_mapped = int(sums[-1])
    if n_mapped == 0:
        raise UnmixError(
            f"No spectrum of the library explains any pixel of {scene.name}. Check that both are "
            "reflectance from 0 to 1."
        )
    *fractions, residual, number = (sums[:-1] / n_mapped).tolist()
    return {
        "n_pixels": n_mapped,
        "mean_residual_rmse": residual,
        "mean_n_materials": number,
        "mean_fractions": [
            {"name": name, "fraction": fraction}
            for name, fraction in zip([*names, OTHER], fractions, strict=True)
        ],
    }
