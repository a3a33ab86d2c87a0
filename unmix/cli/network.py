"""``unmix network``: a scene mapped by a member of the autoencoder family."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import device_option, say_json, scene_argument, seed_option
from unmix.cli.output_options import OutputOptions, with_output_options
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import Talk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scenes import Scene
    from unmix.networks import NetworkUnmixer

NAMES = ("sparse", "convolutional", "variational", "adversarial", "conditional")
"""Members that have endmembers to be mapped; known without importing torch."""


steps_option = click.option(
    "--steps", type=click.IntRange(min=1), help="Steps of the training, if not the member's own."
)


@click.command("network")
@scene_argument
@with_output_options
@click.option(
    "--member",
    type=click.Choice(NAMES),
    default="convolutional",
    show_default=True,
    help="Which network; what each is good for is said in docs/family.md.",
)
@click.option(
    "-n",
    "--number",
    "n_endmembers",
    type=click.IntRange(min=2),
    default=5,
    show_default=True,
    help="How many materials; for sparse, units of the dictionary.",
)
@steps_option
@click.option(
    "--model",
    "model_folder",
    type=click.Path(path_type=Path),
    help="A network fitted before, such as out/model; nothing is learned then.",
)
@click.option(
    "--side",
    "side_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="GeoTIFF on the grid of SCENE with what else is known of each pixel; for conditional.",
)
@seed_option
@device_option
@with_scene_options
def command(
    scene: Path,
    output: OutputOptions,
    scene_options: SceneOptions,
    side_path: Path | None,
    model_folder: Path | None,
    **chosen: Any,  # noqa: ANN401  # of the network; see `learned_network`
) -> None:
    """Map SCENE with a network other than the default model.

    OUT gets abundances.tif, quality.tif, uncertainty.tif (variational), endmember spectra, the
    network itself, and run.json.
    """
    with output.at_work() as talk:
        from unmix.bundle.network_maps import write_network_maps
        from unmix.bundle.spectra import write_endmembers
        from unmix.networks import NetworkUnmixer
        from unmix.staging import write_record

        if model_folder is None:
            opened = scene_options.open(scene)
            side = _side(opened, side_path)
            model = learned_network(opened, side, talk, **chosen)
        else:
            opened = scene_options.open_for_model(scene)
            side, model = _side(opened, side_path), NetworkUnmixer.load(model_folder)
            model.device = chosen["device"]
        record = network_record("network", opened, model) | {
            "parameters": {
                "model": None if model_folder is None else str(model_folder),
                "side": None if side_path is None else str(side_path),
            },
            "warnings": talk.warnings,
        }
        with output.staged() as staged:
            scores = write_network_maps(
                opened, staged, model, side=side, record=record, progress=talk.progress
            )
            write_endmembers(model, staged)
            model.save(staged / "model")
            write_record(staged, {**record, "scores": scores})
    say_json({"maps": str(output.out / "abundances.tif"), "member": model.member, **scores})


def network_record(name: str, scene: "Scene", model: "NetworkUnmixer") -> dict[str, Any]:
    """What the record of a run says of a network."""
    from unmix.bundle.run import record_of

    return record_of(name, scene) | {
        "model": {
            "member": model.member,
            "settings": asdict(model.network_.settings),
            "n_endmembers": model.n_endmembers_,
            "endmember_names": model.endmember_names_,
            "n_dead": model.n_dead_,
            "loss": model.loss_,
            "deviation_scale": model.deviation_scale_,
            "seed": model.seed_,
            "fitted_on": model.source_,
        },
    }


def learned_network(
    scene: "Scene",
    side: "NDArray[np.float32] | None",
    talk: Talk,
    *,
    member: str,
    n_endmembers: int,
    steps: int | None,
    seed: int,
    device: str,
) -> "NetworkUnmixer":
    """Fit a network to a scene; the options are those of the command line."""
    from unmix.networks import MEMBERS, NetworkUnmixer

    settings = MEMBERS[member]
    if steps is not None:
        settings = replace(settings, training=replace(settings.training, n_steps=steps))
    model = NetworkUnmixer(
        n_endmembers,
        member=member,
        settings=settings,
        random_state=seed,
        device=device,
        progress=lambda share: talk.progress("learning", share),
    )
    return model.fit(scene, side=side)


def _side(scene: "Scene", path: Path | None) -> "NDArray[np.float32] | None":
    """The bands of a raster on the grid of the scene, NaN where it has no value."""
    if path is None:
        return None
    import numpy as np

    from scenes.formats.raster_pixels import open_raster
    from unmix.errors import UnmixError

    with open_raster(path, "GTiff") as dataset:
        bands = dataset.read(masked=True)
    if bands.shape[1:] != (scene.height, scene.width):
        raise UnmixError(
            f"{path.name} has {bands.shape[1]} x {bands.shape[2]} pixels, but the part of the "
            f"scene in use {scene.height} x {scene.width}. Give a raster on the grid of the scene."
        )
    values: NDArray[np.float32] = bands.astype(np.float32).filled(np.nan)
    return values
