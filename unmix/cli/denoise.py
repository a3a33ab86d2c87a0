"""``unmix denoise``: a scene in, the same scene without its noise out."""

from pathlib import Path
from typing import Any, Literal

import click

from unmix.cli.network import learned_network, network_record, steps_option
from unmix.cli.options import device_option, say_json, scene_argument, seed_option
from unmix.cli.output_options import OutputOptions, with_output_options
from unmix.cli.scene_options import SceneOptions, with_scene_options


@click.command("denoise")
@scene_argument
@with_output_options
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
@steps_option
@seed_option
@device_option
@with_scene_options
def command(
    scene: Path,
    output: OutputOptions,
    scene_options: SceneOptions,
    map_format: Literal["geotiff", "envi"],
    n_codes: int,
    **chosen: Any,  # noqa: ANN401  # of the network; see `learned_network`
) -> None:
    """Take the noise out of SCENE.

    A network learns from the scene itself which spectra occur in it, by undoing noise like the
    scene's own. The folder OUT gets the cube (denoised.tif, or denoised.img with its header) with
    the wavelengths of the bands in use, the network, and run.json.
    """
    with output.at_work() as talk:
        from unmix.bundle.network_maps import write_denoised
        from unmix.staging import write_record

        opened = scene_options.open(scene)
        model = learned_network(
            opened, None, talk, member="denoising", n_endmembers=n_codes, **chosen
        )
        record = network_record("denoise", opened, model) | {
            "parameters": {"format": map_format, "n_codes": n_codes},
            "warnings": talk.warnings,
        }
        noise = {"noise": model.network_.noise * model.network_.size}
        with output.staged() as staged:
            scores = noise | write_denoised(
                opened, staged, model, map_format=map_format, record=record, progress=talk.progress
            )
            model.save(staged / "model")
            write_record(staged, {**record, "scores": scores})
    name = "denoised.tif" if map_format == "geotiff" else "denoised.img"
    say_json({"cube": str(output.out / name), **scores})
