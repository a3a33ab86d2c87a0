"""How near extraction alone comes to known endmembers, beside the model that `unmix run` learns.

    python scripts/benchmark_extraction.py                     two simulated scenes and samson
    python scripts/benchmark_extraction.py --scenes tiny --seeds 1

One Markdown table goes to stdout: the spectral angle in radians, mean over the endmembers after one
Hungarian assignment and over the seeds (worst seed), and the processor seconds of a fit. Extracted
spectra are the pixels themselves, as `unmix endmembers` writes them; every method is told the
number of endmembers.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from accuracy.arguments import add_common, available_scenes, scene_name
from accuracy.known_scenes import load_scene
from torch import Tensor
from tqdm import tqdm

from unmix import Unmixer
from unmix.endmembers import atgp, edaa, nfindr, ppi, sivm, smacc, vca
from unmix.metrics import match_endmembers, spectral_angle

SCENES = ("demo", "minerals", "samson")
N_SEEDS = 3
EDAA_STARTS = 20


def _learned(spectra: Tensor, n: int, seed: int) -> Tensor:
    model = Unmixer(n, n_refits=0, random_state=seed, device="cpu").fit(spectra)
    return torch.as_tensor(model.endmembers_)


METHODS: dict[str, Callable[[Tensor, int, int], Tensor]] = {
    "unmix run": _learned,
    "vca": lambda y, n, seed: y[vca(y, n, seed)],
    "nfindr": lambda y, n, seed: y[nfindr(y, n, seed)],
    "sivm": lambda y, n, seed: y[sivm(y, n)],
    "ppi": lambda y, n, seed: y[ppi(y, n, seed)],
    "atgp": lambda y, n, seed: y[atgp(y, n)],
    "smacc": lambda y, n, seed: y[smacc(y, n)],
    "edaa": lambda y, n, seed: edaa(y, n, seed, n_starts=EDAA_STARTS),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", nargs="+", type=scene_name, default=SCENES, metavar="NAME")
    add_common(parser, n_seeds=N_SEEDS)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    scenes = list(available_scenes(chosen.scenes, chosen.data))
    print(f"| method | {' | '.join(scenes)} | CPU s |")
    print(f"|---|{'---|' * len(scenes)}---|")
    found = {}
    for method in tqdm(METHODS, file=sys.stderr):
        angles = np.empty((len(scenes), chosen.seeds))
        seconds = []
        for k, scene in enumerate(scenes):
            for seed in range(chosen.seeds):
                angles[k, seed], spent = _trial(method, scene, seed, chosen)
                seconds.append(spent)
        cells = [f"{each.mean():.4f} ({each.max():.4f})" for each in angles]
        print(f"| {method} | {' | '.join(cells)} | {np.mean(seconds):.2f} |", flush=True)
        found[method] = {
            "sad_rad": dict(zip(scenes, angles.tolist(), strict=True)),
            "cpu_s": seconds,
        }
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _trial(method: str, scene: str, seed: int, chosen: argparse.Namespace) -> tuple[float, float]:
    """Mean angle of one fit, and its processor seconds."""
    truth = load_scene(scene, seed, chosen.data)
    start = time.process_time()
    found = METHODS[method](truth.spectra, len(truth.endmembers), seed).double()
    spent = time.process_time() - start
    order = match_endmembers(found, truth.endmembers)
    return float(spectral_angle(found[order], truth.endmembers).mean()), spent


if __name__ == "__main__":
    sys.exit(main())
