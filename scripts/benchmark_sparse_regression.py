"""Sparse regression with the whole USGS library (498 spectra) on scenes with known truth.

    python scripts/benchmark_sparse_regression.py                    DC1 and Sim2, 30 and 20 dB
    python scripts/benchmark_sparse_regression.py --scenes dc1@40 --seeds 2 --methods sunsal

One Markdown table goes to stdout: mean and standard deviation over noise seeds of

  SRE      10 log10(sum x^2 / sum (x - x^)^2) in dB, over all members of the library
  oracle   the same, of sum-to-one least squares with the true members alone
  members  left after pruning, and how many of them are true

No method is told which members there are, how many, or how strong the noise is.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from accuracy.known_scenes import load_scene
from torch import Tensor

from unmix.least_squares import least_squares
from unmix.sparse_regression import learn_sparse

DATA = Path(__file__).parents[2] / "shared" / "data"
SAME = 1e-5
"""Difference below which a library's spectrum is an endmember of the truth."""


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", nargs="+", default=["dc1@30", "dc1@20", "sim2@30", "sim2@20"])
    parser.add_argument("--methods", nargs="+", default=["sunsal", "collaborative", "topk"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=DATA)
    chosen = parser.parse_args(arguments)
    print("| scene | method | SRE dB | oracle dB | members (true) | s |")
    print("|---|---|---|---|---|---|")
    for scene in chosen.scenes:
        library = library_in_order(chosen.data, scene.partition("@")[0])
        for method in chosen.methods:
            rows = [trial(scene, method, s, library, chosen.data) for s in range(chosen.seeds)]
            mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
            print(
                f"| {scene} | {method} | {mean[0]:.2f} ± {spread[0]:.2f} | {mean[1]:.2f} | "
                f"{mean[2]:.1f} ({mean[3]:.1f}) | {mean[4]:.1f} |",
                flush=True,
            )
    return 0


def trial(scene: str, method: str, seed: int, library: Tensor, data: Path) -> list[float]:
    """SRE, that of the oracle, members, true ones among them, seconds."""
    known = load_scene(scene, seed, data)
    members = [true_member(library, endmember) for endmember in known.endmembers]
    truth = torch.zeros(len(known.spectra), len(library), dtype=torch.float64)
    truth[:, members] = known.abundances
    began = time.perf_counter()
    model = learn_sparse(known.spectra, library, method, k=len(members))  # type: ignore[arg-type]
    read = model.read(known.spectra)
    seconds = time.perf_counter() - began
    codes = torch.zeros_like(truth)
    codes[:, model.members] = (read.fractions * read.brightness[:, None]).double()
    oracle = torch.zeros_like(truth)
    oracle[:, members] = least_squares(known.spectra, known.endmembers, "fcls")
    n_true = len(set(members) & set(model.members.tolist()))
    return [sre(codes, truth), sre(oracle, truth), len(model.members), n_true, seconds]


def library_in_order(data: Path, scene: str) -> Tensor:
    """The USGS library (n_members, n_bands) with its bands in the order of a scene's."""
    spectra = np.load(data / "libraries" / "usgs1995.npz")["spectra"]
    wavelengths = np.load(data / "scenes" / scene / "truth.npz")["wavelengths"]
    order = np.argsort(np.argsort(wavelengths, kind="stable"), kind="stable")
    return torch.from_numpy(spectra[:, order]).double()


def true_member(library: Tensor, endmember: Tensor) -> int:
    """Number of the library's spectrum that is the endmember."""
    off = (library - endmember).abs().amax(dim=1)
    assert off.min() < SAME, "the endmember is not in the library"
    return int(off.argmin())


def sre(codes: Tensor, truth: Tensor) -> float:
    """Signal to reconstruction error in dB."""
    error = (codes.nan_to_num() - truth).square().sum()
    return float(10 * torch.log10(truth.square().sum() / error))


if __name__ == "__main__":
    raise SystemExit(main())
