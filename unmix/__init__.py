"""unmix turns a hyperspectral scene into georeferenced abundance maps.

>>> import unmix
>>> unmix.Unmixer(n_endmembers=4)
Unmixer(n_endmembers=4)
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from unmix.errors import ModelFileError, OutputError, UnmixError

if TYPE_CHECKING:
    from unmix.abundances import fcls, nnls, read_abundances, ucls
    from unmix.autoencoder import FitSettings
    from unmix.fitted_model import NotFittedError
    from unmix.pipeline import Unmixing, unmix_scene
    from unmix.save_options import SaveOptions
    from unmix.unmixer import Unmixer

__version__ = version("unmix")

_HOMES = {
    "FitSettings": "unmix.autoencoder",
    "NotFittedError": "unmix.fitted_model",
    "SaveOptions": "unmix.save_options",
    "Unmixer": "unmix.unmixer",
    "Unmixing": "unmix.pipeline",
    "fcls": "unmix.abundances",
    "nnls": "unmix.abundances",
    "read_abundances": "unmix.abundances",
    "ucls": "unmix.abundances",
    "unmix_scene": "unmix.pipeline",
}
"""Names that need torch are fetched when first used, so that the command line answers at once."""

__all__ = [
    "FitSettings",
    "ModelFileError",
    "NotFittedError",
    "OutputError",
    "SaveOptions",
    "UnmixError",
    "Unmixer",
    "Unmixing",
    "fcls",
    "nnls",
    "read_abundances",
    "ucls",
    "unmix_scene",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'unmix' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
