"""Records of what was made with a learned model."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scenes import Scene
from unmix.bundle.run import input_of
from unmix.staging import RECORD_NAME
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
    return {
        "software": f"unmix {version('unmix')}",
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": input_of(scene),
        "model": {
            "path": None if folder is None else str(folder),
            "n_endmembers": model.n_endmembers_,
            "endmember_names": model.endmember_names_,
            "seed": model.seed_,
            "fitted_on": model.source_,
        },
        "parameters": dict(parameters),
    }


def write_use_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a use into its folder."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (folder / RECORD_NAME).write_text(f"{text}\n", encoding="utf-8")
