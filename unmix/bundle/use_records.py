"""Records of what was made with a learned model or network."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scenes import Scene
from unmix.bundle.run import record_of
from unmix.networks import NetworkUnmixer
from unmix.unmixer import Unmixer


def use_record(
    command: str,
    scene: Scene,
    model: tuple[Unmixer, Path | None] | None,
    network: tuple[NetworkUnmixer, Path | None] | None,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """What a record says of the command, the scene, the model and the network.

    Parameters
    ----------
    command : str
        Name of the use.
    scene : Scene
    model, network : (estimator, Path or None) or None
        Fitted, with the folder that it was read from; None for the folder if it was learned for
        this, for all if there is none.
    parameters : mapping
    """
    record = record_of(command, scene)
    if model is not None:
        record["model"] = {
            **_origin(*model),
            "n_endmembers": model[0].n_endmembers_,
            "endmember_names": model[0].endmember_names_,
        }
    if network is not None:
        fitted = network[0]
        record["network"] = {
            **_origin(*network),
            "settings": asdict(fitted.network_.settings),
            "n_codes": fitted.n_endmembers_,
            "loss": fitted.loss_,
        }
    return record | {"parameters": dict(parameters)}


def _origin(fitted: Unmixer | NetworkUnmixer, folder: Path | None) -> dict[str, Any]:
    path = None if folder is None else str(folder)
    return {"path": path, "seed": fitted.seed_, "fitted_on": fitted.source_}
