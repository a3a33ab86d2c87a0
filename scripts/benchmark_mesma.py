"""How fast MESMA tries all models, beside trying them pixel by pixel.

    python scripts/benchmark_mesma.py                      100 000 pixels, 3 classes x 20 spectra
    python scripts/benchmark_mesma.py --pixels 10000 --levels 2 3 --device cuda

Both ways are timed in one run, on one thread, on the same pixels: mixtures of the library with
noise. The plain way solves each model of each pixel by `numpy.linalg.lstsq` in the bands; it is
timed on a few pixels, and its time for all of them is extrapolated. On these, both must choose the
same models. A Markdown table goes to stdout. The goal is 100 times the plain way.
"""

import argparse
import itertools
import time

import numpy as np
import torch

from unmix.mesma import Mesma, MesmaSettings

GOAL = 100


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 1 where the two ways differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pixels", type=int, default=100_000)
    parser.add_argument("--plain-pixels", type=int, default=5, help="timed in the plain way (5)")
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--spectra", type=int, default=20, help="of each class (20)")
    parser.add_argument("--bands", type=int, default=224)
    parser.add_argument("--levels", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--min-gain", type=float, default=0.007, help="0: try all levels (0.007)")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    library, pixels = simulated(options)
    class_of = [k // options.spectra for k in range(len(library))]
    settings = MesmaSettings(levels=tuple(options.levels), min_gain=options.min_gain)

    begun = time.perf_counter()
    models = Mesma.of(library, class_of, settings, device=options.device)
    found = models.unmix(pixels)
    seconds = time.perf_counter() - begun

    few = pixels[: options.plain_pixels].double().numpy()
    begun = time.perf_counter()
    plain = [plainly(pixel, library.numpy(), class_of, settings) for pixel in few]
    slow = (time.perf_counter() - begun) / len(few) * len(pixels)
    same = plain == found.members[: len(few)].tolist()

    n_tried = sum(models.n_models.values())
    print(
        f"| pixels | bands | models | ours, s | ns per pixel and model | plain, s ({len(few)} "
        "pixels, extrapolated) | times as fast | same models |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|---|")
    print(
        f"| {len(pixels)} | {options.bands} | {n_tried} | {seconds:.1f} | "
        f"{seconds / len(pixels) / n_tried * 1e9:.1f} | {slow:.0f} | {slow / seconds:.0f} "
        f"(goal {GOAL}) | {'yes' if same else 'NO'} |"
    )
    return 0 if same else 1


def simulated(options: argparse.Namespace) -> tuple[torch.Tensor, torch.Tensor]:
    """A library of smooth spectra, float64, and float32 mixtures of one of each class and shade."""
    rng = np.random.default_rng(0)
    axis = np.linspace(0, 1, options.bands)
    n = options.classes * options.spectra
    bumps = rng.random((options.classes, 4)).repeat(options.spectra, axis=0)
    bumps = bumps + 0.1 * rng.standard_normal((n, 4))
    shapes = np.exp(-(((axis - bumps[:, :, None]) / 0.25) ** 2))
    library = 0.05 + shapes.mean(axis=1) * rng.uniform(0.3, 0.6, (n, 1))
    first = np.arange(options.classes) * options.spectra
    members = first + rng.integers(0, options.spectra, (options.pixels, options.classes))
    fractions = rng.dirichlet([0.5] * options.classes, options.pixels)
    fractions *= rng.uniform(0.3, 1, (options.pixels, 1))
    pixels = np.einsum("pk,pkb->pb", fractions, library[members]).astype(np.float32)
    pixels += 0.004 * rng.standard_normal(pixels.shape, dtype=np.float32)
    return torch.from_numpy(library), torch.from_numpy(pixels)


def plainly(
    pixel: np.ndarray, library: np.ndarray, class_of: list[int], settings: MesmaSettings
) -> list[int]:
    """Spectrum of each class of the model chosen, -1 for none: one least squares for each model."""
    n_classes = class_of[-1] + 1
    groups = [[i for i, c in enumerate(class_of) if c == k] for k in range(n_classes)]
    chosen, least = [-1] * n_classes, np.inf
    for level in settings.levels:
        best, lowest = chosen, np.inf
        for mixed in itertools.combinations(range(n_classes), level - 1):
            for members in itertools.product(*(groups[k] for k in mixed)):
                design = library[list(members)].T
                found = np.linalg.lstsq(design, pixel, rcond=None)[0]
                rmse = float(np.sqrt(np.mean((pixel - design @ found) ** 2)))
                if rmse < lowest and within(found, settings):
                    lowest = rmse
                    best = [
                        dict(zip(mixed, members, strict=True)).get(k, -1) for k in range(n_classes)
                    ]
        if lowest <= settings.max_rmse and least - lowest >= settings.min_gain:
            chosen, least = best, lowest
    return chosen


def within(found: np.ndarray, settings: MesmaSettings) -> bool:
    """Whether fractions and shade are within their limits."""
    shade = 1 - found.sum()
    fractions = settings.min_fraction <= found.min() and found.max() <= settings.max_fraction
    return bool(fractions and settings.min_shade <= shade <= settings.max_shade)


if __name__ == "__main__":
    raise SystemExit(main())
