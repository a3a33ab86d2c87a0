"""``unmix features``: few numbers for each pixel, in place of its many bands."""

from pathlib import Path

import click

from unmix.cli.feature_options import FeatureOptions, with_feature_options
from unmix.cli.options import memory_option, out_option, overwrite_option, say_json, scene_argument
from unmix.cli.talk import at_work


@click.command("features")
@scene_argument
@out_option
@with_feature_options("fractions")
@overwrite_option
@memory_option
def command(scene: Path, out: Path, said: FeatureOptions, overwrite: bool, memory: int) -> None:
    """Reduce each pixel of SCENE to what it is made of.

    OUT gets features.tif, by default with the fractions of the materials and the logarithm of the
    brightness; the model or network that they come from; and run.json.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.feature_maps import write_features
        from unmix.mapping import limited_memory
        from unmix.staging import write_record

        opened, features, record = said.of_scene("features", scene, talk, {})
        record["warnings"] = talk.warnings
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            scores = write_features(opened, staged, features, record=record, progress=talk.progress)
            features.save(staged)
            write_record(staged, {**record, "scores": scores})
    say_json({"maps": str(out / "features.tif"), **scores})
