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

from accuracy.planting import n_planted_pixels, plant
from scenes import SceneWarning, open_scene
from unmix.simulation import MATERIALS, Sensor, Simulation, demo_simulation

RASTERS = {"samson": "samson_1.img", "jasper_ridge": "jasper_ridge.bil"}
"""Real scenes: folder and raster. They are the same for every seed."""

NOISE_FREE = ("dc1", "sim2")
"""Published synthetic scenes: abundances times endmembers, to which ``name@SNR`` adds noise."""


LIBRARY = Path("libraries") / "usgs1995.npz"
"""Minerals to be planted into real scenes."""


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
    n_planted: int = 0
    """How many of the endmembers, the last ones, are rare materials planted into the scene."""


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

PLANTED_SCENES = (
    *(f"{name}+{amount}" for name in RASTERS for amount in ("0.3%", "15px")),
    "rugged+15px",
)

DEFAULT_SCENES = (
    *RASTERS,
    *(f"{name}@{snr_db}" for name in NOISE_FREE for snr_db in (30, 20)),
    *(name for name in SIMULATIONS if name != "tiny"),
    *PLANTED_SCENES,
)


def check_name(name: str) -> str:
    """Return the name of a scene, or say which there are.

    Raises
    ------
    BenchmarkError
        If there is no such scene.

    Examples
    --------
    >>> check_name("dc1@25"), check_name("samson+15px")
    ('dc1@25', 'samson+15px')
    """
    base, plus, amount = name.partition("+")
    published, at, snr_db = base.partition("@")
    noisy = published in NOISE_FREE and at and not plus and _is_number(snr_db)
    plantable = not plus or n_planted_pixels(amount, 1000)
    if not noisy and not (base in (*RASTERS, *SIMULATIONS) and plantable):
        raise BenchmarkError(
            f"there is no scene {name!r}. Take some of {', '.join((*DEFAULT_SCENES, 'tiny'))}; "
            "the number after @ is the signal-to-noise ratio in dB, and after + stands the share "
            "(0.3%) or the number (15px) of pixels of a rare material."
        )
    return name


def missing_file(name: str, data: Path) -> Path | None:
    """The first file that a scene needs and `data` lacks, or None."""
    base, plus, _ = name.partition("+")
    if base in SIMULATIONS:
        return None
    folder = data / "scenes" / base.partition("@")[0]
    needed = [folder / "truth.npz"]
    if base in RASTERS:
        needed.append(folder / RASTERS[base])
    if plus:
        needed.append(data / LIBRARY)
    return next((path for path in needed if not path.is_file()), None)


def load_scene(name: str, seed: int, data: Path) -> KnownScene:
    """Make or read a scene with its truth.

    Parameters
    ----------
    name : str
        See `DEFAULT_SCENES`.
    seed : int
        Of the noise (``name@SNR``), of landscape and noise (simulations), and of the material
        that is planted (``name+15px``).
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
    base, plus, amount = name.partition("+")
    if base in SIMULATIONS:
        simulation = SIMULATIONS[base](seed)
        scene = simulated_scene(simulation)
        return _planted(scene, _materials_beside(simulation), amount, seed) if plus else scene
    base, _, snr_db = base.partition("@")
    with np.load(data / "scenes" / base / "truth.npz") as truth:
        endmembers, abundances = truth["endmembers"], truth["abundances"]
        wavelengths_nm = truth["wavelengths"] if plus else None
    if base not in RASTERS:
        return noisy_scene(endmembers, abundances, float(snr_db), seed)
    scene = _measured(data / "scenes" / base / RASTERS[base], endmembers, abundances)
    if wavelengths_nm is None:
        return scene
    return _planted(scene, _library_at(wavelengths_nm, data), amount, seed)


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


def simulated_scene(simulation: Simulation) -> KnownScene:
    """The good bands and valid pixels of a simulation."""
    good = simulation.sensor_bands.good
    block = simulation.block()
    valid = np.isfinite(block.abundances).all(axis=0)
    spectra = block.cube[good][:, valid].T
    return _known(spectra, simulation.endmembers[:, good], block.abundances[:, valid].T)


def _materials_beside(simulation: Simulation) -> NDArray[np.float64]:
    """All materials of ours that are not in a simulation, in its good bands."""
    others = [each for name, each in MATERIALS.items() if name not in simulation.names]
    sensor = simulation.sensor_bands
    return sensor.observe(others)[:, sensor.good].astype(np.float64)


def _library_at(wavelengths_nm: NDArray[np.float64], data: Path) -> NDArray[np.float64]:
    """Minerals of the library at a scene's wavelengths."""
    with np.load(data / LIBRARY) as library:
        order = library["wavelengths"].argsort()
        known_nm, spectra = library["wavelengths"][order], library["spectra"][:, order]
    return np.stack([np.interp(wavelengths_nm, known_nm, each) for each in spectra])


def _planted(scene: KnownScene, library: NDArray[np.float64], amount: str, seed: int) -> KnownScene:
    """The same scene with one more endmember, which a few pixels hold and nothing else."""
    n_pixels = n_planted_pixels(amount, len(scene.spectra)) or 1
    own = scene.endmembers.numpy()
    spectra, material, places = plant(scene.spectra.double().numpy(), own, library, n_pixels, seed)
    abundances = np.pad(scene.abundances.numpy(), ((0, 0), (0, 1)))
    abundances[places] = np.eye(abundances.shape[1])[-1]
    known = _known(spectra, np.vstack([own, material]), abundances)
    return dataclasses.replace(known, n_planted=1)


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
