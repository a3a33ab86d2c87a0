"""``unmix mesma``: a scene and class bundles in, the best small mixture of every pixel out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from unmix.cli.library_options import ClassOptions, with_class_options
from unmix.cli.options import device_option, say_json, scene_argument, seed_option
from unmix.cli.output_options import OutputOptions, with_output_options
from unmix.cli.scene_options import SceneOptions, with_scene_options


def some_levels(context: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
    """Levels from words such as ``2,3,4``."""
    words = value.replace(",", " ").split()
    if not words or not all(word in ("2", "3", "4", "5") for word in words):
        raise click.BadParameter(f"{value!r} must be some of 2, 3, 4 and 5, such as 2,3,4.")
    return tuple(map(int, words))


@click.command("mesma")
@scene_argument
@with_class_options
@with_output_options
@click.option(
    "--levels",
    default="2,3",
    show_default=True,
    callback=some_levels,
    metavar="NUMBERS",
    help="How many endmembers a model may have, shade among them: some of 2 to 5.",
)
@click.option(
    "--shade",
    metavar="NAME",
    help="Spectrum of the library that is shade; without it shade is zero in all bands.",
)
@click.option("--min-fraction", type=float, default=-0.05, show_default=True, help="Of a class.")
@click.option("--max-fraction", type=float, default=1.05, show_default=True, help="Of a class.")
@click.option("--min-shade", type=float, default=0.0, show_default=True, help="Fraction of shade.")
@click.option("--max-shade", type=float, default=0.8, show_default=True, help="Fraction of shade.")
@click.option(
    "--max-rmse",
    type=float,
    default=0.025,
    show_default=True,
    help="Largest root mean square residual of a model; inf for any.",
)
@click.option(
    "--min-gain",
    type=float,
    default=0.007,
    show_default=True,
    help="What a level must take off the RMSE to be chosen before a lower one.",
)
@click.option(
    "--max-models",
    type=click.IntRange(min=1),
    help="Try so many models of a level, drawn at random, where there are more.",
)
@seed_option
@device_option
@with_scene_options
def command(
    scene: Path,
    output: OutputOptions,
    scene_options: SceneOptions,
    class_options: ClassOptions,
    shade: str | None,
    device: str,
    **chosen: Any,  # noqa: ANN401  # options of one name with MesmaSettings' fields
) -> None:
    """Unmix SCENE with the best of all small mixtures of a library's spectra (MESMA).

    A model has one spectrum of each of a few classes, and shade. OUT gets fractions.tif (of what is
    lit: shade is divided out), shade.tif, rmse.tif, level.tif, spectra.tif (which spectrum of each
    class, by its number in the library from 0, -1 for none) and run.json. The library is resampled
    to the bands of the scene.
    """
    with output.at_work() as talk:
        from unmix.bundle.mesma_maps import write_mesma
        from unmix.bundle.run import record_of
        from unmix.device import resolve_device
        from unmix.mesma import Mesma, MesmaSettings

        settings = MesmaSettings(**chosen)
        opened, bundles, library = class_options.open(scene_options.open(scene), shade)
        models = Mesma.of(
            bundles.spectra,
            bundles.class_of,
            settings,
            shade=bundles.shade,
            device=resolve_device(device),
        )
        record = record_of("mesma", opened) | {
            "library": library,
            "parameters": {"shade": shade, **finite(asdict(settings))},
            "n_models": {str(level): n for level, n in models.n_models.items()},
            "warnings": talk.warnings,
        }
        with output.staged() as staged:
            scores = write_mesma(
                opened, staged, models, bundles, record=record, progress=talk.progress
            )
    maps = str(output.out / "fractions.tif")
    say_json({"maps": maps, "classes": list(bundles.classes), **scores})


def finite(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON can hold them: null where there is no limit."""
    infinite = (float("inf"), float("-inf"))
    return {name: None if value in infinite else value for name, value in parameters.items()}
