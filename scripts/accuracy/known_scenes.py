"""Scenes whose endmembers and abundances are known, made or read anew for every seed."""

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scenes import SceneWarning, open_scene
from unmix.simulation import Sensor, Simulation, demo_simulation

RASTERS = {"samson": "samson_1.img", "jasper_ridge": "jasper_ridge.bil"}
"""Real scenes: folder and raster. They are the same for every seed."""

NOISE_FREE = ("dc1", "sim2")
"""Published synthetic scenes: abundances times endmembers, to which ``name@SNR`` adds noise."""


class BenchmarkError(ValueError):
    """The benchmark cannot be run as asked; the message says why."""


@dataclass(frozen=True)
class KnownScene:
    """Pixels and the truth about them. Methods see the pixels alone."""

    spectra: Tensor
    """(n_pixels, n_bands) float32, in whatever unit the scene has."""
    endmembers: Tensor
    """(n_endmembers, n_bands) float64; the real scenes' have a scale of their own."""
    abundances: Tensor
    """(n_pixels, n_endmembers) float64 fractions."""


def _demo(seed: int) -> Simulation:
    """The demonstration's scene at half its size: pure pixels on hilly ground."""
    return dataclasses.replace(demo_simulation(seed), height=100, width=120, nodata_border=8)


def _minerals(seed: int) -> Simulation:
    """Altered rock on flat ground, without pure pixels."""
    names = ("kaolinite", "alunite", "muscovite", "calcite", "goethite")
    return Simulation(
        90, 100, names, sensor="aviris", snr_db=35.0, seed=seed, terrain=0.0, purity=0.8, mixing=0.8
    )


def _rugged(seed: int) -> Simulation:
    """A mountain side: steep, snow beside wet soil, materials of varying brightness, 30 dB."""
    names = ("green vegetation", "dry vegetation", "dry soil", "wet soil", "snow")
    return Simulation(
        90, 100, names, sensor="enmap", snr_db=30.0, seed=seed, terrain=0.5, variability=0.1
    )


def _tiny(seed: int) -> Simulation:
    """Small enough for a test of the benchmark itself."""
    names = ("water", "sand", "green vegetation")
    return Simulation(24, 24, names, sensor=Sensor.evenly_spaced(30), seed=seed, terrain=0.2)


SIMULATIONS: dict[str, Callable[[int], Simulation]] = {
    "demo": _demo,
    "minerals": _minerals,
    "rugged": _rugged,
    "tiny": _tiny,
}
"""Simulated scenes; another seed is another landscape."""

DEFAULT_SCENES = (
    *RASTERS,
    *(f"{name}@{snr_db}" for name in NOISE_FREE for snr_db in (30, 20)),
    *(name for name in SIMULATIONS if name != "tiny"),
)


def check_name(name: str) -> str:
    """Return the name of a scene, or say which there are.

    Raises
    ------
    BenchmarkError
        If there is no such scene.

    Examples
    --------
    >>> check_name("dc1@25")
    'dc1@25'
    """
    base, at, snr_db = name.partition("@")
    known = name in RASTERS or name in SIMULATIONS
    if not known and not (base in NOISE_FREE and at and _is_number(snr_db)):
        raise BenchmarkError(
            f"there is no scene {name!r}. Take some of {', '.join((*DEFAULT_SCENES, 'tiny'))}; "
            "the number after @ is the signal-to-noise ratio in dB."
        )
    return name


def missing_file(name: str, data: Path) -> Path | None:
    """The first file that a scene needs and `data` lacks, or None."""
    if name in SIMULATIONS:
        return None
    folder = data / "scenes" / name.partition("@")[0]
    needed = [folder / "truth.npz"]
    if name in RASTERS:
        needed.append(folder / RASTERS[name])
    return next((path for path in needed if not path.is_file()), None)


def load_scene(name: str, seed: int, data: Path) -> KnownScene:
    """Make or read a scene with its truth.

    Parameters
    ----------
    name : str
        See `DEFAULT_SCENES`.
    seed : int
        Of the noise (``name@SNR``) or of landscape and noise (simulations).
    data : Path
        Folder that holds ``scenes/<name>/truth.npz`` and the rasters.

    Returns
    -------
    KnownScene
        Valid pixels only.

    Raises
    ------
    BenchmarkError
        If there is no such scene, or raster and truth do not fit together.
    """
    check_name(name)
    if name in SIMULATIONS:
        return _simulated(SIMULATIONS[name](seed))
    base, _, snr_db = name.partition("@")
    with np.load(data / "scenes" / base / "truth.npz") as truth:
        endmembers, abundances = truth["endmembers"], truth["abundances"]
    if name in RASTERS:
        return _measured(data / "scenes" / name / RASTERS[name], endmembers, abundances)
    return noisy_scene(endmembers, abundances, float(snr_db), seed)


def noisy_scene(
    endmembers: NDArray[np.float64], abundances: NDArray[np.float64], snr_db: float, seed: int
) -> KnownScene:
    """Mix endmembers by their abundances and add white Gaussian noise.

    Parameters
    ----------
    endmembers : ndarray of shape (n_endmembers, n_bands)
    abundances : ndarray of shape (n_endmembers, height, width)
    snr_db : float
        ``10 log10(mean(Y^2) / sigma^2)`` with the noise-free pixels Y.
    seed : int

    Returns
    -------
    KnownScene
        The noise is drawn band after band, as files of these scenes are written.
    """
    cube = np.einsum("kb,krc->brc", endmembers, abundances)
    sigma = np.sqrt(np.mean(cube**2) / 10 ** (snr_db / 10))
    cube += np.random.default_rng(seed).normal(0.0, sigma, cube.shape)
    everywhere = np.ones(cube.shape[1:], dtype=np.bool_)
    return _known(cube[:, everywhere].T, endmembers, abundances[:, everywhere].T)


def _measured(
    path: Path, endmembers: NDArray[np.float64], abundances: NDArray[np.float64]
) -> KnownScene:
    """A raster and the reference that lies on its grid."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SceneWarning)  # samson names no scale; none is needed here
        scene = open_scene(path)
    if abundances.shape[1:] != scene.grid.shape or endmembers.shape[1] != scene.n_bands:
        raise BenchmarkError(
            f"{path} is {scene!r}, but its truth has {endmembers.shape[1]} bands and abundances "
            f"of {abundances.shape[1]} x {abundances.shape[2]} px. They must agree."
        )
    return _known(scene.spectra().numpy(), endmembers, abundances[:, scene.valid_mask()].T)


def _simulated(simulation: Simulation) -> KnownScene:
    """The good bands and valid pixels of a simulation."""
    good = simulation.sensor_bands.good
    block = simulation.block()
    valid = np.isfinite(block.abundances).all(axis=0)
    spectra = block.cube[good][:, valid].T
    return _known(spectra, simulation.endmembers[:, good], block.abundances[:, valid].T)


def _known(
    spectra: NDArray[np.floating],
    endmembers: NDArray[np.floating],
    abundances: NDArray[np.floating],
) -> KnownScene:
    """Tensors of pixels (as rows, float32) and truth (float64)."""
    return KnownScene(
        torch.from_numpy(np.ascontiguousarray(spectra, dtype=np.float32)),
        torch.from_numpy(np.ascontiguousarray(endmembers, dtype=np.float64)),
        torch.from_numpy(np.ascontiguousarray(abundances, dtype=np.float64)),
    )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
