"""Runs summed up over seeds, as a Markdown table and as JSON."""

import dataclasses
import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from accuracy.measuring import Trial
from unmix.readings import READINGS

COLUMNS = ("native", *READINGS)
"""Readings in the order of the table."""

PACKAGES = ("unmix", "torch", "numpy", "scipy", "scikit-learn")

DEFINITIONS = {
    "sad_rad": "spectral angle in radians, mean over the endmembers after one joint Hungarian "
    "assignment on the angle, which serves the abundances too",
    "rmse_moc": "mean over the endmembers of each one's abundance RMSE, as a fraction",
    "rmse_pooled": "root of the mean squared abundance error over all pixels and endmembers",
    "native": "the method's own abundances: unmix its default reading; vca, vca-projected, nfindr "
    "and sisal FCLS; vca-l2 FCLS of unit pixels on unit endmembers; aa and edaa their own convex "
    "weights for unit pixels; nmf its own weights over their sum",
    "reflectance": "least squares with a sum as near to one as the scene's brightness is, which "
    "is learnt from its pixels",
    "nnls": "NNLS on the endmembers as they are, over the sum",
    "fcls": "least squares with sum-to-one",
    "peak": "NNLS on endmembers scaled to maximum one, over the sum",
    "l2": "NNLS on endmembers of unit length, over the sum",
    "found": "whether the planted material's angle is below .05 rad and the mean of the others' "
    "below .04; null where nothing was planted",
    "n_unread": "pixels for which a reading has no answer; they count as all abundances zero",
    "fit_s": "wall time of the fit alone: no imports, reading of files, abundances or scoring; "
    "after a warm-up fit of 256 random spectra",
    "cpu_s": "processor time of the same",
    "peak_mb": "highest resident memory during the fit less that just before it, in 10^6 bytes, "
    "in a process of its own; pixels and libraries are there before",
    "sd": "sample standard deviation over seeds (n - 1)",
    "worst": "largest over seeds",
}
"""What the numbers mean; goes into the JSON."""


@dataclass(frozen=True)
class Spread:
    """One number over several seeds."""

    mean: float
    sd: float | None
    """None for a single seed."""
    worst: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum up values, of which larger ones are worse."""
        numbers = list(values)
        sd = statistics.stdev(numbers) if len(numbers) > 1 else None
        return cls(statistics.fmean(numbers), sd, max(numbers))

    def __str__(self) -> str:
        """Mean, spread and (worst), as in ``.0186 ± .0002 (.0189)``."""
        if self.sd is None:
            return short(self.mean)
        return f"{short(self.mean)} ± {short(self.sd)} ({short(self.worst)})"


@dataclass(frozen=True)
class Summary:
    """One method on one scene: a row of the table."""

    scene: str
    method: str
    n_seeds: int
    n_endmembers: int
    sad_rad: Spread
    n_found: int | None
    """Seeds whose planted material was found; None where nothing was planted."""
    rmse_moc: dict[str, Spread]
    rmse_pooled: dict[str, Spread]
    fit_s: Spread
    cpu_s: Spread
    peak_mb: float | None
    """Largest over seeds."""


def summarise(runs: Sequence[Trial]) -> Summary:
    """Sum up the runs of one method on one scene."""
    peaks = [run.peak_mb for run in runs if run.peak_mb is not None]
    scores = [run.score for run in runs]
    found = [score.found for score in scores if score.found is not None]
    return Summary(
        scene=runs[0].scene,
        method=runs[0].method,
        n_seeds=len(runs),
        n_endmembers=runs[0].n_endmembers,
        sad_rad=Spread.of(score.sad_rad for score in scores),
        n_found=sum(found) if found else None,
        rmse_moc={k: Spread.of(score.rmse_moc[k] for score in scores) for k in COLUMNS},
        rmse_pooled={k: Spread.of(score.rmse_pooled[k] for score in scores) for k in COLUMNS},
        fit_s=Spread.of(run.fit_s for run in runs),
        cpu_s=Spread.of(run.cpu_s for run in runs),
        peak_mb=max(peaks) if len(peaks) == len(runs) else None,
    )


def short(value: float) -> str:
    """Four decimals without the leading zero.

    Examples
    --------
    >>> short(0.01864), short(1.2)
    ('.0186', '1.2000')
    """
    if not math.isfinite(value):
        return str(value)
    return f"{value:.4f}".removeprefix("0")


def markdown_table(summaries: Iterable[Summary]) -> str:
    """One row for each scene and method; mean ± sd (worst) over seeds."""
    header = [
        "scene",
        "method",
        "n",
        "SAD, rad",
        "rare found",
        *(f"RMSE {reading}" for reading in COLUMNS),
        "fit, s",
        "CPU, s",
        "added peak, MB",
    ]
    return markdown(header, (_cells(summary) for summary in summaries), n_names=2)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], n_names: int) -> str:
    """Markdown of a table whose first columns are names and whose others are numbers."""
    aligned = ["--:" if k >= n_names else "---" for k in range(len(header))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, aligned, *rows))


def _cells(summary: Summary) -> list[str]:
    peak = "-" if summary.peak_mb is None else f"{summary.peak_mb:.0f}"
    return [
        summary.scene,
        summary.method,
        str(summary.n_endmembers),
        str(summary.sad_rad),
        "-" if summary.n_found is None else f"{summary.n_found}/{summary.n_seeds}",
        *(str(summary.rmse_moc[reading]) for reading in COLUMNS),
        f"{summary.fit_s.mean:.2f}",
        f"{summary.cpu_s.mean:.2f}",
        peak,
    ]


def as_json(
    runs: Iterable[Trial], summaries: Iterable[Summary], failures: Sequence[str], n_threads: int
) -> dict[str, Any]:
    """Everything, ready for `json.dump`."""
    return {
        **how_made(n_threads),
        "failures": list(failures),
        "summary": [dataclasses.asdict(summary) for summary in summaries],
        "runs": [dataclasses.asdict(run) for run in runs],
    }


def how_made(n_threads: int) -> dict[str, Any]:
    """What numbers mean, and where they were measured."""
    return {
        "definitions": DEFINITIONS,
        "environment": {
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
            "n_threads": n_threads,
            "versions": {package: version(package) for package in PACKAGES},
        },
    }
