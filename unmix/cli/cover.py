"""``unmix cover``: a scene and class bundles in, fractional cover and its uncertainty out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.library_options import ClassOptions, with_class_options
from unmix.cli.options import device_option, say_json, scene_argument, seed_option
from unmix.cli.output_options import OutputOptions, with_output_options
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import Talk
from unmix.errors import counted

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.cover import Cover

_CUTS = ("window", "bounds", "bounds_lonlat")
_UNVARIED = (
    "every draw takes the whole library ({n}) and adds no noise, so that all draws are the same "
    "and the standard deviations are zero. Take fewer with --spectra or --per-class, or give "
    "the --uncertainty of the scene."
)


@click.command("cover")
@scene_argument
@with_class_options
@with_output_options
@click.option(
    "--draws",
    "n_draws",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="How often endmembers and noise are drawn.",
)
@click.option(
    "-n",
    "--spectra",
    "n_endmembers",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Spectra of a draw, dealt to the classes by turns.",
)
@click.option(
    "--per-class",
    type=click.IntRange(min=1),
    help="Spectra of each class in a draw, in place of --spectra.",
)
@click.option(
    "--uncertainty",
    "uncertainty_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Raster with the standard deviation of each pixel of SCENE in each of its bands.",
)
@click.option(
    "--normalization",
    default="brightness",
    show_default=True,
    metavar="none|brightness|NANOMETRES",
    help="Divide spectra by nothing, their root mean square or their value at a wavelength.",
)
@click.option(
    "--constraint",
    type=click.Choice(["nnls", "box", "fcls"]),
    default="nnls",
    show_default=True,
    help="Fractions nonnegative; also at most 1; or summing to 1, without shade.",
)
@click.option(
    "--best", is_flag=True, help="Take the draw with the least residual, not the mean of all."
)
@seed_option
@device_option
@with_scene_options
def command(
    scene: Path,
    output: OutputOptions,
    scene_options: SceneOptions,
    class_options: ClassOptions,
    uncertainty_path: Path | None,
    device: str,
    **chosen: Any,  # noqa: ANN401  # options of one name with CoverSettings' fields
) -> None:
    """Estimate what share of each pixel of SCENE each class of a library covers, and how surely.

    In each of some draws, spectra of each class are taken at random, and the pixel, perturbed by
    its uncertainty, is unmixed with them, in the manner of the EMIT mission. OUT gets fractions.tif
    (of what is lit: shade is divided out), uncertainty.tif (standard deviations over the draws),
    brightness.tif, rmse.tif and run.json. The library is resampled to the bands of the scene.
    """
    with output.at_work() as talk:
        from unmix.bundle.cover_maps import write_cover
        from unmix.bundle.run import record_of
        from unmix.cover import Cover, CoverSettings
        from unmix.device import resolve_device

        settings = CoverSettings(**chosen)
        opened, bundles, library = class_options.open(scene_options.open(scene))
        axis = opened.wavelengths_nm
        assert axis is not None  # else the library had not been resampled
        where = resolve_device(device)
        cover = Cover.of(bundles.spectra, bundles.class_of, axis, settings, device=where)
        spread = _uncertainty(opened, uncertainty_path, scene_options, cover, talk)
        record = record_of("cover", opened) | {
            "library": library,
            "parameters": asdict(settings) | _said(uncertainty_path),
            "n_of_class": dict(zip(bundles.classes, cover.counts, strict=True)),
            "warnings": talk.warnings,
        }
        with output.staged() as staged:
            scores = write_cover(
                opened,
                staged,
                cover,
                bundles.classes,
                uncertainty=spread,
                record=record,
                progress=talk.progress,
            )
    maps = str(output.out / "fractions.tif")
    say_json({"maps": maps, "classes": list(bundles.classes), **scores})


def _uncertainty(
    scene: "Scene", path: Path | None, options: SceneOptions, cover: "Cover", talk: Talk
) -> "Scene | None":
    """The uncertainty on the pixels and bands of the scene, and a warning if nothing varies."""
    if path is None:
        if cover.takes_all:
            talk.say(_UNVARIED.format(n=counted(len(cover.library), "spectrum")))
        return None
    from unmix.bundle.cover_maps import on_bands_of

    cuts = {name: options.preparation[name] for name in _CUTS}
    same = SceneOptions(options.scale, options.nodata, {**cuts, "keep_padding": True})
    return on_bands_of(scene, same.open_for_model(path))


def _said(path: Path | None) -> dict[str, str | None]:
    """What the record says of the file of uncertainties."""
    from unmix.fingerprint import fingerprint

    if path is None:
        return {"uncertainty": None}
    checksum = fingerprint(path) if path.is_file() else None
    return {"uncertainty": str(path), "uncertainty_checksum": checksum}
