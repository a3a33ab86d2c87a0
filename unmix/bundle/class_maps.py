"""What maps of the classes of a library have in common: the scene, styles and the record."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from scenes import Scene, SpectralLibrary
from scenes.export.colour import WHITE, Colour, distinct_colours
from scenes.export.qml import ramp_style, write_style
from unmix.bundle.run import input_of
from unmix.errors import UnmixError
from unmix.fingerprint import fingerprint
from unmix.mesma.bundles import Bundles, bundles_of
from unmix.staging import RECORD_NAME

_GOOD_TO_BAD = (Colour(255, 255, 255), Colour(252, 141, 89), Colour(127, 0, 0))


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


def class_record(
    scene: Scene, bundles: Bundles, library: SpectralLibrary, path: Path, field: str
) -> dict[str, Any]:
    """What a record says of the scene, and of the library and where it lies."""
    numbered = zip(bundles.numbers, bundles.class_of, strict=True)
    return {
        "software": f"unmix {version('unmix')}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": input_of(scene),
        "library": {
            "path": str(path),
            "checksum": fingerprint(path) if path.is_file() else None,
            "field": field,
            "classes": bundles.sizes,
            "spectra": [
                {"number": k, "name": library.names[k], "class": bundles.classes[label]}
                for k, label in numbered
            ],
        },
    }


def refuse_unmapped(scene: Scene, n_valid: int, why: str) -> NoReturn:
    """Say why no pixel of a scene could be mapped: it has no valid one, or else `why`.

    Raises
    ------
    UnmixError
        Always.
    """
    if not n_valid:
        raise UnmixError(f"{scene.name} has no valid pixel. Check its mask and its nodata value.")
    raise UnmixError(f"none of the {n_valid} valid pixels of {scene.name} {why}")


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a folder of maps."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (folder / RECORD_NAME).write_text(f"{text}\n", encoding="utf-8")


def write_fraction_style(folder: Path) -> None:
    """Write the style of ``fractions.tif``: the first class, from 0 to 1."""
    write_style(folder / "fractions.tif", ramp_style(0, 1, (WHITE, distinct_colours(1)[0])))


def write_error_style(folder: Path, name: str, largest: float, unit: str = "") -> None:
    """Write the style of a map of what is the worse the larger it is."""
    top = largest if np.isfinite(largest) and largest > 0 else 1.0
    write_style(folder / f"{name}.tif", ramp_style(0, top, _GOOD_TO_BAD, label=unit))
