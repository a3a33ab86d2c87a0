"""What a bundle is made from, and what is said of where it came from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scenes import Grid, Scene
from unmix.fingerprint import fingerprint
from unmix.resuming import Kept
from unmix.unmixer import Unmixer

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
    matches: list[dict[str, Any]] = field(default_factory=list)
    """What each endmember was found to be in a library; empty where none was asked."""
    references: dict[int, NDArray[np.floating[Any]]] = field(default_factory=dict)
    """Spectra of that library, on the scene's bands: those of the matches, by their numbers."""
    kept: Kept | None = None
    """What an interrupted run left of the maps, and where this one keeps them."""
    command: Literal["run", "apply"] = "run"
    """Whether the model was learned for this, or had been fitted before."""

    @property
    def map_grid(self) -> Grid:
        """Where the maps lie."""
        return map_grid_of(self.scene)


def map_grid_of(scene: Scene) -> Grid:
    """Where the maps of a scene lie: on its grid, or on that of its lookup table."""
    return scene.grid if scene.lookup is None else scene.lookup.grid


def provenance_of(run: Run) -> dict[str, Any]:
    """What went in: versions, parameters, input."""
    model = run.model
    return record_of(run.command, run.scene) | {
        "model": {
            "n_endmembers": model.n_endmembers_,
            "n_endmembers_auto": model.n_endmembers_reason_ is not None,
            "n_endmembers_reason": model.n_endmembers_reason_,
            "endmember_names": model.endmember_names_,
            "matches": run.matches,
            "reading": model.reading,
            "seed": model.seed_,
            "loss": model.loss_,
            "brightness_spread": model.brightness_spread_,
            "noise": model.noise_,
            "n_refits": len(model.endmember_samples_),
            "stability": [None if np.isnan(s) else float(s) for s in model.stability_],
            "n_members": members_of(model),
            "known": (model.known_ > 0).tolist(),
            "fitted_on": model.source_,
        },
    }


def members_of(model: Unmixer) -> list[int | None]:
    """Pixels that each endmember is the mean of; None for one that was known."""
    pairs = zip(model.n_members_.tolist(), model.known_.tolist(), strict=True)
    return [None if known else members for members, known in pairs]


def record_of(command: str, scene: Scene) -> dict[str, Any]:
    """How the record of a command begins: versions, when, and the scene that went in."""
    return {
        "software": f"unmix {version('unmix')}",
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": input_of(scene),
    }


def input_of(scene: Scene) -> dict[str, Any]:
    """What a record says of the scene that went in."""
    grid = map_grid_of(scene)
    return {
        "name": scene.name,
        "path": None if scene.path is None else str(scene.path),
        "checksum": None if scene.path is None else fingerprint(scene.path),
        "height": scene.height,
        "width": scene.width,
        "crs": None if grid.crs is None else grid.crs.to_string(),
        "transform": list(grid.transform)[:6],
        "in_sensor_geometry": scene.lookup is not None,
        "unit": scene.unit,
        "n_bands": scene.n_bands,
        "bands_used": scene.bands_used.tolist(),
        "preparation": scene.preparation,
    }
