"""Whether endmembers find their names: on noisy spectra of a whole library, and through Unmixer.

    python scripts/benchmark_naming.py                         all of it, 3 scenes for each sensor
    python scripts/benchmark_naming.py --library my.sli --materials alunite calcite talc
    python scripts/benchmark_naming.py --no-learning           the calibration alone (minutes)

Two Markdown tables go to stdout, everything else to stderr.

* Calibration: every spectrum of the library in turn, in white noise. "in": the library has it;
  "sample": it has other samples of the material only; "absent": it has none. Percent of the
  spectra whose best candidate is the right material, that get the right name, and a wrong one.
  The limits in `unmix/naming/matching.py` were chosen by it.
* Learning: scenes of 12 materials, at most 3 in a pixel, uneven light, noise of 35 dB; the
  endmembers that Unmixer learned are named by the whole library, and by the library without them.

The USGS minerals are read from ../shared/data beside the project. Without them the project's own
simulated materials are the library.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from accuracy.arguments import DATA, count
from numpy.typing import NDArray

from scenes import SpectralLibrary
from unmix import FitSettings, Unmixer
from unmix.metrics import match_endmembers
from unmix.naming import Match, material_of, name_endmembers
from unmix.simulation import MATERIALS, find_sensor

FloatArray = NDArray[np.float64]

USGS = DATA / "libraries" / "usgs_minerals"
TWELVE = (
    "alunite", "buddingtonite", "calcite", "chlorite", "dolomite", "gypsum", "jarosite",
    "kaolinite", "montmorillonite", "muscovite", "pyrophyllite", "talc",
)  # fmt: skip
SENSORS = ("emit", "aviris")
SNRS_DB = (35.0, 42.0, 50.0)
SCENE_SNR_DB = 35.0
MOST_IN_A_PIXEL = 3


@dataclass(frozen=True)
class Setting:
    """A library on the bands of a sensor."""

    sensor: str
    library: SpectralLibrary
    materials: NDArray[np.str_]
    spectra: FloatArray
    bands: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, library: SpectralLibrary, sensor: str) -> "Setting":
        """Resample a library to the good bands that it covers."""
        found = find_sensor(sensor)
        bands = found.wavelengths_nm[found.good], found.fwhm_nm[found.good]
        spectra = np.asarray(library.resampled(*bands).spectra, dtype=np.float64)
        known = np.isfinite(spectra).all(axis=0)
        return cls(
            sensor,
            library,
            np.array([material_of(name) for name in library.names]),
            spectra[:, known],
            (bands[0][known], bands[1][known]),
        )

    def names(self, spectra: FloatArray, kept: NDArray[np.bool_] | None = None) -> list[Match]:
        """Name some spectra by those of the library that are kept."""
        library = self.library if kept is None else self.library.take(kept)
        return name_endmembers(spectra, *self.bands, library)


class Scene(NamedTuple):
    """What tells scenes apart."""

    seed: int
    n_pixels: int


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", type=Path, help="file of a spectral library")
    parser.add_argument("--materials", nargs="+", help="of the scenes, as in the library")
    parser.add_argument("--seeds", type=count, default=3, help="scenes for each sensor (3)")
    parser.add_argument("--pixels", type=count, default=4000, help="of each scene (4000)")
    parser.add_argument("--no-learning", action="store_true", help="only the calibration")
    parser.add_argument("--no-calibration", action="store_true", help="only the learning")
    parser.add_argument(
        "--stay-in-hull", action="store_true", help="endmembers may not leave the pixels' hull"
    )
    chosen = parser.parse_args(arguments)
    library = _library(chosen.library)
    settings = [Setting.of(library, sensor) for sensor in SENSORS]
    own = tuple(dict.fromkeys(material_of(name) for name in library.names))
    fit = FitSettings(leave_hull=np.inf) if chosen.stay_in_hull else FitSettings()
    materials = chosen.materials or (TWELVE if set(TWELVE) <= set(own) else own[:12])
    if not chosen.no_calibration:
        print("| sensor | dB | library | first | right name | wrong name |")
        print("|---|--:|---|--:|--:|--:|")
        for setting in settings:
            _calibrate(setting)
    if not chosen.no_learning:
        print(
            "\n| sensor | seed | angle (rad) | first | right name | wrong name | named if absent |"
            "\n|---|--:|--:|--:|--:|--:|--:|"
        )
        for setting in settings:
            for seed in range(chosen.seeds):
                scene = Scene(seed, chosen.pixels)
                print(_learned_row(setting, materials, scene, fit), flush=True)
    return 0


def _library(path: Path | None) -> SpectralLibrary:
    """The library asked for, the USGS minerals, or what the project itself simulates."""
    if path is not None or USGS.exists():
        return SpectralLibrary.read(path or USGS)
    print(f"there is no {USGS}; the simulated materials are the library.", file=sys.stderr)
    axis = np.arange(350.0, 2551.0, 2.0)
    spectra = np.stack([material.reflectance(axis) for material in MATERIALS.values()])
    return SpectralLibrary(tuple(MATERIALS), spectra, axis)


def _calibrate(setting: Setting) -> None:
    """Print how many spectra find their names, with and without them in the library."""
    n_spectra = len(setting.materials)
    numbers = np.arange(n_spectra)
    cases: dict[str, Callable[[int], NDArray[np.bool_]]] = {
        "in": lambda i: np.ones(n_spectra, dtype=np.bool_),
        "sample": lambda i: numbers != i,
        "absent": lambda i: setting.materials != setting.materials[i],
    }
    for snr_db in SNRS_DB:
        noisy = _noisy(setting.spectra, snr_db, np.random.default_rng(0))
        for case, keep in cases.items():
            alone = [(setting.materials == m).sum() == 1 for m in setting.materials]
            chosen = [i for i in numbers if case != "sample" or not alone[i]]
            if case == "in":
                matches = setting.names(noisy)
            else:
                matches = _one_by_one(setting, noisy, chosen, keep)
            row = _shares(matches, setting.materials[chosen].tolist())
            print(f"| {setting.sensor} | {snr_db:g} | {case} | {row} |", flush=True)


def _one_by_one(
    setting: Setting,
    noisy: FloatArray,
    chosen: list[int],
    keep: Callable[[int], NDArray[np.bool_]],
) -> list[Match]:
    """Name each spectrum by a library of its own; those with the same library together."""
    matches: dict[int, Match] = {}
    groups: dict[bytes, list[int]] = {}
    for i in chosen:
        groups.setdefault(keep(i).tobytes(), []).append(i)
    for members in groups.values():
        found = setting.names(noisy[members], keep(members[0]))
        matches |= dict(zip(members, found, strict=True))
    return [matches[i] for i in chosen]


def _shares(matches: list[Match], truth: list[str]) -> str:
    pairs = list(zip(matches, truth, strict=True))
    first = sum(m.candidates[0].material == t for m, t in pairs)
    right = sum(m.is_good and m.candidates[0].material == t for m, t in pairs)
    wrong = sum(m.is_good and m.candidates[0].material != t for m, t in pairs)
    return " | ".join(f"{100 * n / max(len(pairs), 1):.0f} %" for n in (first, right, wrong))


def _noisy(spectra: FloatArray, snr_db: float, rng: np.random.Generator) -> FloatArray:
    sigma = np.sqrt(np.mean(spectra**2, axis=1, keepdims=True)) * 10 ** (-snr_db / 20)
    return spectra + sigma * rng.standard_normal(spectra.shape)


def _learned_row(
    setting: Setting, materials: Sequence[str], scene: Scene, settings: FitSettings
) -> str:
    """One scene: its endmembers learned, matched to the truth, and named."""
    rng = np.random.default_rng(scene.seed)
    truth = setting.spectra[
        [int(rng.choice(np.flatnonzero(setting.materials == m))) for m in materials]
    ]
    model = Unmixer(
        len(materials), n_refits=0, settings=settings, random_state=scene.seed, device="cpu"
    )
    learned = model.fit(_scene(truth, scene.n_pixels, rng)).endmembers_
    learned = torch.as_tensor(learned, dtype=torch.float64)
    learned = learned[match_endmembers(learned, torch.from_numpy(truth))].numpy()
    cosines = (learned * truth).sum(axis=1) / np.linalg.norm(learned, axis=1)
    angle = np.arccos(np.clip(cosines / np.linalg.norm(truth, axis=1), -1, 1)).mean()
    pairs = list(zip(setting.names(learned), materials, strict=True))
    first = sum(m.candidates[0].material == t for m, t in pairs)
    right = sum(m.is_good and m.candidates[0].material == t for m, t in pairs)
    wrong = sum(m.is_good for m, _ in pairs) - right
    absent = setting.names(learned, ~np.isin(setting.materials, materials))
    cells = [f"{angle:.4f}", first, right, wrong, sum(m.is_good for m in absent)]
    return f"| {setting.sensor} | {scene.seed} | " + " | ".join(map(str, cells)) + " |"


def _scene(truth: FloatArray, n_pixels: int, rng: np.random.Generator) -> FloatArray:
    """Mixtures of few materials in uneven light, with white noise."""
    n_materials = len(truth)
    abundances = np.zeros((n_pixels, n_materials))
    for row in abundances:
        members = rng.choice(n_materials, min(MOST_IN_A_PIXEL, n_materials), replace=False)
        row[members] = rng.dirichlet(np.full(members.size, 0.5))
    clean = rng.uniform(0.6, 1.1, (n_pixels, 1)) * (abundances @ truth)
    sigma = np.sqrt(np.mean(clean**2)) * 10 ** (-SCENE_SNR_DB / 20)
    return clean + sigma * rng.standard_normal(clean.shape)


if __name__ == "__main__":
    sys.exit(main())
