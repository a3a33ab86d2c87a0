"""A fitted model as a folder: ``model.json`` for people, ``model.safetensors`` for the numbers.

Nothing is unpickled: a model file from a stranger can be wrong, but it cannot run code.
"""

import json
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from safetensors.numpy import save as as_bytes

from unmix.autoencoder import FitSettings
from unmix.error_sources import Residuals
from unmix.errors import ModelFileError, OutputError, UnmixError
from unmix.inputs import check_endmembers, check_parameters
from unmix.learning import FitResult

FORMAT = "unmix model"
FORMAT_VERSION = 2
JSON_NAME, TENSORS_NAME = "model.json", "model.safetensors"
ARRAYS = {
    "endmembers": np.float32,
    "n_members": np.int64,
    "start_losses": np.float32,
    "mean_fractions": np.float64,
    "endmember_samples": np.float32,
    "wavelengths_nm": np.float64,
    "fwhm_nm": np.float64,
    "known": np.int64,
}
"""What is kept as numbers in safetensors, and their types."""
SMALLEST, LARGEST = 1e-60, 1e60
"""Of a size, unless it is 0: quotients of two can then be squared."""
PARAMETERS = ("n_endmembers", "reading", "n_refits", "max_pixels", "random_state")


@dataclass(frozen=True)
class ModelState(FitResult):
    """All that a fitted model is made of, as it stands in its folder."""

    parameters: dict[str, Any]
    """Of the constructor, by the names in `PARAMETERS`; the number of endmembers is that found."""
    settings: FitSettings
    endmember_names: list[str]
    seed: int
    unit: str
    source: dict[str, Any]
    wavelengths_nm: NDArray[np.float64] | None
    """(n_bands,)"""
    fwhm_nm: NDArray[np.float64] | None
    """(n_bands,)"""


LEARNED = tuple(f.name for f in fields(ModelState) if f.name not in ("parameters", "settings"))
"""What the estimator learns; there each name ends in an underscore."""


def write_state(state: ModelState, folder: Path, *, overwrite: bool = False) -> None:
    """Write a model into a folder, which is made if it is not there.

    Parameters
    ----------
    state : ModelState
    folder : Path
        New or empty, or with ``overwrite`` one that holds a model.
    overwrite : bool

    Raises
    ------
    OutputError
        If the folder is in use, or cannot be written.
    """
    check_free(folder, overwrite)
    described = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "unmix_version": version("unmix"),
        "parameters": {name: _plain(value) for name, value in state.parameters.items()},
        "n_endmembers_reason": state.n_endmembers_reason,
        "settings": asdict(state.settings),
        "seed": state.seed,
        "loss": state.loss,
        "brightness_spread": state.brightness_spread,
        "noise": state.noise,
        "residuals": state.residuals._asdict(),
        "n_bands": state.endmembers.shape[1],
        "endmember_names": state.endmember_names,
        "unit": state.unit,
        "source": state.source,
    }
    values = {name: getattr(state, name) for name in ARRAYS}
    values["known"] = state.known if state.known.any() else None
    known = {name: np.asarray(v, ARRAYS[name]) for name, v in values.items() if v is not None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TENSORS_NAME).write_bytes(as_bytes(known))
        (folder / JSON_NAME).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    except (OSError, safetensors.SafetensorError) as error:
        raise OutputError(f"The model cannot be written to {folder}: {error}.") from error


def check_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds something else, or a model that is to stay.

    Raises
    ------
    OutputError
        If it is in use.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file. Name a folder for the model.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not overwrite:
        raise OutputError(
            f"{folder} already exists and is not empty. Name another folder, or replace the model "
            "in it with `overwrite=True`."
        )
    if not (folder / JSON_NAME).is_file():
        raise OutputError(
            f"{folder} does not hold a model ({JSON_NAME} is missing), so nothing in it is "
            "overwritten. Name another folder."
        )


def read_state(folder: Path) -> ModelState:
    """Read what `write_state` wrote, checked down to shapes and types.

    Raises
    ------
    ModelFileError
        If the folder does not hold a model of ours, or a damaged one.
    """
    described = _read_json(folder / JSON_NAME)
    tensors = _read_tensors(folder / TENSORS_NAME)
    try:
        parameters = {name: described["parameters"][name] for name in PARAMETERS}
        settings = FitSettings(**described["settings"])
        check_parameters(
            parameters["n_endmembers"],
            parameters["reading"],
            parameters["max_pixels"],
            settings,
            parameters["n_refits"],
        )
        shape = (int(parameters["n_endmembers"]), int(described["n_bands"]))
        return ModelState(
            parameters=parameters,
            settings=settings,
            endmembers=_endmembers(tensors, shape),
            endmember_names=_names(described["endmember_names"], shape[0]),
            n_members=_checked(tensors, "n_members", shape[:1]),
            start_losses=_checked(tensors, "start_losses", (-1,)),
            loss=_size(described, "loss"),
            brightness_spread=_size(described, "brightness_spread"),
            noise=_size(described, "noise"),
            residuals=_residuals(described["residuals"]),
            mean_fractions=_checked(tensors, "mean_fractions", shape[:1]),
            endmember_samples=_checked(tensors, "endmember_samples", (-1, *shape)),
            n_endmembers_reason=_text(described, "n_endmembers_reason"),
            seed=int(described["seed"]),
            unit=str(described["unit"]),
            source=dict(described["source"]),
            wavelengths_nm=_optional(tensors, "wavelengths_nm", shape[1:]),
            fwhm_nm=_optional(tensors, "fwhm_nm", shape[1:]),
            known=_known(tensors, shape[0]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ModelFileError(
            f"The model in {folder} is damaged or of another version ({reason}). "
            "Fit it again with `unmix run`."
        ) from error


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


def _read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise ModelFileError(f"There is no model in {path.parent}: {path.name} is missing.")
    try:
        arrays: dict[str, NDArray[Any]] = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelFileError(f"{path} is not a whole safetensors file ({error}).") from error
    return arrays


def _checked(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of that name, from 0, finite, of its type and that shape (-1 is any length)."""
    array, dtype = arrays[name], np.dtype(ARRAYS[name])
    fits = array.ndim == len(shape) and all(
        wanted in (-1, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype or not np.isfinite(array).all():
        raise UnmixError(
            f"{name} are {array.dtype} of shape {array.shape}; finite {dtype} of shape {shape} "
            "were expected"
        )
    if (array < 0).any():
        raise UnmixError(f"{name} go down to {array.min():.3g}; numbers from 0 were expected")
    return array


def _endmembers(arrays: dict[str, NDArray[Any]], shape: tuple[int, int]) -> NDArray[Any]:
    """Endmembers that can be told apart."""
    endmembers = _checked(arrays, "endmembers", shape)
    check_endmembers(torch.as_tensor(endmembers))
    return endmembers


def _optional(
    arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> NDArray[Any] | None:
    """The same for numbers that a model may lack."""
    return _checked(arrays, name, shape) if name in arrays else None


def _known(arrays: dict[str, NDArray[Any]], n_endmembers: int) -> NDArray[np.int64]:
    """Which endmembers were known; files of models without any do not say so."""
    known = _optional(arrays, "known", (n_endmembers,))
    known = np.zeros(n_endmembers, np.int64) if known is None else known
    some = np.sort(known[known > 0])
    if not np.array_equal(some, np.arange(1, len(some) + 1)):
        raise UnmixError(f"known are {known.tolist()}; numbers from 1, each once, were expected")
    return known


def _names(names: list[str], n_endmembers: int) -> list[str]:
    """A list of as many names as there are endmembers."""
    if not isinstance(names, list) or len(names) != n_endmembers:
        raise UnmixError(f"{n_endmembers} endmember names were expected, found {names!r}")
    return [str(name) for name in names]


def _text(described: dict[str, Any], name: str) -> str | None:
    """A text, where there is one."""
    text = described.get(name)
    return None if text is None else str(text)


def _size(described: dict[str, Any], name: str) -> float:
    """A size: zero, or a number that can be divided by and squared."""
    size = float(described[name])
    if not (size == 0 or SMALLEST <= size <= LARGEST):
        raise UnmixError(
            f"{name} is {size}; 0 or a number from {SMALLEST:g} to {LARGEST:g} was expected"
        )
    return size


def _residuals(described: dict[str, Any]) -> Residuals:
    """Both numbers of them; the dimensions divide."""
    found = Residuals(**{name: _size(described, name) for name in Residuals._fields})
    if found.n_dimensions < 1:
        raise UnmixError(
            f"the residuals have {found.n_dimensions} dimensions; at least 1 was expected"
        )
    return found


def _plain(value: object) -> object:
    """NumPy's integers as Python's, which JSON can hold."""
    return int(value) if isinstance(value, np.integer) else value
