"""Options of the commands that use a model: one from a folder, or one that they learn first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unmix.cli.options import Command, as_one, device_option, number_or_auto, seed_option
from unmix.cli.scene_options import SceneOptions
from unmix.cli.talk import Talk

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.unmixer import Unmixer


@dataclass(frozen=True)
class ModelOptions:
    """What the user said about the model."""

    folder: Path | None
    """Of a model that was learned before."""
    n_endmembers: int | str
    """How many materials to find where there is none."""
    seed: int
    device: str

    def of_scene(
        self, path: Path, scene_options: SceneOptions, talk: Talk
    ) -> tuple[Scene, Unmixer]:
        """Open a scene and load or learn the model; the scene has the model's bands.

        Raises
        ------
        SceneError
            If the scene cannot be read.
        UnmixError
            If there is no model in the folder, it is one of other bands, or none can be learned.
        """
        from unmix.pipeline import unmix_scene
        from unmix.unmixer import Unmixer

        if self.folder is not None:
            model = Unmixer.load(self.folder)
            model.device = self.device
            return unmix_scene(scene_options.open_for_model(path), model).scene, model
        model = Unmixer(
            self.n_endmembers,  # type: ignore[arg-type]  # a word is "auto", as the option checks
            n_refits=0,
            random_state=self.seed,
            device=self.device,
        )
        found = unmix_scene(scene_options.open(path), model, progress=talk.progress)
        talk.close()
        if model.n_endmembers_reason_ is not None:
            click.echo(f"{model.n_endmembers_} materials, {model.n_endmembers_reason_}.", err=True)
        return found.scene, model


_OPTIONS = (
    click.option(
        "--model",
        "folder",
        type=click.Path(path_type=Path),
        help="The model folder of an earlier run, such as out/model, in place of learning one.",
    ),
    click.option(
        "-n",
        "--number",
        "n_endmembers",
        type=number_or_auto,
        metavar="INTEGER|auto",
        default="auto",
        show_default=True,
        help="How many materials to learn.",
    ),
    seed_option,
    device_option,
)


def with_model_options(command: Command) -> Command:
    """Give a command the options of a model; it gets them as one argument, `model_options`."""
    return as_one(command, _OPTIONS, "model_options", ModelOptions)
