"""``unmix classify``: a scene and a few labels in, a map of classes out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.feature_options import FeatureOptions, MadeFeatures, with_feature_options
from unmix.cli.options import memory_option, out_option, overwrite_option, say_json, scene_argument
from unmix.cli.talk import Talk, at_work

if TYPE_CHECKING:
    from scenes import Scene
    from scenes.labels import Labels
    from unmix.bundle.class_training import Trained

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
@click.option(
    "--fine-tune",
    is_flag=True,
    help="Let the network behind the features learn on from the labels first; how long, held-out "
    "labels say.",
)
@click.option(
    "--fine-tune-steps",
    "tuning_steps",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="Steps of --fine-tune at most.",
)
@with_feature_options("fractions")
@overwrite_option
@memory_option
def command(
    scene: Path,
    out: Path,
    said: FeatureOptions,
    labels_path: Path,
    overwrite: bool,
    memory: int,
    **how: Any,  # noqa: ANN401  # labels are read and classes learned
) -> None:
    """Map classes of SCENE from labelled points, polygons or pixels.

    OUT gets classes.tif (named and coloured), probabilities.tif, confusion.json with
    cross-validated scores, the features that it was trained on (training.npz), the model or
    network that they come from, and run.json.
    """
    from unmix.staging import check_free, staged_folder, write_record

    if how["fine_tune"] and said.network_kind is None:
        raise click.UsageError("--fine-tune teaches a network; add convolutional to --kind.")
    check_free(out, overwrite=overwrite)
    with at_work() as talk:
        from unmix.bundle.feature_maps import write_classes
        from unmix.mapping import limited_memory

        labels = _labels(said.scene_options.open(scene), labels_path, how, talk)
        made = said.of_scene("classify", scene, talk, how)
        trained = _trained(made, labels, how, said.model_options.seed, talk)
        record = made.record | {
            "labels": str(labels_path),
            "labelled_pixels": trained.given.labels.counts,
            "warnings": talk.warnings,
        }
        with staged_folder(out, overwrite=overwrite) as staged, limited_memory(memory):
            features = trained.given.features
            mapped = write_classes(
                made.scene,
                staged,
                features,
                trained.classifier,
                trained.names,
                record=record,
                progress=talk.progress,
            )
            features.save(staged)
            trained.write(staged)
            scores = mapped | {"cross_validated": trained.described()}
            write_record(staged, {**record, "scores": scores})
    say_json({"maps": str(out / "classes.tif"), **scores})


def _labels(scene: "Scene", path: Path, how: dict[str, Any], talk: Talk) -> "Labels":
    """The labels on a scene, before anything is learned of it: they may be unfit."""
    from scenes.errors import counted
    from scenes.labels import read_labels
    from unmix.uses.classification import check_classes_to_learn

    labels = read_labels(path, scene, field=how["field"], all_touched=how["all_touched"])
    check_classes_to_learn(labels.classes, labels.names)
    if labels.n_contradicting:
        n_pixels = counted(labels.n_contradicting, "pixel")
        talk.say(f"{n_pixels} with labels of different classes: left out.")
    return labels


def _trained(
    made: MadeFeatures, labels: "Labels", how: dict[str, Any], seed: int, talk: Talk
) -> "Trained":
    """A classifier of the labels of a scene, and of features that may have learned from them."""
    from unmix.bundle.class_training import LabelledFeatures, Trained
    from unmix.uses.classification import make_classifier
    from unmix.uses.fine_tuning import FineTuning

    scene, features, _ = made
    given, folds = LabelledFeatures.of(scene, labels, features), how["n_folds"]
    if how["fine_tune"]:
        given = given.fine_tuned(
            scene,
            FineTuning(n_steps=how["tuning_steps"]),
            n_folds=folds,
            random_state=seed,
            progress=lambda share: talk.progress("fine-tuning", share),
        )
    classifier = make_classifier(how["classifier"], seed, given.features.blocks)
    return Trained.on(given, classifier, n_folds=folds, random_state=seed)
