"""The output folder of a run: rasters, spectra, preview, model and record."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import Scene, SpectralLibrary
from scenes.export import CogWriter
from unmix.fingerprint import fingerprint
from unmix.mapping import Progress, UnmixedBlock, unmixed_blocks
from unmix.quality import QUALITY_BANDS, QUALITY_UNITS
from unmix.report.quicklook import Quicklook
from unmix.staging import RECORD_NAME, staged_folder
from unmix.unmixer import Unmixer

ABUNDANCES_NAME = "abundances.tif"
TAG_NAMESPACE = "UNMIX"
NODATA = -9999.0


@dataclass(frozen=True)
class Run:
    """A scene and the model that unmixes it."""

    scene: Scene
    """On the bands of the model."""
    model: Unmixer
    """Fitted."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step before this one took."""
    notes: list[str] = field(default_factory=list)
    """Warnings that the record of the run should keep."""


def write_bundle(run: Run, folder: Path, *, overwrite: bool, progress: Progress) -> Path:
    """Write the bundle of a run; see `unmix.pipeline.Unmixing.save`."""
    from unmix.report.preview import draw_preview  # here, since it loads matplotlib

    began = time.perf_counter()
    with staged_folder(folder, overwrite=overwrite) as staged:
        provenance = _provenance(run)
        summary = _write_rasters(run, staged, provenance, progress)
        _write_spectra(run, staged)
        run.model.save(staged / "model")
        progress("drawing", 0.0)
        draw_preview(staged / "preview.png", staged / ABUNDANCES_NAME, run.model, summary.look)
        progress("drawing", 1.0)
        seconds = {**run.seconds, "mapping": time.perf_counter() - began}
        record = provenance | {"seconds": seconds, "scores": summary.scores()}
        record["warnings"] = run.notes
        (staged / RECORD_NAME).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder


@dataclass
class _Summary:
    """What is said of a whole scene, gathered block by block."""

    look: Quicklook
    n_valid: int = 0
    n_mapped: int = 0
    sums: NDArray[np.float64] | float = 0.0
    deviation_sums: NDArray[np.float64] | float = 0.0
    squared_residual: float = 0.0
    quality_sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(QUALITY_BANDS)))

    def add(self, block: UnmixedBlock) -> None:
        """Take a block into account."""
        self.look.add(block.window, block.spectra, block.valid)
        mapped = np.isfinite(block.abundances[0])
        self.sums += block.abundances[:, mapped].sum(axis=1, dtype=np.float64)
        self.deviation_sums += block.uncertainty[:, mapped].sum(axis=1, dtype=np.float64)
        quality = block.quality[:, block.valid].astype(np.float64)
        self.squared_residual += float(np.square(quality[0]).sum())
        self.quality_sums += quality.sum(axis=1)
        self.n_valid += int(block.valid.sum())
        self.n_mapped += int(mapped.sum())

    def scores(self) -> dict[str, Any]:
        """Scores of the run, as they stand in the record."""
        n_mapped, n_valid = max(self.n_mapped, 1), max(self.n_valid, 1)
        mean = self.quality_sums / n_valid
        return {
            "valid_pixels": self.n_valid,
            "mapped_pixels": self.n_mapped,
            "mean_abundances": np.atleast_1d(self.sums / n_mapped).tolist(),
            "mean_uncertainty": np.atleast_1d(self.deviation_sums / n_mapped).tolist(),
            "residual_rmse": math.sqrt(self.squared_residual / n_valid),
            "mean_residual_angle_rad": float(mean[1]),
            "mean_brightness": float(mean[2]),
            "mean_share_outside_unit_interval": float(mean[3]),
        }


def _write_rasters(
    run: Run, staged: Path, provenance: dict[str, Any], progress: Progress
) -> _Summary:
    """All rasters in one pass over the scene."""
    scene = run.scene
    summary = _Summary(
        Quicklook.empty(scene.height, scene.width, scene.n_bands, scene.wavelengths_nm)
    )
    progress("mapping", 0.0)
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(writer)
            for name, writer in _writers(run, staged, provenance).items()
        }
        for block, share in _with_share(run):
            for name, writer in writers.items():
                writer.write(block.window.row_off, block.window.col_off, getattr(block, name))
            summary.add(block)
            progress("mapping", share)
        progress("writing", 0.0)
    progress("writing", 1.0)
    return summary


def _writers(run: Run, staged: Path, provenance: dict[str, Any]) -> dict[str, CogWriter]:
    """A writer for each kind of map, by the name that it has in `UnmixedBlock`."""
    names = run.model.endmember_names_
    deviations = [f"standard deviation of the fraction of {name}" for name in names]
    quality_units = [unit or run.scene.unit for unit in QUALITY_UNITS]
    bands: dict[str, tuple[Sequence[str], str | Sequence[str]]] = {
        "abundances": (names, "fraction"),
        "uncertainty": (deviations, "fraction"),
        "quality": (QUALITY_BANDS, quality_units),
    }
    return {
        kind: CogWriter(
            staged / f"{kind}.tif",
            run.scene.grid,
            band_names,
            units=units,
            nodata=NODATA,
            tags={"run": json.dumps(provenance)},
            namespace=TAG_NAMESPACE,
            software=provenance["software"],
        )
        for kind, (band_names, units) in bands.items()
    }


def _with_share(run: Run) -> Iterator[tuple[UnmixedBlock, float]]:
    """Blocks, each with the share of the scene that is done after it."""
    total, done = run.scene.height * run.scene.width, 0
    for block in unmixed_blocks(run.scene, run.model):
        done += block.valid.size
        yield block, done / total


def _write_spectra(run: Run, staged: Path) -> None:
    model = run.model
    library = SpectralLibrary(
        names=tuple(model.endmember_names_),
        spectra=model.endmembers_,
        wavelengths_nm=model.wavelengths_nm_,
        fwhm_nm=model.fwhm_nm_,
    )
    library.write_sli(staged / "endmembers.sli")
    library.write_csv(staged / "endmembers.csv")


def _provenance(run: Run) -> dict[str, Any]:
    """What went in: versions, parameters, input."""
    scene, model = run.scene, run.model
    crs = scene.grid.crs
    return {
        "software": f"unmix {version('unmix')}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": {
            "name": scene.name,
            "path": None if scene.path is None else str(scene.path),
            "checksum": None if scene.path is None else fingerprint(scene.path),
            "height": scene.height,
            "width": scene.width,
            "crs": None if crs is None else crs.to_string(),
            "transform": list(scene.grid.transform)[:6],
            "unit": scene.unit,
            "n_bands": scene.n_bands,
            "bands_used": scene.bands_used.tolist(),
        },
        "model": {
            "n_endmembers": model.n_endmembers_,
            "n_endmembers_auto": model.n_endmembers_reason_ is not None,
            "n_endmembers_reason": model.n_endmembers_reason_,
            "endmember_names": model.endmember_names_,
            "reading": model.reading,
            "seed": model.seed_,
            "loss": model.loss_,
            "brightness_spread": model.brightness_spread_,
            "noise": model.noise_,
            "n_refits": len(model.endmember_samples_),
            "stability": [None if np.isnan(s) else float(s) for s in model.stability_],
            "n_members": model.n_members_.tolist(),
            "fitted_on": model.source_,
        },
    }
