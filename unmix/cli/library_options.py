"""Options of the commands that unmix with the classes of a library."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from scenes import Scene, SpectralLibrary
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


class ClassOptions(NamedTuple):
    """What the user said about the library."""

    path: Path
    field: str
    scale: float | None

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> "ClassOptions":
        """Take them out of all options."""
        return cls(*(options.pop(name) for name in ("library_path", "field", "library_scale")))

    def open(
        self, scene: "Scene", shade: str | None = None
    ) -> "tuple[Scene, Bundles, SpectralLibrary]":
        """Read the library and bring it and a scene onto the bands that both have."""
        from scenes import SpectralLibrary
        from unmix.bundle.class_maps import scene_and_bundles

        library = SpectralLibrary.read(self.path, self.scale)
        return *scene_and_bundles(scene, library, self.field, shade=shade), library


def with_class_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the library."""
    return library_option(class_option(library_scale_option(command)))
