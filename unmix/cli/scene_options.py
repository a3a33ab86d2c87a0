"""Options that say how a scene is read, the same for every command that reads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import Command, as_one, nodata_option, scale_option

if TYPE_CHECKING:
    from scenes import Scene


@dataclass(frozen=True)
class SceneOptions:
    """What the user said about reading a scene.

    Parameters
    ----------
    scale, nodata : float or None
        As for `scenes.open_scene`.
    preparation : dict
        As for `scenes.preparation.Preparation`.
    """

    scale: float | None = None
    nodata: float | None = None
    preparation: dict[str, Any] = field(default_factory=dict)

    def open(self, path: Path) -> Scene:
        """Open a scene to learn from, without what should not be used."""
        from scenes import open_scene
        from scenes.preparation import Preparation

        opened = open_scene(path, scale=self.scale, nodata=self.nodata)
        return Preparation(**self.preparation).apply(opened)

    def open_for_model(self, path: Path) -> Scene:
        """Open a scene for a model that has chosen the bands already."""
        from scenes import open_scene
        from scenes.preparation import Preparation

        opened = open_scene(path, scale=self.scale, nodata=self.nodata)
        return Preparation(**self.preparation).apply_to_pixels(opened)


def four(kind: type[int] | type[float]) -> Callable[..., tuple[float, ...] | None]:
    """Callback that takes a word such as ``10,20,300,400`` apart."""

    def convert(
        context: click.Context, option: click.Parameter, value: str | None
    ) -> tuple[float, ...] | None:
        if value is None:
            return None
        try:
            numbers = tuple(kind(word) for word in value.replace(",", " ").split())
        except ValueError:
            numbers = ()
        if len(numbers) != 4:
            raise click.BadParameter(f"{value!r} must be four numbers: {option.metavar}.")
        return numbers

    return convert


_FILES = click.Path(path_type=Path)

_PIXELS = (
    scale_option,
    nodata_option,
    click.option(
        "--mask",
        "masks",
        multiple=True,
        type=_FILES,
        help="Use only what is inside: a raster on the scene's grid (not 0 = inside), or polygons "
        "(GeoJSON; others with unmix[vector]). Of several, a pixel must pass all.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        type=_FILES,
        help="Leave out what is inside, such as clouds; a file as for --mask.",
    ),
    click.option(
        "--window",
        callback=four(int),
        metavar="COLUMN,ROW,WIDTH,HEIGHT",
        help="Use a part of the scene, in pixels from its upper left corner.",
    ),
    click.option(
        "--bounds",
        callback=four(float),
        metavar="LEFT,BOTTOM,RIGHT,TOP",
        help="Use a part of the scene, in coordinates of its map.",
    ),
    click.option(
        "--lonlat", "bounds_lonlat", is_flag=True, help="--bounds are degrees east and north."
    ),
    click.option(
        "--keep-padding",
        is_flag=True,
        help="Use also pixels at the edge that hold one number in all bands.",
    ),
    click.option(
        "--drop-saturated",
        is_flag=True,
        help="Leave out pixels with a band at the largest integer.",
    ),
)

_BANDS = (
    click.option(
        "--bands",
        multiple=True,
        metavar="RANGES",
        help="Use only these bands: nanometres such as 400:2450, or numbers from 1 such as 1-100.",
    ),
    click.option(
        "--drop",
        multiple=True,
        metavar="RANGES",
        help="Leave out bands, such as 1350:1420 (nanometres) or 1-3,220 (numbers).",
    ),
    click.option(
        "--keep-bad-bands",
        is_flag=True,
        help="Keep bands that are constant, or show nothing but noise or water vapour; they are "
        "left out where the file has no band list of its own.",
    ),
    click.option("--drop-noisy", is_flag=True, help="Leave out bands far noisier than others."),
    click.option(
        "--drop-overlap",
        is_flag=True,
        help="Where two detectors overlap, keep one band for every wavelength.",
    ),
)


def with_scene_options(command: Command) -> Command:
    """Give a command all options of reading; it gets them as one argument, `scene_options`."""
    return _with_options(command, (*_PIXELS, *_BANDS))


def with_pixel_options(command: Command) -> Command:
    """Give a command those options that do not choose bands, in the same way."""
    return _with_options(command, _PIXELS)


def _with_options(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    def made(scale: float | None, nodata: float | None, **preparation: Any) -> SceneOptions:  # noqa: ANN401
        return SceneOptions(scale, nodata, preparation)

    return as_one(command, options, "scene_options", made)
