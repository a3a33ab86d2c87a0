"""``unmix classify``: a scene and a few labels in, a map of classes out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.features import brightness_option, residual_option
from unmix.cli.model_options import ModelOptions, with_model_options
from unmix.cli.options import memory_option, out_option, overwrite_option, say_json, scene_argument
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import Talk, at_work

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.bundle.class_training import Trained
    from unmix.unmixer import Unmixer
    from unmix.uses.features import SpectralFeatures

NAMES = ("logistic", "lda", "forest", "neighbours", "svm")
"""Of `unmix.uses.classification.CLASSIFIERS`, known without loading scikit-learn."""


@click.command("classify")
@scene_argument
@out_option
@click.option(
    "--labels",
    "labels_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Points or polygons (GeoJSON; others with unmix[vector]), or a raster of class numbers on "
    "the grid of the scene, 0 meaning no label.",
)
@click.option("--class", "field", help="Field of the labels that holds the class.")
@click.option(
    "--all-touched", is_flag=True, help="Label all pixels that a polygon touches, not its inside."
)
@click.option(
    "--classifier", type=click.Choice(NAMES), default=NAMES[0], show_default=True, help="By name."
)
@click.option(
    "--folds",
    "n_folds",
    type=click.IntRange(2, 50),
    default=5,
    show_default=True,
    help="Of the cross-validation, made of whole polygons.",
)
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
    labels_path: Path,
    overwrite: bool,
    memory: int,
    **said: Any,  # noqa: ANN401  # how labels are read, features made and classes learned
) -> None:
    """Map classes of SCENE from labelled points, polygons or pixels.

    The fractions of a model's materials and the brightness are the features. OUT gets classes.tif
    (named and coloured), probabilities.tif, confusion.json with cross-validated scores, the
    features that it was trained on (training.npz), the model and run.json.
    """
    from unmix.staging import check_free, staged_folder

    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.feature_maps import write_classes
        from unmix.bundle.use_records import use_record, write_use_record
        from unmix.mapping import limited_memory

        opened, model = model_options.of_scene(scene, scene_options, talk)
        features, trained = _trained(opened, model, labels_path, said, model_options.seed, talk)
        record = use_record("classify", opened, model, model_options.folder, said) | {
            "labels": str(labels_path),
            "labelled_pixels": trained.labels.counts,
            "warnings": talk.warnings,
        }
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            mapped = write_classes(
                opened,
                staged,
                features,
                trained.classifier,
                trained.names,
                record=record,
                progress=talk.progress,
            )
            model.save(staged / "model")
            trained.write(staged)
            scores = mapped | {"cross_validated": trained.described()}
            write_use_record(staged, {**record, "scores": scores})
    say_json({"maps": str(out / "classes.tif"), **scores})


def _trained(
    scene: "Scene",
    model: "Unmixer",
    labels_path: Path,
    said: dict[str, Any],
    seed: int,
    talk: Talk,
) -> "tuple[SpectralFeatures, Trained]":
    """The features of a scene, and a classifier of its labels."""
    from scenes.labels import read_labels
    from unmix.bundle.class_training import Trained
    from unmix.uses.classification import make_classifier
    from unmix.uses.features import SpectralFeatures

    labels = read_labels(labels_path, scene, field=said["field"], all_touched=said["all_touched"])
    if labels.n_contradicting:
        talk.say(f"{labels.n_contradicting} pixels with labels of different classes are left out.")
    features = SpectralFeatures(model, brightness=said["brightness"], n_residual=said["n_residual"])
    features.fit(scene)
    trained = Trained.on(
        scene,
        labels,
        features,
        make_classifier(said["classifier"], seed),
        n_folds=said["n_folds"],
        random_state=seed,
    )
    return features, trained
