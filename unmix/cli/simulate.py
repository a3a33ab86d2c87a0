"""``unmix simulate``: a scene with known truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from unmix.cli.options import overwrite_option, say_json, seed_option
from unmix.cli.talk import at_work

if TYPE_CHECKING:
    from unmix.simulation import Simulation
    from unmix.simulation.contents import SceneContents

DEFAULT_MATERIALS = "water,green vegetation,dry soil,sand,asphalt,kaolinite"
FLAGS = {"snr_db": "--snr", "rotation_deg": "--rotation", "nodata_border": "--border"}
"""Options whose settings are called otherwise."""


class Size(click.ParamType[tuple[int, int]]):
    """Rows and columns, such as 2000x1500."""

    name = "ROWSxCOLUMNS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read the two numbers."""
        rows, _, columns = str(value).lower().partition("x")
        if not (rows.isdigit() and columns.isdigit()):
            self.fail(f"{value!r} is not of the form 2000x1500 (rows x columns).", param, ctx)
        return int(rows), int(columns)


@click.command("simulate")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The scene: .hdr for ENVI, .tif for GeoTIFF. Its truth is written beside it.",
)
@click.option("--size", type=Size(), default="400x400", show_default=True, help="Rows x columns.")
@click.option("--sensor", default="emit", show_default=True, help="emit, enmap or aviris.")
@click.option(
    "--materials", default=DEFAULT_MATERIALS, show_default=True, help="Names, comma-separated."
)
@click.option("--snr", "snr_db", type=float, default=40.0, show_default=True, help="dB.")
@click.option("--terrain", type=float, default=0.3, show_default=True, help="RMS slope; 0 is flat.")
@click.option(
    "--purity", type=float, default=1.0, show_default=True, help="Largest abundance of a pixel."
)
@click.option(
    "--variability",
    type=float,
    default=0.0,
    show_default=True,
    help="Of each material's brightness.",
)
@click.option(
    "--rotation", "rotation_deg", type=float, default=0.0, show_default=True, help="Degrees."
)
@click.option(
    "--border", "nodata_border", type=int, default=0, help="Width of the wedges without data."
)
@click.option(
    "--dtype", type=click.Choice(["int16", "float32"]), default="int16", show_default=True
)
@click.option("--interleave", type=click.Choice(["bil", "bsq", "bip"]), help="Of an ENVI file.")
@click.option(
    "--model",
    "model_folder",
    type=click.Path(path_type=Path),
    help="Draw mixtures from a network instead: the folder out/model of unmix network --member "
    "variational (or adversarial). Bands, materials and noise are those that it learned from; "
    "of the options above only -o, --size, --dtype and --interleave go with it.",
)
@seed_option
@overwrite_option
def command(
    out: Path,
    dtype: Any,  # noqa: ANN401  # click hands over one of its choices
    interleave: Any,  # noqa: ANN401
    overwrite: bool,
    **settings: Any,  # noqa: ANN401  # see `_contents`
) -> None:
    """Write a simulated scene, of any size, with its truth beside it.

    A landscape of known materials as a sensor sees it; or, with --model, spectra that a network
    holds for likely, each pixel drawn by itself.
    """
    with at_work() as talk:
        from unmix.simulation.write import write_simulated_scene

        written = write_simulated_scene(
            _contents(**settings),
            out,
            dtype=dtype,
            interleave=interleave,
            overwrite=overwrite,
            progress=lambda done, total: talk.progress("simulating", done / total),
        )
    say_json({name: str(path) for name, path in written._asdict().items()})


def _contents(
    *,
    size: tuple[int, int],
    seed: int,
    model_folder: Path | None,
    materials: str,
    **others: Any,  # noqa: ANN401  # options of one name with Simulation's settings
) -> "Simulation | SceneContents":
    """What to write: a landscape, or what a network draws."""
    height, width = size
    if model_folder is not None:
        given = click.get_current_context().get_parameter_source
        useless = [
            name for name in ("materials", *others) if given(name) != ParameterSource.DEFAULT
        ]
        if useless:
            flag = FLAGS.get(useless[0], f"--{useless[0]}")
            raise click.UsageError(
                f"{flag} cannot go with --model, as the network says what is in the scene."
            )
        from unmix.networks import NetworkUnmixer
        from unmix.simulation.drawn import drawn_contents

        return drawn_contents(NetworkUnmixer.load(model_folder), height, width, seed)
    from unmix.simulation import Simulation

    names = tuple(name.strip() for name in materials.split(","))
    return Simulation(height=height, width=width, materials=names, seed=seed, **others)
