"""Anomalies: foreign materials are planted, looked for, and what could be found at best is told."""

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import chi2, ncx2
from sklearn.metrics import roc_auc_score

from accuracy.known_scenes import LIBRARY, SIMULATIONS, KnownScene, load_scene, simulated_scene
from accuracy.planting import LEAST_ANGLE, angle_to_cone
from unmix import FitSettings, Unmixer
from unmix.abundances import nnls
from unmix.simulation import MATERIALS
from unmix.uses.anomalies import AnomalyDetector

PLANTED_SHARE, LEAST_COVER, MOST_COVER = 1e-3, 0.1, 0.5
N_FOREIGN, LEAST_PLANTED = 2, 5
N_COVERS, N_QUANTILES = 81, 2000
"""How finely the oracles count covers and noise."""
IDEAL_PATTERNS = 15
"""Numbers that hold all of a material, of one who knows everything but the material."""
SEED_OFFSET = 500

Floats = NDArray[np.float64]


class Planted(NamedTuple):
    """A scene of which a few pixels are partly covered by materials that it does not have."""

    spectra: torch.Tensor
    """(n_pixels, n_bands) float32"""
    odd: NDArray[np.bool_]
    """(n_pixels,) Where they are."""
    foreign: Floats
    """(2, n_bands) The materials, in mean light."""
    light: Floats
    """(n_pixels, 1) The light that they stand in: 1, or that of their pixel."""
    where: NDArray[np.int64]
    """(n_planted,) Pixels, and for each of them ..."""
    cover: Floats
    """... (n_planted, 1) the share that is covered, and ..."""
    material: Floats
    """... (n_planted, n_bands) by what, as it is lit."""


def anomalies_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float | None]:
    """How well planted pixels are found, and how many others are in a scene without them."""
    sys.stderr.write(f"anomalies, {name}, seed {seed} ...\n")
    scene = load_scene(name, seed, chosen.data)
    usual = _detector(scene.spectra, scene, seed, chosen)
    simulated = name in SIMULATIONS
    library = _ours(name, seed) if simulated else _minerals(name, scene, chosen.data)
    planted = planted_in(scene, library, seed, near=chosen.near)
    odd = planted.odd
    found = _detector(planted.spectra, scene, seed, chosen)
    blind = known_but_the_material(name, seed, scene, planted) if simulated else None
    best = known_everything(name, seed, planted) if simulated else matched(scene, planted)
    return {
        "AUC unmix": float(roc_auc_score(odd, found.scores(planted.spectra)[:, 0])),
        "AUC RX": float(roc_auc_score(odd, rx(planted.spectra.double().numpy()))),
        "AUC blind oracle": blind,
        "AUC oracle": float(roc_auc_score(odd, best)),
        "found, %": 100 * float(found.predict(planted.spectra)[odd].mean()),
        "false alarms, per mille": 1000 * float(usual.predict(scene.spectra).mean()),
    }


def _detector(
    spectra: torch.Tensor, scene: KnownScene, seed: int, chosen: argparse.Namespace
) -> AnomalyDetector:
    """Of a model with as many endmembers as the scene has."""
    settings = FitSettings(n_points=100, n_starts=4, n_steps=60) if chosen.quick else None
    model = Unmixer(len(scene.endmembers), random_state=seed, n_refits=0, settings=settings)
    return AnomalyDetector(model.fit(spectra), false_alarm=1e-3).fit(spectra)


def planted_in(scene: KnownScene, library: Floats, seed: int, *, near: bool) -> Planted:
    """Cover 10 to 50 % of each of 0.1 % of the pixels by one of two materials of a library.

    Parameters
    ----------
    scene : KnownScene
    library : ndarray of shape (n_materials, n_bands)
        In the unit of the scene.
    seed : int
        Of materials, places and covers.
    near : bool
        Any materials, in the light of their pixel. Otherwise those that are more than 0.1 rad from
        all mixtures of the scene's own, in mean light.
    """
    rng = np.random.default_rng(SEED_OFFSET + seed)
    own = scene.endmembers.numpy()
    far = [near or angle_to_cone(each, own) > LEAST_ANGLE for each in library]
    foreign = library[rng.choice(np.flatnonzero(far), N_FOREIGN, replace=False)]
    spectra = scene.spectra.double().numpy().copy()
    n_planted = max(LEAST_PLANTED, round(PLANTED_SHARE * len(spectra)))
    where = rng.choice(len(spectra), n_planted, replace=False)
    cover = rng.uniform(LEAST_COVER, MOST_COVER, (n_planted, 1))
    light = light_of(scene) if near else np.ones((len(spectra), 1))
    material = foreign[rng.integers(N_FOREIGN, size=n_planted)] * light[where]
    spectra[where] = (1 - cover) * spectra[where] + cover * material
    odd = np.zeros(len(spectra), dtype=np.bool_)
    odd[where] = True
    mixed = torch.as_tensor(spectra, dtype=torch.float32)
    return Planted(mixed, odd, foreign, light, where, cover, material)


def light_of(scene: KnownScene) -> Floats:
    """How bright pixels are beside the mixture of their materials, 1 in the mean; (n_pixels, 1)."""
    mixtures = (scene.abundances @ scene.endmembers).numpy()
    spectra = scene.spectra.double().numpy()
    light: Floats = (spectra * mixtures).sum(axis=1) / np.square(mixtures).sum(axis=1)
    return (light / light.mean())[:, None]


def known_everything(name: str, seed: int, planted: Planted) -> Floats:
    """Likelihood ratios of one who knows each pixel without noise, the noise and the materials.

    Only which of the materials it would be, and how much of it, is not known: their likelihoods
    are averaged. The best that anybody can do.
    """
    clean, sigma = _without_noise(name, seed)
    noise = planted.spectra.double().numpy() - clean
    length = np.square(noise).sum(axis=1)
    found = []
    for material in planted.foreign:
        step = material * planted.light - clean
        along, reach = (noise * step).sum(axis=1), np.square(step).sum(axis=1)
        for cover in np.linspace(LEAST_COVER, MOST_COVER, N_COVERS):
            left = (length - 2 * cover * along + cover**2 * reach) / (1 - cover) ** 2
            found.append(-left / (2 * sigma**2) - noise.shape[1] * np.log(1 - cover))
    ratio: Floats = logsumexp(found, axis=0) + length / (2 * sigma**2)
    return ratio


def known_but_the_material(name: str, seed: int, scene: KnownScene, planted: Planted) -> float:
    """Area under the curve of one who knows the endmembers and the noise, but not what is foreign.

    What no mixture of the endmembers reaches is compared with noise in as many numbers as are
    enough for any material. No search without a target does much better.
    """
    clean, sigma = _without_noise(name, seed)
    pixels = (1 - planted.cover) * clean[planted.where] + planted.cover * planted.material
    rows = torch.as_tensor(pixels)
    left = rows - nnls(rows, scene.endmembers) @ scene.endmembers
    strength = left.square().sum(dim=1).numpy() / sigma**2
    noise = chi2.ppf((np.arange(N_QUANTILES) + 0.5) / N_QUANTILES, IDEAL_PATTERNS)
    return float(ncx2.sf(noise, IDEAL_PATTERNS, strength[:, None]).mean())


def matched(scene: KnownScene, planted: Planted) -> Floats:
    """Matched filter of one who knows the materials and the scene without them, where it is real.

    The larger of both materials' answers, each in its standard deviations.
    """
    usual = scene.spectra.double().numpy()
    mean = usual.mean(axis=0)
    targets = planted.foreign - mean
    filters = np.linalg.solve(np.cov(usual.T), targets.T)
    answers = (planted.spectra.double().numpy() - mean) @ filters
    best: Floats = (answers / np.sqrt((targets.T * filters).sum(axis=0))).max(axis=1)
    return best


def rx(spectra: Floats) -> Floats:
    """Mahalanobis distances of whole spectra, squared."""
    centred = spectra - spectra.mean(axis=0)
    factor = np.linalg.cholesky(np.cov(centred.T))
    squared: Floats = np.square(np.linalg.solve(factor, centred.T)).sum(axis=0)
    return squared


def _without_noise(name: str, seed: int) -> tuple[Floats, float]:
    """Spectra of a simulation as they are before the noise, and the noise's deviation."""
    simulation = SIMULATIONS[name](seed)
    clean = simulated_scene(dataclasses.replace(simulation, snr_db=np.inf))
    return clean.spectra.double().numpy(), simulation.noise_sigma


def _ours(name: str, seed: int) -> Floats:
    """All materials of ours that are not in a simulation, in its good bands."""
    simulation = SIMULATIONS[name](seed)
    others = [each for known, each in MATERIALS.items() if known not in simulation.names]
    sensor = simulation.sensor_bands
    return sensor.observe(others)[:, sensor.good].astype(np.float64)


def _minerals(name: str, scene: KnownScene, data: Path) -> Floats:
    """Measured minerals in the bands of a real scene, as bright as its pixels in the mean."""
    with np.load(data / "scenes" / name / "truth.npz") as truth, np.load(data / LIBRARY) as library:
        order = library["wavelengths"].argsort()
        known_nm, spectra = library["wavelengths"][order], library["spectra"][:, order]
        minerals = np.stack([np.interp(truth["wavelengths"], known_nm, each) for each in spectra])
    length = float(scene.spectra.double().norm(dim=1).mean())
    bright: Floats = minerals * (length / np.linalg.norm(minerals, axis=1, keepdims=True))
    return bright
