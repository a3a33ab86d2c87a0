"""scenes reads and writes georeferenced spectral rasters.

>>> from scenes import Grid, Scene, open_scene
"""

from importlib import import_module
from typing import TYPE_CHECKING

from scenes.errors import SceneError, SceneFileError, SceneWarning

if TYPE_CHECKING:
    from scenes.bands import Bands
    from scenes.formats import open_scene
    from scenes.grid import Grid
    from scenes.library import SpectralLibrary
    from scenes.lookup import Lookup
    from scenes.preparation import Preparation
    from scenes.scene import Block, Scene

_HOMES = {
    "Bands": "scenes.bands",
    "Block": "scenes.scene",
    "Grid": "scenes.grid",
    "Lookup": "scenes.lookup",
    "Preparation": "scenes.preparation",
    "Scene": "scenes.scene",
    "SpectralLibrary": "scenes.library",
    "open_scene": "scenes.formats",
}
"""Names fetched when first used, so that the command line answers at once."""

__all__ = [
    "Bands",
    "Block",
    "Grid",
    "Lookup",
    "Preparation",
    "Scene",
    "SceneError",
    "SceneFileError",
    "SceneWarning",
    "SpectralLibrary",
    "open_scene",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'scenes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
