"""``unmix denoise``: a scene in, the same scene without its noise out."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from unmix.cli.options import (
    device_option,
    memory_option,
    out_option,
    overwrite_option,
    say_json,
    scene_argument,
    seed_option,
)
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work


@click.command("denoise")
@scene_argument
@out_option
@click.option(
    "--format",
    "map_format",
    type=click.Choice(["geotiff", "envi"]),
    default="geotiff",
    show_default=True,
    help="Of the cube.",
)
@click.option(
    "--codes",
    "n_codes",
    type=click.IntRange(min=2),
    default=64,
    show_default=True,
    help="Numbers that a spectrum is described by on its way.",
)
@click.option(
    "--steps", type=click.IntRange(min=1), help="Steps of the training, if not the member's own."
)
@seed_option
@device_option
@with_scene_options
@overwrite_option
@memory_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    map_format: Literal["geotiff", "envi"],
    overwrite: bool,
    memory: int,
    **chosen: Any,  # noqa: ANN401  # of the network; see `_settings`
) -> None:
    """Take the noise out of SCENE.

    A network learns from the scene itself which spectra occur in it, by undoing noise like the
    scene's own. The folder OUT gets the cube (denoised.tif, or denoised.img with its header) with
    the wavelengths of the bands in use, the network, and run.json.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.network_maps import write_denoised
        from unmix.bundle.use_records import write_use_record
        from unmix.cli.network import network_record
        from unmix.mapping import limited_memory
        from unmix.networks import MEMBERS, NetworkUnmixer

        opened = scene_options.open(scene)
        settings, steps = MEMBERS["denoising"], chosen["steps"]
        if steps is not None:
            settings = replace(settings, training=replace(settings.training, n_steps=steps))
        model = NetworkUnmixer(
            chosen["n_codes"],
            member="denoising",
            settings=settings,
            random_state=chosen["seed"],
            device=chosen["device"],
            progress=lambda share: talk.progress("learning", share),
        ).fit(opened)
        record = network_record("denoise", opened, model) | {"warnings": talk.warnings}
        record["parameters"] = {"format": map_format, "n_codes": chosen["n_codes"]}
        noise = {"noise": model.network_.noise * model.network_.size}
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            scores = noise | write_denoised(
                opened, staged, model, map_format=map_format, record=record, progress=talk.progress
            )
            model.save(staged / "model")
            write_use_record(staged, {**record, "scores": scores})
    name = "denoised.tif" if map_format == "geotiff" else "denoised.img"
    say_json({"cube": str(out / name), **scores})
