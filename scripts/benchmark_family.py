"""The family of networks beside the default model: one table, several seeds.

    python scripts/benchmark_family.py --seeds 5 --json family.json

Every member is fitted to Samson, Jasper Ridge and a simulated scene at 20 dB, with the number of
materials known. Scenes whose files are missing are skipped.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent))

from accuracy.arguments import add_common, say
from accuracy.known_scenes import RASTERS
from accuracy.table import Spread, markdown

from scenes import open_scene
from unmix import Unmixer
from unmix.metrics import match_endmembers, rmse, spectral_angle
from unmix.networks import MEMBERS, NetworkUnmixer
from unmix.simulation import Simulation

MINERALS = ("kaolinite", "alunite", "muscovite", "calcite", "goethite")
SIDE = 80
"""Rows and columns of the simulated scene."""
N_CODES = {"sparse": 32, "denoising": 64}
"""Codes of the members whose codes are no materials."""
PURPOSES = {
    "default": "materials and their fractions",
    "sparse": f"dictionary of {N_CODES['sparse']} spectra, 3 in a pixel",
    "denoising": "spectra without noise",
    "convolutional": "fractions where noise is strong",
    "variational": "fractions with intervals",
    "adversarial": "fractions distributed as a prior",
    "conditional": "spectra that change with what is known of a pixel",
}


@dataclass(frozen=True)
class Known:
    """A cube and the truth about it."""

    cube: NDArray[np.float32]
    """(n_bands, height, width)"""
    endmembers: torch.Tensor
    """(n_endmembers, n_bands)"""
    abundances: torch.Tensor
    """(n_pixels, n_endmembers)"""
    clean: NDArray[np.float32] | None
    """(n_pixels, n_bands) The spectra before the noise, where there was such a time."""
    side: NDArray[np.float32]
    """(1, height, width) Something known of each pixel: its light, or its brightness."""


@dataclass(frozen=True)
class Scores:
    """What one fit was worth."""

    scene: str
    member: str
    seed: int
    sad_rad: float
    rmse: float | None
    """Of the abundances, pooled; None for a dictionary."""
    psnr_gain_db: float | None
    covered: float | None
    seconds: float


def simulated(seed: int) -> Known:
    """Altered rock on gentle hills at 20 dB, with patches of 16 pixels."""
    simulation = Simulation(
        SIDE, SIDE, MINERALS, sensor="aviris", snr_db=20.0, seed=seed, terrain=0.2
    )
    good = simulation.sensor_bands.good
    block, clean = simulation.block(), replace(simulation, snr_db=float("inf")).block()
    rows = np.arange(SIDE, dtype=np.int64)
    return Known(
        cube=block.cube[good],
        endmembers=torch.as_tensor(simulation.endmembers[:, good]).double(),
        abundances=torch.as_tensor(block.abundances.reshape(len(MINERALS), -1).T).double(),
        clean=clean.cube[good].reshape(int(good.sum()), -1).T,
        side=simulation.landscape.illumination(rows, rows)[None],
    )


def measured(name: str, data: Path) -> Known:
    """A real scene and its reference; what is known beside it is its brightness."""
    import warnings

    folder = data / "scenes" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cube = open_scene(folder / RASTERS[name]).read()
    with np.load(folder / "truth.npz") as truth:
        endmembers, abundances = truth["endmembers"], truth["abundances"]
    return Known(
        cube=cube,
        endmembers=torch.as_tensor(endmembers).double(),
        abundances=torch.as_tensor(abundances.reshape(len(abundances), -1).T).double(),
        clean=None,
        side=np.linalg.norm(cube, axis=0, keepdims=True).astype(np.float32),
    )


def fits(scene: str, known: Known, seed: int, members: list[str]) -> Iterator[Scores]:
    """The default model, then each member with its endmembers where it needs them."""
    n, spectra = len(known.endmembers), known.cube.reshape(len(known.cube), -1).T
    began = time.perf_counter()
    default = Unmixer(n, n_refits=0, random_state=seed).fit(spectra)
    seconds = time.perf_counter() - began
    sad, error = against(default.endmembers_, np.asarray(default.transform(spectra)), known)
    yield Scores(scene, "default", seed, sad, error, None, None, seconds)
    for name in members:
        side = known.side if name == "conditional" else None
        began = time.perf_counter()
        model = NetworkUnmixer(
            N_CODES.get(name, n),
            member=name,
            unmixer=default,
            random_state=seed,
        )
        found = model.fit(known.cube, side=side).read(known.cube, side)
        seconds = time.perf_counter() - began
        gain = None if known.clean is None else _gain(spectra, known.clean, found.reconstruction)
        sad, error, covered = _quality(model, found, known)
        yield Scores(scene, name, seed, sad, error, gain, covered, seconds)


def against(
    endmembers: NDArray[np.float32], codes: NDArray[np.float32], known: Known
) -> tuple[float, float]:
    """Mean spectral angle, and RMSE of codes as shares of their sum."""
    order = match_endmembers(torch.as_tensor(endmembers).double(), known.endmembers)
    angles = spectral_angle(torch.as_tensor(endmembers).double()[order], known.endmembers)
    shares = torch.as_tensor(codes).double()
    shares = (shares / shares.sum(dim=1, keepdim=True)).nan_to_num(0.0)[:, order]
    return float(angles.mean()), float(rmse(shares, known.abundances))


def _quality(
    model: NetworkUnmixer, found: object, known: Known
) -> tuple[float, float | None, float | None]:
    """Angles, abundance error and coverage, as far as the member has them."""
    from unmix.metrics import angles_between

    endmembers = torch.as_tensor(model.endmembers_).double()
    if model.network_.settings.decoder == "signed":
        return float("nan"), None, None
    if len(endmembers) != len(known.endmembers):
        nearest = angles_between(endmembers, known.endmembers).amin(dim=0)
        return float(nearest.mean()), None, None
    sad, error = against(model.endmembers_, found.codes.numpy(), known)  # type: ignore[attr-defined]
    deviation = found.deviation  # type: ignore[attr-defined]
    if deviation is None:
        return sad, error, None
    order = match_endmembers(endmembers, known.endmembers)
    apart = (found.codes[:, order] - known.abundances).abs()  # type: ignore[attr-defined]
    return sad, error, float((apart <= 2 * deviation[:, order]).double().mean())


def _gain(noisy: NDArray[np.float32], clean: NDArray[np.float32], found: torch.Tensor) -> float:
    """How many decibels nearer to the clean spectra."""
    before = float(np.mean((noisy.astype(np.float64) - clean) ** 2))
    after = float(np.mean((found.double().numpy() - clean) ** 2))
    return 10 * float(np.log10(before / after))


def table(scores: list[Scores]) -> str:
    """Markdown: one row for each member, its columns by scene."""
    scenes = list(dict.fromkeys(each.scene for each in scores))
    rows = []
    for name in dict.fromkeys(each.member for each in scores):
        mine = {s: [e for e in scores if e.member == name and e.scene == s] for s in scenes}
        cells = [_cell([e.sad_rad for e in mine[s]]) for s in scenes]
        cells += [_cell([e.rmse for e in mine[s]]) for s in scenes]
        every = [e for s in scenes for e in mine[s]]
        cells.append(_cell([e.psnr_gain_db for e in every], "{:.1f}"))
        cells.append(_cell([e.covered for e in mine["simulated"]]) if "simulated" in mine else "")
        cells.append(_cell([e.seconds for e in every], "{:.1f}"))
        rows.append([name, PURPOSES[name], *cells])
    header = ["member", "purpose", *(f"SAD {s}" for s in scenes), *(f"RMSE {s}" for s in scenes)]
    return markdown([*header, "PSNR gain, dB", "covered", "fit, s"], rows, n_names=2)


def _cell(values: list[float | None], form: str = "{:.4f}") -> str:
    known = [v for v in values if v is not None and np.isfinite(v)]
    if not known:
        return "-"
    spread = Spread.of(known)
    return f"{form.format(spread.mean)} ± {form.format(spread.sd or 0.0)}"


def main(arguments: list[str] | None = None) -> int:
    """Fit, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_common(parser, n_seeds=5)
    parser.add_argument("--members", nargs="+", choices=list(MEMBERS), default=list(MEMBERS))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    real = [n for n in RASTERS if (chosen.data / "scenes" / n / "truth.npz").is_file()]
    for name in set(RASTERS) - set(real):
        say(f"scene {name} is skipped: its files are not in {chosen.data}.")
    scores: list[Scores] = []
    jobs = [(name, seed) for seed in range(chosen.seeds) for name in (*real, "simulated")]
    for name, seed in tqdm(jobs, file=sys.stderr):
        known = simulated(seed) if name == "simulated" else measured(name, chosen.data)
        scores += fits(name, known, seed, chosen.members)
        if chosen.json is not None:
            chosen.json.write_text(json.dumps([asdict(s) for s in scores], indent=1))
    print(table(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
