"""Records of what was made with a learned model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenes import Scene
from unmix.bundle.run import record_of
from unmix.staging import write_record
from unmix.unmixer import Unmixer


def use_record(
    command: str, scene: Scene, model: Unmixer, folder: Path | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """What a record says of the command, the scene and the model.

    Parameters
    ----------
    command : str
        Name of the use.
    scene : Scene
    model : Unmixer
        Fitted.
    folder : Path or None
        Where the model came from; None if it was learned for this.
    parameters : mapping
    """
    return record_of(command, scene) | {
        "model": {
            "path": None if folder is None else str(folder),
            "n_endmembers": model.n_endmembers_,
            "endmember_names": model.endmember_names_,
            "seed": model.seed_,
            "fitted_on": model.source_,
        },
        "parameters": dict(parameters),
    }


write_use_record = write_record
