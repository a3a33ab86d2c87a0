"""The registry of simulated materials, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from unmix.errors import UnmixError
from unmix.simulation.minerals import MINERALS
from unmix.simulation.spectra import Material
from unmix.simulation.surfaces import SURFACES

MATERIALS: Mapping[str, Material] = MappingProxyType(
    {material.name: material for material in (*MINERALS, *SURFACES)}
)
"""Every built-in material by its name: minerals first, then surfaces."""


def find_material(name: str | Material) -> Material:
    """Return the built-in material of that name (or the material itself).

    Parameters
    ----------
    name : str or Material
        A key of `MATERIALS`, in any case, with spaces, hyphens or underscores.

    Returns
    -------
    Material

    Raises
    ------
    UnmixError
        If there is no material of that name; the message lists those there are.

    Examples
    --------
    >>> find_material("Green_Vegetation").name
    'green vegetation'
    """
    if isinstance(name, Material):
        return name
    key = name.strip().lower().replace("_", " ").replace("-", " ")
    if key not in MATERIALS:
        raise UnmixError(
            f"there is no material {name!r}. Built in are: {', '.join(MATERIALS)}. "
            "Take one of these, or pass a `Material` of your own."
        )
    return MATERIALS[key]
