"""``unmix sparse``: a scene and a wide library in, maps of the few members that it shows out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.library_bands import on_common_bands
from unmix.cli.library_options import library_scale_option
from unmix.cli.options import say_json, scene_argument, seed_option
from unmix.cli.output_options import OutputOptions, with_output_options
from unmix.cli.scene_options import SceneOptions, with_scene_options

if TYPE_CHECKING:
    from scenes import SpectralLibrary
    from unmix.sparse_regression import SparseModel

N_SAMPLE = 2000
"""Pixels that the model is learned from."""


def number_from_0(value: str) -> str | float:
    """``auto``, or a number of at least 0."""
    if value == "auto":
        return value
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise click.BadParameter(f"{value!r} is neither auto nor a number from 0.")
    return number


@click.command("sparse")
@scene_argument
@click.option(
    "--library",
    "library_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Spectral library: a file, or a folder of spectra; it may hold hundreds.",
)
@library_scale_option
@with_output_options
@click.option(
    "--method",
    type=click.Choice(("sunsal", "collaborative", "topk")),
    default="sunsal",
    show_default=True,
    help="What is sparse: each pixel (sunsal), the scene as a whole (collaborative), or a pixel's "
    "number of materials is limited (topk).",
)
@click.option(
    "--sparsity",
    type=number_from_0,
    default="auto",
    show_default=True,
    metavar="auto|FLOAT",
    help="Weight of the penalty in noise units; auto takes it from the noise.",
)
@click.option(
    "--k",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Most materials in a pixel, by topk.",
)
@click.option("--sum-to-one", is_flag=True, help="Abundances sum to one, whatever the light.")
@seed_option
@with_scene_options
def command(
    scene: Path,
    library_path: Path,
    library_scale: float | None,
    output: OutputOptions,
    scene_options: SceneOptions,
    seed: int,
    **chosen: Any,  # noqa: ANN401  # options of one name with learn_sparse's parameters
) -> None:
    """Unmix SCENE with the few members of a wide library that it shows.

    OUT gets fractions.tif (a band for each member that is present in more than 1 % of the sampled
    pixels, the rest together in "other"), residual.tif, materials.tif (how many fractions exceed
    .01), brightness.tif (the sum of the abundances), members.sli and run.json.
    """
    with output.at_work() as talk:
        from unmix.bundle.run import record_of
        from unmix.bundle.sparse_maps import write_sparse
        from unmix.inputs import learnable
        from unmix.sparse_regression import learn_sparse

        opened = scene_options.open(scene)
        opened, library = on_common_bands(library_path, opened, scale=library_scale, leave_out=True)
        talk.progress("learning", 0.0)
        sample = opened.sample(N_SAMPLE, random_state=seed)
        spectra = library.spectra.astype("float64")
        model = learn_sparse(sample[learnable(sample)], _tensor(spectra), **chosen)
        talk.close()
        record = record_of("sparse", opened) | {
            "library": {"path": str(library_path), "n_spectra": len(library)},
            "model": _described(model, library),
            "parameters": {**chosen, "seed": seed},
            "warnings": talk.warnings,
        }
        with output.staged() as staged:
            scores = write_sparse(
                opened, staged, model, library, record=record, progress=talk.progress
            )
    say_json({"maps": str(output.out / "fractions.tif"), **record["model"], **scores})


def _tensor(values: Any) -> Any:  # noqa: ANN401  # torch is imported late
    import torch

    return torch.from_numpy(values)


def _described(model: "SparseModel", library: "SpectralLibrary") -> dict[str, Any]:
    """What was learned."""
    return {
        "method": model.method,
        "members": [library.names[k] for k in model.members.tolist()],
        "shares": model.shares.tolist(),
        "sparsity": model.sparsity,
        "noise": model.prior.noise,
        "brightness_spread": model.prior.spread,
        "duality_gap": model.gap,
    }
