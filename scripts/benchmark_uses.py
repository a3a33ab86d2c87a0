"""What a learned model is good for: anomalies, classes from few labels, numbers of materials.

    python scripts/benchmark_uses.py                       5 seeds of each scene (minutes)
    python scripts/benchmark_uses.py --part classes --seeds 2 --scenes demo@20 --json out.json

Markdown tables go to stdout as one text, everything else to stderr; cells are mean and standard
deviation over seeds, and for anomalies the worst seed in brackets.

* anomalies: two materials, of ours or measured minerals, more than 0.1 rad from every mixture of
  the scene's own, cover 10 to 50 % of each of 0.1 % of its pixels. With `--near` they may be any,
  and are as dark as their pixel.
  Area under the curve of `AnomalyDetector` on the default `Unmixer`; of RX (Reed and Yu's
  Mahalanobis distance of whole spectra); of one who knows endmembers and noise of a simulation, but
  not the materials; and of an oracle who knows them and every pixel as it was (in real scenes, the
  matched filter of them). Share of the planted pixels above the threshold for one false alarm in a
  thousand; and the share of false alarms, in thousandths, in the scene without anything planted.
* classes: the dominant material of a pixel, learned from 10 labelled pixels of each (`--labels`),
  drawn in half of the 10 x 10 squares of the scene, and predicted on all that are at least 4 pixels
  from a labelled one, so that none was seen beside one in training. Accuracy of `--classifier` on
  all bands and on each kind of features; the fractions are of as many endmembers as there are
  materials. A number after @ is noise that is added, as a signal-to-noise ratio in dB. Features and
  their weights were chosen on samson, samson@20 and demo@20.
* fine-tuning: the same for the convolutional features before and after labels taught the network;
  mean cross-entropy of held-out squares (nats), steps that they chose, seconds.
* tuning: the number of materials that `unmix.uses.tuning.tune` ranks first, of the true one and two
  fewer and two more, on some pixels (`--pixels`); how often that is the true one; the held-out
  prediction and stability of the true one, and its score less the best of the wrong ones, in dB.

Simulated scenes are those of `benchmark_accuracy.py`; samson and jasper_ridge are read from
../shared/data where it is there, and left out where not.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accuracy.anomalies import anomalies_of
from accuracy.arguments import DATA
from accuracy.class_maps import CHOICE_SCENES, REPORT_SCENES, classes_of, fine_tuning_of
from accuracy.known_scenes import load_scene, missing_file

from unmix import FitSettings, Unmixer
from unmix.uses.classification import CLASSIFIERS
from unmix.uses.tuning import tune

ANOMALY_SCENES = TUNING_SCENES = ("demo", "minerals", "rugged", "samson", "jasper_ridge")
PARTS = ("anomalies", "classes", "fine-tuning", "tuning")
CLASS_SCENES = (*CHOICE_SCENES, *REPORT_SCENES)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--scenes", nargs="+", help="other scenes than the usual ones")
    parser.add_argument("--seeds", type=int, default=5, help="of each scene (5)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--labels", type=int, default=10, help="labelled pixels of a class (10)")
    parser.add_argument("--classifier", choices=CLASSIFIERS, default=CLASSIFIERS[0])
    parser.add_argument("--near", action="store_true", help="anomalies that are harder to find")
    parser.add_argument("--pixels", type=int, default=2500, help="to tune on (2500)")
    parser.add_argument("--quick", action="store_true", help="learn with a tenth of the work")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real scenes")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    chosen = parser.parse_args(arguments)
    if chosen.json is not None and not chosen.json.parent.is_dir():
        parser.error(f"{chosen.json.parent} is not a folder.")
    torch.set_num_threads(1)
    found: dict[str, list[dict[str, Any]]] = {}
    tables = []
    for part, usual, measure in (
        ("anomalies", ANOMALY_SCENES, anomalies_of),
        ("classes", CLASS_SCENES, classes_of),
        ("fine-tuning", CLASS_SCENES, fine_tuning_of),
        ("tuning", TUNING_SCENES, tuning_of),
    ):
        if part in chosen.part:
            found[part] = [
                {"scene": name, "seed": seed, **measure(name, seed, chosen)}
                for name in chosen.scenes or usual
                if missing_file(name.partition("@")[0], chosen.data) is None
                for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds)
            ]
            tables.append(table(found[part]))
    print("\n\n".join(tables))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 0


def tuning_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float | None]:
    """Which number of materials is ranked first, and by how much the true one leads."""
    sys.stderr.write(f"tuning, {name}, seed {seed} ...\n")
    scene = load_scene(name, seed, chosen.data)
    n, n_pixels = len(scene.endmembers), len(scene.spectra)
    places = np.random.default_rng(seed).choice(n_pixels, min(chosen.pixels, n_pixels), False)
    settings = FitSettings(n_points=100, n_starts=4, n_steps=60) if chosen.quick else None
    found = tune(
        Unmixer(random_state=seed, settings=settings),
        scene.spectra[places],
        {"n_endmembers": list(range(max(2, n - 2), n + 3))},
        random_state=seed,
    )
    trials = {trial.parameters["n_endmembers"]: trial for trial in found.trials}
    scores = {number: -100.0 if t.score is None else t.score for number, t in trials.items()}
    chosen_number = found.trials[0].parameters["n_endmembers"]
    return {
        "materials": n,
        "chosen": chosen_number,
        "true first, %": 100.0 * (chosen_number == n),
        "held-out dB": trials[n].held_out_db,
        "stability": trials[n].stability,
        "lead of the true, dB": scores[n] - max(s for k, s in scores.items() if k != n),
    }


def table(found: list[dict[str, Any]]) -> str:
    """Mean and spread over seeds, one row a scene."""
    measures = [name for name in found[0] if name not in ("scene", "seed")]
    lines = [_line(["scene", *measures]), "|" + "---|" * (len(measures) + 1)]
    for scene in dict.fromkeys(row["scene"] for row in found):
        rows = [row for row in found if row["scene"] == scene]
        lines.append(
            _line([scene, *(_cell(name, [row[name] for row in rows]) for name in measures)])
        )
    return "\n".join(lines)


def _cell(name: str, found: list[float | None]) -> str:
    values = [value for value in found if value is not None]
    if not values:
        return "-"
    text = f"{statistics.mean(values):.3f} ± {statistics.pstdev(values):.3f}"
    return f"{text} ({min(values):.3f})" if name.startswith("AUC") else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
