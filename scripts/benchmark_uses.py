"""What a learned model is good for: anomalies, classes from few labels, numbers of materials.

    python scripts/benchmark_uses.py                       5 seeds of each scene (minutes)
    python scripts/benchmark_uses.py --part classes --seeds 2 --scenes demo@20 --json out.json

Markdown tables go to stdout as one text, everything else to stderr; cells are mean and standard
deviation over seeds, and for anomalies the worst seed in brackets.

* anomalies: two materials of ours, more than 0.1 rad from every mixture of the scene's own, cover
  10 to 50 % of each of 0.1 % of its pixels.
  Area under the curve of `AnomalyDetector` on the default `Unmixer`, and of RX (Reed and Yu's
  Mahalanobis distance of whole spectra); share of the planted pixels above the threshold for one
  false alarm in a thousand; and the share of false alarms, in thousandths, in the scene without
  anything planted.
* classes: the dominant material of a pixel, learned from 10 labelled pixels of each and predicted
  on all others. Accuracy of the same classifiers on `SpectralFeatures` of an `Unmixer` with as many
  endmembers as there are materials, and on the spectra themselves; "all bands" and "features".
  A number after @ is noise that is added, as a signal-to-noise ratio in dB.
* tuning: the number of materials that `unmix.uses.tuning.tune` ranks first, of the true one and two
  fewer and two more; its held-out prediction and stability, and the score of the true number less
  the best of the wrong ones, in dB.

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
from accuracy.arguments import DATA
from accuracy.known_scenes import SIMULATIONS, KnownScene, load_scene, missing_file
from accuracy.planting import LEAST_ANGLE, angle_to_cone
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from unmix import FitSettings, Unmixer
from unmix.simulation import MATERIALS
from unmix.uses.anomalies import AnomalyDetector
from unmix.uses.classification import CLASSIFIERS, make_classifier
from unmix.uses.features import SpectralFeatures
from unmix.uses.tuning import tune

ANOMALY_SCENES = ("demo", "minerals", "rugged")
CLASS_SCENES = ("samson", "jasper_ridge", "samson@20", "jasper_ridge@20",
                "demo@20", "minerals@20", "rugged@20")  # fmt: skip
PLANTED_SHARE, LEAST_COVER, MOST_COVER = 1e-3, 0.1, 0.5
TUNING_SCENES = ("demo", "minerals", "rugged", "samson", "jasper_ridge")
N_FOREIGN = 2
N_LABELS = 10
PARTS = ("anomalies", "classes", "tuning")
SEED_OFFSET = 500


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, nargs="+", default=PARTS, help="what to measure")
    parser.add_argument("--scenes", nargs="+", help="other scenes than the usual ones")
    parser.add_argument("--seeds", type=int, default=5, help="of each scene (5)")
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
        ("tuning", TUNING_SCENES, tuning_of),
    ):
        if part in chosen.part:
            found[part] = [
                {"scene": name, "seed": seed, **measure(name, seed, chosen)}
                for name in chosen.scenes or usual
                if missing_file(name.partition("@")[0], chosen.data) is None
                for seed in range(chosen.seeds)
            ]
            tables.append(table(found[part]))
    print("\n\n".join(tables))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 0


def anomalies_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float]:
    """How well planted pixels are found, and how many others are in a scene without them."""
    sys.stderr.write(f"anomalies, {name}, seed {seed} ...\n")
    scene = load_scene(name, seed, chosen.data)
    clean = detector_of(scene.spectra, scene, seed, chosen)
    spectra, odd = with_foreign_materials(name, scene, seed)
    detector = detector_of(spectra, scene, seed, chosen)
    return {
        "AUC unmix": float(roc_auc_score(odd, detector.scores(spectra)[:, 0])),
        "AUC RX": float(roc_auc_score(odd, rx(spectra.double().numpy()))),
        "found, %": 100 * float(detector.predict(spectra)[odd].mean()),
        "false alarms, per mille": 1000 * float(clean.predict(scene.spectra).mean()),
    }


def detector_of(
    spectra: torch.Tensor, scene: KnownScene, seed: int, chosen: argparse.Namespace
) -> AnomalyDetector:
    """Of a model with as many endmembers as the scene has."""
    model = unmixer(scene, seed, chosen).fit(spectra)
    return AnomalyDetector(model, false_alarm=1e-3).fit(spectra)


def unmixer(scene: KnownScene, seed: int, chosen: argparse.Namespace) -> Unmixer:
    """Not fitted yet."""
    settings = FitSettings(n_points=100, n_starts=4, n_steps=60) if chosen.quick else None
    return Unmixer(len(scene.endmembers), random_state=seed, n_refits=0, settings=settings)


def with_foreign_materials(
    name: str, scene: KnownScene, seed: int
) -> tuple[torch.Tensor, NDArray[np.bool_]]:
    """Spectra of which a few are partly covered by materials of ours that are not in the scene."""
    simulation = SIMULATIONS[name](seed)
    rng = np.random.default_rng(SEED_OFFSET + seed)
    others = [each for known, each in MATERIALS.items() if known not in simulation.names]
    foreign = simulation.sensor_bands.observe(others)[:, simulation.sensor_bands.good]
    own = scene.endmembers.double().numpy()
    foreign = foreign[[angle_to_cone(each, own) > LEAST_ANGLE for each in foreign]]
    foreign = foreign[rng.choice(len(foreign), N_FOREIGN, replace=False)]
    spectra = scene.spectra.double().numpy().copy()
    n_planted = max(5, round(PLANTED_SHARE * len(spectra)))
    places = rng.choice(len(spectra), n_planted, replace=False)
    cover = rng.uniform(LEAST_COVER, MOST_COVER, (n_planted, 1))
    material = foreign[rng.integers(N_FOREIGN, size=n_planted)]
    spectra[places] = (1 - cover) * spectra[places] + cover * material
    odd = np.zeros(len(spectra), dtype=np.bool_)
    odd[places] = True
    return torch.as_tensor(spectra, dtype=torch.float32), odd


def rx(spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mahalanobis distances of whole spectra, squared."""
    centred = spectra - spectra.mean(axis=0)
    factor = np.linalg.cholesky(np.cov(centred.T))
    return np.square(np.linalg.solve(factor, centred.T)).sum(axis=0)


def classes_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Accuracies of every classifier on spectra and on features."""
    sys.stderr.write(f"classes, {name}, seed {seed} ...\n")
    base, _, snr_db = name.partition("@")
    scene = load_scene(base, seed, chosen.data)
    rng = np.random.default_rng(seed)
    spectra = scene.spectra.double().numpy()
    if snr_db:
        sigma = np.sqrt(np.mean(spectra**2) / 10 ** (float(snr_db) / 10))
        spectra = spectra + sigma * rng.standard_normal(spectra.shape)
    spectra = spectra.astype(np.float32)
    classes = scene.abundances.argmax(dim=1).numpy()
    chosen_pixels = [
        rng.choice(np.flatnonzero(classes == number), N_LABELS, replace=False)
        for number in np.unique(classes)
    ]
    trained = np.concatenate(chosen_pixels)
    features = SpectralFeatures(unmixer(scene, seed, chosen)).fit(spectra)
    inputs = {"all bands": spectra, "features": np.asarray(features.transform(spectra))}
    others = np.setdiff1d(np.flatnonzero(np.isfinite(inputs["features"]).all(axis=1)), trained)
    found = {}
    for kind in CLASSIFIERS:
        for what, values in inputs.items():
            classifier = make_classifier(kind, seed).fit(values[trained], classes[trained])
            right = classifier.predict(values[others]) == classes[others]
            found[f"{kind}, {what}"] = float(right.mean())
    return found


def tuning_of(name: str, seed: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Which number of materials is ranked first, and by how much the true one leads."""
    sys.stderr.write(f"tuning, {name}, seed {seed} ...\n")
    scene = load_scene(name, seed, chosen.data)
    n = len(scene.endmembers)
    tried = {"n_endmembers": list(range(max(2, n - 2), n + 3))}
    found = tune(unmixer(scene, seed, chosen), scene.spectra, tried, random_state=seed)
    best = found.trials[0]
    scores = {
        trial.parameters["n_endmembers"]: -100.0 if trial.score is None else trial.score
        for trial in found.trials
    }
    wrong = max(score for number, score in scores.items() if number != n)
    return {
        "materials": n,
        "chosen": best.parameters["n_endmembers"],
        "held-out dB": float(best.held_out_db or 0),
        "stability": float(best.stability or 0),
        "lead of the true, dB": scores[n] - wrong,
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


def _cell(name: str, values: list[float]) -> str:
    text = f"{statistics.mean(values):.3f} ± {statistics.pstdev(values):.3f}"
    return f"{text} ({min(values):.3f})" if name.startswith("AUC") else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
