"""``unmix features``: few numbers for each pixel, in place of its many bands."""

from pathlib import Path

import click

from unmix.cli.model_options import ModelOptions, with_model_options
from unmix.cli.options import memory_option, out_option, overwrite_option, say_json, scene_argument
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work

brightness_option = click.option(
    "--brightness/--no-brightness",
    default=True,
    show_default=True,
    help="Whether the logarithm of the brightness is a feature.",
)

residual_option = click.option(
    "--residual",
    "n_residual",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Leading components of what the materials leave, as further features.",
)


@click.command("features")
@scene_argument
@out_option
@with_model_options
@brightness_option
@residual_option
@with_scene_options
@overwrite_option
@memory_option
def command(
    scene: Path,
    out: Path,
    scene_options: SceneOptions,
    model_options: ModelOptions,
    overwrite: bool,
    memory: int,
    brightness: bool,
    n_residual: int,
) -> None:
    """Reduce each pixel of SCENE to what it is made of.

    OUT gets features.tif with the fractions of the materials, the logarithm of the brightness and
    as many components of the residual as asked for; the model; and run.json.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.feature_maps import write_features
        from unmix.bundle.use_records import use_record, write_use_record
        from unmix.mapping import limited_memory
        from unmix.uses.features import SpectralFeatures

        opened, model = model_options.of_scene(scene, scene_options, talk)
        features = SpectralFeatures(model, brightness=brightness, n_residual=n_residual).fit(opened)
        said = {"brightness": brightness, "n_residual": n_residual}
        record = use_record("features", opened, model, model_options.folder, said)
        record["warnings"] = talk.warnings
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            scores = write_features(opened, staged, features, record=record, progress=talk.progress)
            model.save(staged / "model")
            write_use_record(staged, {**record, "scores": scores})
    say_json({"maps": str(out / "features.tif"), **scores})
