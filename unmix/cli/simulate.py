"""``unmix simulate``: a scene with known truth."""

from pathlib import Path
from typing import Any

import click

from unmix.cli.options import overwrite_option, say_json, seed_option
from unmix.cli.talk import at_work

DEFAULT_MATERIALS = "water,green vegetation,dry soil,sand,asphalt,kaolinite"


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
@seed_option
@overwrite_option
def command(
    out: Path,
    size: tuple[int, int],
    materials: str,
    dtype: Any,  # noqa: ANN401  # click hands over one of its choices
    interleave: Any,  # noqa: ANN401
    overwrite: bool,
    **settings: Any,  # noqa: ANN401  # options of one name with Simulation's settings
) -> None:
    """Write a simulated scene, of any size, with its truth beside it."""
    with at_work() as talk:
        from unmix.simulation import Simulation
        from unmix.simulation.write import write_simulated_scene

        simulation = Simulation(
            height=size[0],
            width=size[1],
            materials=tuple(name.strip() for name in materials.split(",")),
            **settings,
        )
        written = write_simulated_scene(
            simulation,
            out,
            dtype=dtype,
            interleave=interleave,
            overwrite=overwrite,
            progress=lambda done, total: talk.progress("simulating", done / total),
        )
    say_json({name: str(path) for name, path in written._asdict().items()})
