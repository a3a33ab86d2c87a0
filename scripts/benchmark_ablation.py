"""What each part of unmix is worth: its accuracy with one part switched off at a time.

    python scripts/benchmark_ablation.py                          every variant, 3 seeds
    python scripts/benchmark_ablation.py --scenes samson dc1@20 --variants "no noise ball"

One Markdown table goes to stdout, everything else to stderr: a row for each variant, a column for
each scene, in it the spectral angle in radians, mean ± standard deviation (worst) over seeds, and
on scenes with a planted material (name+15px) how many seeds found it. Every variant is the same on
every scene. The variants are in `accuracy/ablation.py`.
"""

import argparse
import json
import sys

import torch
from accuracy.ablation import VARIANTS, ablation_json, ablation_table, variant_fit
from accuracy.arguments import add_common, available_scenes, say, scene_name
from accuracy.known_scenes import load_scene
from accuracy.measuring import Trial, measure
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm

DEFAULT_SCENES = (
    "samson",
    "jasper_ridge",
    "dc1@30",
    "dc1@20",
    "sim2@30",
    "demo",
    "minerals",
    "rugged",
    "samson+15px",
    "jasper_ridge+0.3%",
)
FIRST = "as it is"


def main(arguments: list[str] | None = None) -> int:
    """Run the ablation; return 0, or 1 if there was nothing to run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", nargs="+", type=scene_name, default=DEFAULT_SCENES)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    add_common(parser, n_seeds=3)
    chosen = parser.parse_args(arguments)
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"{chosen.json.parent} is not a folder.")
    scenes = available_scenes(chosen.scenes, chosen.data)
    if not scenes:
        say("there is nothing to run.")
        return 1
    variants = list(dict.fromkeys([FIRST, *chosen.variants]))
    torch.set_num_threads(chosen.threads)
    with threadpool_limits(chosen.threads):
        runs = _run(scenes, variants, chosen)
    print(ablation_table(runs))
    if chosen.json is not None:
        found = ablation_json(runs, chosen.threads)
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 0


def _run(
    scenes: list[str], variants: list[str], chosen: argparse.Namespace
) -> dict[str, dict[str, list[Trial]]]:
    """Every variant on every scene and seed; a scene is made once for all variants."""
    runs: dict[str, dict[str, list[Trial]]] = {v: {s: [] for s in scenes} for v in variants}
    total = len(scenes) * len(variants) * chosen.seeds
    with tqdm(total=total, unit="fit", file=sys.stderr) as progress:
        for scene in scenes:
            for seed in range(chosen.seeds):
                truth = load_scene(scene, seed, chosen.data)
                for variant in variants:
                    progress.set_description(f"{scene}, {variant}")
                    found = measure(scene, variant, variant_fit(variant), truth, seed)
                    runs[variant][scene].append(found)
                    progress.update()
    return runs


if __name__ == "__main__":
    sys.exit(main())
