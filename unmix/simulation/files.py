"""Names of the files of a simulated scene."""

from pathlib import Path
from typing import NamedTuple

from unmix.errors import UnmixError

ENVI_SUFFIXES = (".img", ".dat", ".raw", ".bin", ".bil", ".bsq", ".bip")
TIFF_SUFFIXES = (".tif", ".tiff")


class WrittenScene(NamedTuple):
    """The files of one simulated scene."""

    scene: Path
    """The scene: a GeoTIFF, or the data file of an ENVI pair."""
    truth: Path
    """True abundances, a GeoTIFF with one named band each."""
    library: Path
    """True endmembers on the scene's bands, an ENVI spectral library."""
    table: Path
    """The same as CSV."""
    settings: Path
    """Settings of the simulation, noise, and the places of all targets, as JSON."""


def scene_files(path: str | Path) -> WrittenScene:
    """Name the files of the simulated scene at `path` (its data file or its header).

    Raises
    ------
    UnmixError
        If the suffix is that of no format written here.

    Examples
    --------
    >>> [file.name for file in scene_files("sim.hdr")][:3]
    ['sim.img', 'sim_truth.tif', 'sim_endmembers.sli']
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (*TIFF_SUFFIXES, *ENVI_SUFFIXES, ".hdr"):
        raise UnmixError(
            f"{path.name!r} names no format. Give the scene the suffix .tif for a GeoTIFF, or "
            f".hdr, {', '.join(ENVI_SUFFIXES)} for ENVI."
        )
    return WrittenScene(
        scene=path.with_suffix(".img") if suffix == ".hdr" else path,
        truth=path.with_name(f"{path.stem}_truth.tif"),
        library=path.with_name(f"{path.stem}_endmembers.sli"),
        table=path.with_name(f"{path.stem}_endmembers.csv"),
        settings=path.with_name(f"{path.stem}_simulation.json"),
    )
