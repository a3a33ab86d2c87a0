"""A fitted model as a folder: ``model.json`` for people, ``model.safetensors`` for the numbers.

Nothing is unpickled: a model file from a stranger can be wrong, but it cannot run code.
"""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save_file

from unmix.autoencoder import FitSettings
from unmix.errors import ModelFileError, OutputError, UnmixError

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

FORMAT = "unmix model"
FORMAT_VERSION = 1
JSON_NAME, TENSORS_NAME = "model.json", "model.safetensors"
PARAMETERS = ("n_endmembers", "reading", "max_pixels", "random_state")
OPTIONAL_TENSORS = ("wavelengths_nm", "fwhm_nm")

AnyUnmixer = TypeVar("AnyUnmixer", bound="Unmixer")


def write_model(model: "Unmixer", folder: Path) -> None:
    """Write a fitted model into a folder, which is made if it is not there."""
    tensors = {
        "endmembers": torch.as_tensor(model.endmembers_),
        "n_members": torch.as_tensor(model.n_members_),
        "start_losses": torch.as_tensor(model.start_losses_),
    }
    for name in OPTIONAL_TENSORS:
        values = getattr(model, f"{name}_")
        if values is not None:
            tensors[name] = torch.as_tensor(np.asarray(values, dtype=np.float64))
    described = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "unmix_version": version("unmix"),
        "parameters": {name: _plain(getattr(model, name)) for name in PARAMETERS},
        "settings": asdict(model.settings or FitSettings()),
        "seed": model.seed_,
        "loss": model.loss_,
        "n_bands": model.n_features_in_,
        "endmember_names": model.endmember_names_,
        "unit": model.unit_,
        "source": model.source_,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: t.contiguous() for name, t in tensors.items()}, folder / TENSORS_NAME)
        (folder / JSON_NAME).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    except (OSError, safetensors.SafetensorError) as error:
        raise OutputError(f"The model cannot be written to {folder}: {error}.") from error


def read_model(cls: type[AnyUnmixer], folder: Path) -> AnyUnmixer:
    """Read a model that `write_model` wrote; see `unmix.Unmixer.load`."""
    described = _read_json(folder / JSON_NAME)
    tensors = _read_tensors(folder / TENSORS_NAME)
    try:
        settings = FitSettings(**described["settings"])
        model = cls(**{k: described["parameters"][k] for k in PARAMETERS}, settings=settings)
        model.check_parameters()
        shape = (model.n_endmembers, int(described["n_bands"]))
        model.set_endmembers_(_checked(tensors, "endmembers", shape, torch.float32))
        model.n_members_ = _checked(tensors, "n_members", shape[:1], torch.int64).numpy()
        model.start_losses_ = _checked(tensors, "start_losses", (-1,), torch.float32).numpy()
        model.endmember_names_ = _names(described["endmember_names"], model.n_endmembers)
        model.seed_, model.loss_ = int(described["seed"]), float(described["loss"])
        model.source_, model.unit_ = dict(described["source"]), str(described["unit"])
        for name in OPTIONAL_TENSORS:
            known = name in tensors
            values = _checked(tensors, name, shape[1:], torch.float64) if known else None
            setattr(model, f"{name}_", None if values is None else values.numpy())
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"The model in {folder} is damaged or of another version ({error}). "
            "Fit it again with `unmix run`."
        ) from error
    return model


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelFileError(
            f"There is no model in {path.parent}: {path.name} is missing. Give the folder that "
            "`unmix run` wrote, such as out/model."
        )
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} cannot be read as JSON ({error}).") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ModelFileError(f"{path} does not describe a model of unmix.")
    if described.get("format_version") != FORMAT_VERSION:
        raise ModelFileError(
            f"{path} is in format version {described.get('format_version')!r}; this unmix reads "
            f"version {FORMAT_VERSION}. Install the unmix that wrote it, or fit again."
        )
    return described


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ModelFileError(f"There is no model in {path.parent}: {path.name} is missing.")
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelFileError(f"{path} is not a whole safetensors file ({error}).") from error
    return tensors


def _checked(
    tensors: dict[str, torch.Tensor], name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> torch.Tensor:
    """The tensor of that name, finite and of that shape (-1 is any length) and type."""
    tensor = tensors[name]
    fits = tensor.ndim == len(shape) and all(
        wanted in (-1, found) for wanted, found in zip(shape, tensor.shape, strict=True)
    )
    if not fits or tensor.dtype != dtype or not tensor.isfinite().all():
        raise UnmixError(
            f"{name} are {tensor.dtype} of shape {tuple(tensor.shape)}; finite {dtype} of shape "
            f"{shape} were expected"
        )
    return tensor


def _names(names: list[str], n_endmembers: int) -> list[str]:
    """A list of as many names as there are endmembers."""
    if not isinstance(names, list) or len(names) != n_endmembers:
        raise UnmixError(f"{n_endmembers} endmember names were expected, found {names!r}")
    return [str(name) for name in names]


def _plain(value: object) -> object:
    """NumPy's integers as Python's, which JSON can hold."""
    return int(value) if isinstance(value, np.integer) else value
