"""A fitted network as a folder: ``model.json`` for people, ``model.safetensors`` for the numbers.

Nothing is unpickled: a model file from a stranger can be wrong, but it cannot run code.
"""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from safetensors.numpy import save as as_bytes

from unmix.errors import ModelFileError, OutputError, UnmixError
from unmix.model_file import JSON_NAME, TENSORS_NAME, check_free
from unmix.networks.decoders import (
    ArchetypalDecoder,
    DecoderLayer,
    FixedDecoder,
    NonnegativeDecoder,
    SignedDecoder,
)
from unmix.networks.network import Network, Sizes
from unmix.networks.reconstruction import Scale
from unmix.networks.settings import NetworkSettings, Penalties, Training

FORMAT = "unmix network"
FORMAT_VERSION = 1
AXES = ("wavelengths_nm", "fwhm_nm")
MOST_NUMBERS = 2**28
"""Of a whole network; a file that promises more is damaged."""


@dataclass(frozen=True)
class NetworkState:
    """All that a fitted network is made of, as it stands in its folder."""

    LEARNED: ClassVar[tuple[str, ...]] = (
        "n_dead",
        "mean_codes",
        "loss",
        "deviation_scale",
        "endmember_names",
        "seed",
        "unit",
        "source",
        *AXES,
    )
    """What the estimator learns; there each name ends in an underscore."""

    network: Network
    member: str
    n_dead: int
    mean_codes: list[float]
    loss: float
    deviation_scale: float
    endmember_names: list[str]
    seed: int
    unit: str
    source: dict[str, Any]
    wavelengths_nm: NDArray[np.float64] | None
    """(n_bands,)"""
    fwhm_nm: NDArray[np.float64] | None
    """(n_bands,)"""


def write_network(state: NetworkState, folder: Path, *, overwrite: bool = False) -> None:
    """Write a network into a folder, which is made if it is not there.

    Parameters
    ----------
    state : NetworkState
    folder : Path
        New or empty, or with ``overwrite`` one that holds a model.
    overwrite : bool

    Raises
    ------
    OutputError
        If the folder is in use, or cannot be written.
    """
    check_free(folder, overwrite)
    network = state.network
    described = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "unmix_version": version("unmix"),
        "member": state.member,
        "settings": asdict(network.settings),
        "sizes": network.sizes._asdict(),
        "size": network.size,
        "noise": network.noise,
        "slack": None if np.isinf(network.slack) else network.slack,
        **{name: getattr(state, name) for name in state.LEARNED if name not in AXES},
    }
    arrays = {name: each.cpu().numpy() for name, each in network.state_dict().items()}
    known = {name: getattr(state, name) for name in AXES}
    arrays |= {name: np.asarray(each) for name, each in known.items() if each is not None}
    whole = {name: np.ascontiguousarray(each) for name, each in arrays.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TENSORS_NAME).write_bytes(as_bytes(whole))
        (folder / JSON_NAME).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    except (OSError, safetensors.SafetensorError) as error:
        raise OutputError(f"The network cannot be written to {folder}: {error}.") from error


def read_network(folder: Path) -> NetworkState:
    """Read what `write_network` wrote, checked down to shapes and types.

    Raises
    ------
    ModelFileError
        If the folder does not hold a network of ours, or a damaged one.
    """
    described, arrays = _read(folder)
    axes = {name: arrays.pop(name, None) for name in AXES}
    try:
        settings = _settings(described["settings"])
        sizes = Sizes(**{name: _count(described["sizes"][name]) for name in Sizes._fields})
        network = _empty(settings, sizes, described)
        _fill(network, arrays)
        names = [str(name) for name in described["endmember_names"]]
        if len(names) != sizes.n_codes:
            raise UnmixError(f"{sizes.n_codes} endmember names were expected, found {names!r}")
        return NetworkState(
            network=network,
            member=str(described["member"]),
            n_dead=_count(described["n_dead"]),
            mean_codes=[_size(each) for each in described["mean_codes"]],
            loss=_size(described["loss"]),
            deviation_scale=_size(described["deviation_scale"]),
            endmember_names=names,
            seed=int(described["seed"]),
            unit=str(described["unit"]),
            source=dict(described["source"]),
            **{name: _axis(each, sizes.n_bands) for name, each in axes.items()},
        )
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ModelFileError(
            f"The network in {folder} is damaged or of another version ({reason}). Fit it again "
            "with `unmix network`."
        ) from error


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Both files, as they are."""
    path = folder / JSON_NAME
    for each in (path, folder / TENSORS_NAME):
        if not each.is_file():
            raise ModelFileError(
                f"There is no network in {folder}: {each.name} is missing. Give the folder that "
                "`unmix network` wrote, such as out/model."
            )
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        arrays: dict[str, NDArray[Any]] = load_file(folder / TENSORS_NAME)
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError) as error:
        raise ModelFileError(f"The network in {folder} cannot be read ({error}).") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ModelFileError(f"{path} does not describe a network of unmix.")
    if described.get("format_version") != FORMAT_VERSION:
        raise ModelFileError(
            f"{path} is in format version {described.get('format_version')!r}; this unmix reads "
            f"version {FORMAT_VERSION}. Install the unmix that wrote it, or fit again."
        )
    return described, arrays


def _settings(given: dict[str, Any]) -> NetworkSettings:
    parts = {
        **given,
        "penalties": Penalties(**given["penalties"]),
        "training": Training(**given["training"]),
    }
    return NetworkSettings(**parts)


def _empty(settings: NetworkSettings, sizes: Sizes, described: dict[str, Any]) -> Network:
    """A network of these parts, before its numbers are filled in."""
    promised = max(sizes.n_bands, 1) * max(sizes.n_codes, sizes.rank, sizes.n_candidates, 1)
    promised += settings.n_hidden**2 * 9 + settings.n_hidden * sizes.n_codes
    if promised > MOST_NUMBERS or not 2 <= sizes.n_codes:
        raise UnmixError(f"a network of {sizes} is not one of ours")
    scale = Scale(
        torch.zeros(sizes.n_bands, sizes.rank), _size(described["size"]), _size(described["noise"])
    )
    generator = torch.Generator().manual_seed(0)
    network = Network(settings, sizes, _empty_decoder(settings, sizes), scale, generator)
    slack = described["slack"]
    network.slack = float("inf") if slack is None else _size(slack)
    return network.eval()


def _empty_decoder(settings: NetworkSettings, sizes: Sizes) -> DecoderLayer:
    weights = torch.zeros(sizes.n_codes, sizes.n_bands)
    if settings.decoder == "fixed":
        return FixedDecoder(weights)
    if settings.decoder == "nonnegative":
        return NonnegativeDecoder(weights, unit_length=False)
    if settings.decoder == "signed":
        generator = torch.Generator().manual_seed(0)
        return SignedDecoder(sizes.n_codes, torch.zeros(sizes.rank), generator)
    logits = torch.zeros(sizes.n_codes, sizes.n_candidates)
    return ArchetypalDecoder(logits, torch.zeros(sizes.n_candidates, sizes.rank))


def _fill(network: Network, arrays: dict[str, NDArray[Any]]) -> None:
    """Put the numbers in, if they are those that belong there."""
    wanted = network.state_dict()
    if set(wanted) != set(arrays):
        raise UnmixError(f"its numbers are {sorted(arrays)}; {sorted(wanted)} were expected")
    for name, array in arrays.items():
        if array.dtype != np.float32 or array.shape != tuple(wanted[name].shape):
            raise UnmixError(
                f"{name} are {array.dtype} of shape {array.shape}; float32 of shape "
                f"{tuple(wanted[name].shape)} were expected"
            )
        if not np.isfinite(array).all():
            raise UnmixError(f"{name} are not all finite")
    network.load_state_dict({name: torch.from_numpy(each) for name, each in arrays.items()})


def _axis(values: NDArray[Any] | None, n_bands: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    if values.shape != (n_bands,) or not np.isfinite(values).all():
        raise UnmixError(f"{n_bands} finite numbers were expected of the bands")
    return values.astype(np.float64)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnmixError(f"{value!r} is no count")
    return value


def _size(value: object) -> float:
    size = float(value)  # type: ignore[arg-type]
    if not 0 <= size < 1e30:
        raise UnmixError(f"{value!r} is no size")
    return size
