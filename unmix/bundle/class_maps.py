"""The classes of a library, for maps of a scene: on its bands, and in the record."""

from pathlib import Path
from typing import Any

from scenes import Scene, SpectralLibrary
from unmix.errors import UnmixError
from unmix.fingerprint import fingerprint
from unmix.mesma.bundles import Bundles, bundles_of


def scene_and_bundles(
    scene: Scene, library: SpectralLibrary, field: str, *, shade: str | None = None
) -> tuple[Scene, Bundles]:
    """Bring a scene and the classes of a library onto the bands that both have.

    Parameters
    ----------
    scene : Scene
    library : SpectralLibrary
    field : str
        Attribute of the library that holds the classes.
    shade : str, optional
        Name of the spectrum that is shade.

    Returns
    -------
    scene : Scene
        On the bands that the library covers.
    bundles : Bundles

    Raises
    ------
    UnmixError
        If the scene has no wavelengths or holds radiance, or the library does not fit; see
        `bundles_of`.
    SceneError
        If scene and library share no wavelengths.
    """
    if scene.wavelengths_nm is None:
        raise UnmixError(
            f"{scene.name} has no wavelengths, so a library cannot be brought onto its bands. Add "
            "the wavelengths to its header."
        )
    if scene.unit.startswith("radiance"):
        raise UnmixError(
            f"{scene.name} holds {scene.unit}, but a library holds reflectance, which mixes "
            "differently. Correct it for the atmosphere first."
        )
    bundles = bundles_of(library, field, scene.wavelengths_nm, scene.fwhm_nm, shade=shade)
    return scene.with_bands(scene.bands_used[bundles.bands]), bundles


def described_library(
    bundles: Bundles, library: SpectralLibrary, path: Path, field: str
) -> dict[str, Any]:
    """What a record says of the library and where it lies."""
    numbered = zip(bundles.numbers, bundles.class_of, strict=True)
    return {
        "path": str(path),
        "checksum": fingerprint(path) if path.is_file() else None,
        "field": field,
        "classes": bundles.sizes,
        "spectra": [
            {"number": k, "name": library.names[k], "class": bundles.classes[label]}
            for k, label in numbered
        ],
    }
