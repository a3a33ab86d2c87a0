"""Options of the commands that unmix with the classes of a library."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import Command, as_one

if TYPE_CHECKING:
    from scenes import Scene
    from unmix.mesma import Bundles

library_option = click.option(
    "--library",
    "library_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Spectral library (file, or folder of spectra), of reflectance.",
)

class_option = click.option(
    "--class",
    "field",
    required=True,
    metavar="FIELD",
    help="Field of the library that names the class of each spectrum, such as class or Level_2.",
)

library_scale_option = click.option(
    "--library-scale",
    type=float,
    help="Number of the library that means reflectance 1, such as 10000; overrides the file.",
)


@dataclass(frozen=True)
class ClassOptions:
    """What the user said about the library."""

    library_path: Path
    field: str
    library_scale: float | None

    def open(
        self, scene: "Scene", shade: str | None = None
    ) -> "tuple[Scene, Bundles, dict[str, Any]]":
        """Read the library and bring it and a scene onto the bands that both have.

        What a record says of the library comes third.
        """
        from scenes import SpectralLibrary
        from unmix.bundle.class_maps import described_library, scene_and_bundles

        library = SpectralLibrary.read(self.library_path, self.library_scale)
        scene, bundles = scene_and_bundles(scene, library, self.field, shade=shade)
        return scene, bundles, described_library(bundles, library, self.library_path, self.field)


def with_class_options(command: Command) -> Command:
    """Give a command the options of the library, as one argument, `class_options`."""
    options = (library_option, class_option, library_scale_option)
    return as_one(command, options, "class_options", ClassOptions)
