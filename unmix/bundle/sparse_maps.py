"""Maps of sparse regression: the members of a library that a scene shows, and the rest in one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from scenes import Scene, SpectralLibrary
from scenes.blocks import Block
from unmix.bundle.map_files import MapFile, Maps, write_maps
from unmix.bundle.styles import write_error_style, write_fraction_style
from unmix.bundle.tally import Tally
from unmix.mapping import Progress, silent
from unmix.sparse_regression import SparseModel
from unmix.staging import write_record

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
    scene, folder, record, progress
        See `unmix.bundle.map_files.write_maps`.
    model : SparseModel
        Learned from the scene.
    library : SpectralLibrary
        That it was learned with, on the bands of the scene.

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
    names = [name for name, own in zip(kept.names, shown.tolist(), strict=True) if own] + [OTHER]
    tally = Tally()

    def of_block(block: Block) -> Maps:
        read = model.read(block.spectra)
        rest = read.fractions[:, ~shown].sum(dim=1, keepdim=True)
        fractions = torch.cat([read.fractions[:, shown], rest], dim=1)
        tally.add(read.residual, read.n_materials, fractions)
        gap = torch.where(fractions.isfinite().all(dim=1), 0, torch.nan)
        return {
            "fractions": block.to_map(fractions),
            "residual": block.to_map((read.residual + gap)[:, None]),
            "materials": block.to_map((read.n_materials + gap)[:, None]),
            "brightness": block.to_map((read.brightness + gap)[:, None]),
        }

    files = [
        MapFile("fractions", names, units="fraction"),
        MapFile("residual", ["residual RMSE"], units=scene.unit),
        MapFile("materials", ["number of materials"]),
        MapFile("brightness", ["sum of the abundances"]),
    ]
    write_maps(scene, folder, files, of_block, record=record, progress=progress)
    residual, number, *means = tally.means(
        scene, "is explained by a spectrum of the library. Check that both are reflectance, 0 to 1."
    )
    scores = {
        "n_pixels": tally.n_mapped,
        "mean_residual_rmse": residual,
        "mean_n_materials": number,
        "mean_fractions": [
            {"name": name, "fraction": mean} for name, mean in zip(names, means, strict=True)
        ],
    }
    write_fraction_style(folder)
    write_error_style(folder, "residual", 3 * residual, scene.unit)
    kept.write_sli(folder / "members.sli")
    kept.write_csv(folder / "members.csv")
    write_record(folder, {**record, "scores": scores})
    return scores
