"""``unmix demo``: the main job on a simulated scene, scored against its truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import out_option, overwrite_option, say_json, seed_option
from unmix.cli.talk import at_work

if TYPE_CHECKING:
    from unmix.pipeline import Unmixing
    from unmix.simulation.truth import Truth


@click.command("demo")
@out_option
@seed_option
@overwrite_option
def command(out: Path, seed: int, overwrite: bool) -> None:
    """Simulate a georeferenced scene, unmix it and score the maps against its truth.

    OUT gets two folders: scene, with the truth beside it, and maps.
    """
    from unmix.staging import check_free

    maps = out / "maps"
    check_free(maps, overwrite=overwrite)
    with at_work() as talk:
        from unmix.pipeline import unmix_scene
        from unmix.simulation import demo_simulation
        from unmix.simulation.truth import read_truth
        from unmix.simulation.write import write_simulated_scene

        simulation = demo_simulation(seed)
        (out / "scene").mkdir(parents=True, exist_ok=True)
        scene = write_simulated_scene(
            simulation,
            out / "scene" / "demo.hdr",
            overwrite=overwrite,
            progress=lambda done, total: talk.progress("simulating", done / total),
        ).scene
        result = unmix_scene(
            scene, n_endmembers=len(simulation.names), random_state=seed, progress=talk.progress
        )
        result.save(maps, overwrite=overwrite, progress=talk.progress)
        scored = score(result, read_truth(scene))
    say_json(
        {
            "scene": str(scene),
            "maps": str(maps / "abundances.tif"),
            "preview": str(maps / "preview.png"),
            "report": str(maps / "report.html"),
            "score": scored,
        }
    )
    click.echo(
        f"Open {maps / 'abundances.tif'} in a GIS, or {maps / 'report.html'} in a browser.",
        err=True,
    )


def score(result: "Unmixing", truth: "Truth") -> dict[str, Any]:
    """Mean spectral angle, abundance RMSE and share of the truth within two standard deviations.

    The first two are told of each material too.
    """
    import torch

    from unmix.metrics import match_endmembers, rmse, spectral_angle

    endmembers = torch.as_tensor(result.model.endmembers_)
    reference = torch.as_tensor(truth.endmembers[:, result.scene.bands_used])
    order = match_endmembers(endmembers, reference)
    found = torch.as_tensor(result.abundances()).flatten(1)[order]
    true = torch.as_tensor(truth.abundances).flatten(1)
    both = (found.isfinite() & true.isfinite()).all(dim=0)
    angles = spectral_angle(endmembers[order], reference)
    errors = rmse(found[:, both], true[:, both], dim=1)
    deviations = torch.as_tensor(result.uncertainty()).flatten(1)[order]
    within = (found - true).abs()[:, both] <= 2 * deviations[:, both]
    return {
        "mean_sad_rad": float(angles.mean()),
        "abundance_rmse": float(errors.mean()),
        "within_two_deviations": float(within.double().mean()),
        "materials": {
            name: {
                "endmember": result.model.endmember_names_[k],
                "sad_rad": float(angle),
                "abundance_rmse": float(error),
            }
            for name, k, angle, error in zip(
                truth.names, order.tolist(), angles, errors, strict=True
            )
        },
    }
