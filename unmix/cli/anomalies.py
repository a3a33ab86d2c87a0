"""``unmix anomalies``: what the materials of a scene do not explain."""

from pathlib import Path

import click

from unmix.cli.model_options import ModelOptions, with_model_options
from unmix.cli.options import memory_option, out_option, overwrite_option, say_json, scene_argument
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work


@click.command("anomalies")
@scene_argument
@out_option
@with_model_options
@click.option(
    "--false-alarm",
    type=click.FloatRange(1e-6, 0.1),
    default=1e-3,
    show_default=True,
    help="Share of the usual pixels that are called anomalies all the same.",
)
@click.option(
    "--patterns",
    "n_patterns",
    type=click.IntRange(1, 1000),
    default=30,
    show_default=True,
    help="Cosines along the spectrum that are looked at: more see narrower features, and more "
    "noise.",
)
@click.option(
    "--rare",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.005,
    show_default=True,
    help="Materials of the model with less than this share of the scene explain nothing.",
)
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
    **parameters: float,
) -> None:
    """Find pixels of SCENE that its common materials do not explain.

    OUT gets score.tif (of how many usual pixels one is as odd: 3 means a thousand; and the distance
    itself), anomalies.tif (the mask at the rate of false alarms), polygons of the anomalies with
    their area and scores (anomalies.gpkg, or GeoJSON without unmix[vector]), and run.json.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.anomaly_maps import write_anomalies
        from unmix.bundle.use_records import use_record
        from unmix.mapping import limited_memory
        from unmix.uses.anomalies import AnomalyDetector

        opened, model = model_options.of_scene(scene, scene_options, talk)
        detector = AnomalyDetector(
            model,
            false_alarm=parameters["false_alarm"],
            n_patterns=int(parameters["n_patterns"]),
            rare=parameters["rare"],
            random_state=model_options.seed,
        ).fit(opened)
        record = use_record("anomalies", opened, (model, model_options.folder), None, parameters)
        record["warnings"] = talk.warnings
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            scores = write_anomalies(
                opened, staged, detector, record=record, progress=talk.progress
            )
    say_json({"maps": str(out / "score.tif"), **scores})
