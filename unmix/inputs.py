"""What may be unmixed, and what is refused before anything is computed."""

import math
from collections.abc import Iterator
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.autoencoder import FitSettings
from unmix.autoencoder.rare import SUPPORT
from unmix.endmembers.signal import bright_pixels
from unmix.errors import UnmixError, counted
from unmix.metrics import angles_between
from unmix.readings import READINGS

Number = int | Literal["auto"]
"""Of endmembers: given, or to be chosen."""
SAME_SHAPE = 1e-5
"""Unit spectra closer than this differ by rounding only."""
MOST_REFITS = 100
"""More would say nothing new of the stability, which a few show."""
LEAST_LENGTH, MOST_LENGTH = 1e-8, 1e15
"""Of a usual spectrum: squares and sums of squares then fit into single precision, also those of
pixels a thousand times darker or brighter."""


class SpectraBlock(Protocol):
    """A part of a scene."""

    spectra: Tensor
    """(n_valid, n_bands) Its valid pixels."""


@runtime_checkable
class SpectraSource(Protocol):
    """What a scene must offer to be unmixed: a sample of its spectra, and all of them in blocks."""

    name: str
    unit: str

    @property
    def n_bands(self) -> int:
        """Bands of every spectrum."""

    @property
    def wavelengths_nm(self) -> NDArray[np.float64] | None:
        """(n_bands,) Their centres."""

    @property
    def fwhm_nm(self) -> NDArray[np.float64] | None:
        """(n_bands,) Their widths."""

    def sample(self, n_pixels: int, random_state: int | None) -> Tensor:
        """At most n_pixels valid spectra, (n, n_bands)."""

    def blocks(self) -> Iterator[SpectraBlock]:
        """Every valid spectrum, part by part."""


def as_rows(values: Tensor | NDArray[Any]) -> Tensor:
    """Rows of float32 from anything of shape (n_rows, n_columns).

    Raises
    ------
    UnmixError
        If the values are no real numbers, or not in two dimensions.
    """
    tensor = values.detach() if isinstance(values, Tensor) else _from_array(values)
    if tensor.is_complex():
        raise UnmixError("Spectra must be real numbers. Got complex ones.")
    if tensor.ndim != 2:
        raise UnmixError(
            f"Spectra must be (n_pixels, n_bands). Got shape {tuple(tensor.shape)}; a cube "
            "(n_bands, height, width) becomes rows with `cube.reshape(n_bands, -1).T`."
        )
    return tensor.float()


def _from_array(values: NDArray[Any]) -> Tensor:
    """A tensor of the same numbers, however the array lies in memory."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise UnmixError(f"Spectra must be numbers in rows of one length: {error}.") from None
    if array.dtype.kind not in "biufc":
        raise UnmixError(f"Spectra must be numbers. Got an array of {array.dtype}.")
    if array.dtype.kind == "c":
        return torch.from_numpy(array.astype(np.complex64))
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


def rows_on_bands(values: Tensor | NDArray[Any], n_bands: int) -> Tensor:
    """Rows of float32, one for each spectrum on the bands of a model.

    Raises
    ------
    UnmixError
        If they are no real numbers in two dimensions, or the number of bands is another.
    """
    spectra = as_rows(values)
    if spectra.shape[1] != n_bands:
        raise UnmixError(
            f"`spectra` has shape {tuple(spectra.shape)} but the model was fitted on "
            f"{n_bands} bands. Pass (n_pixels, {n_bands})."
        )
    return spectra


def pixels_to_learn_from(
    spectra: SpectraSource | Tensor | NDArray[Any], max_pixels: int, seed: int
) -> Tensor:
    """At most `max_pixels` spectra, float32, from all over the scene.

    Raises
    ------
    UnmixError
        If they are no real numbers in two dimensions.
    """
    if isinstance(spectra, SpectraSource):
        return spectra.sample(max_pixels, random_state=seed)
    pixels = as_rows(spectra)
    if len(pixels) > max_pixels:
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(pixels), generator=generator)[:max_pixels]
        pixels = pixels[chosen.sort().values.to(pixels.device)]
    return pixels


def origin_of(spectra: SpectraSource | Tensor | NDArray[Any]) -> dict[str, Any]:
    """What is known of the spectra beside their values: source, unit, wavelengths_nm, fwhm_nm."""
    if isinstance(spectra, SpectraSource):
        return {
            "source": {"scene": spectra.name},
            "unit": spectra.unit,
            "wavelengths_nm": spectra.wavelengths_nm,
            "fwhm_nm": spectra.fwhm_nm,
        }
    return {"source": {}, "unit": "reflectance", "wavelengths_nm": None, "fwhm_nm": None}


def check_parameters(
    n_endmembers: object,
    reading: object,
    max_pixels: object,
    settings: object,
    n_refits: object,
) -> None:
    """Refuse parameters of `Unmixer` that are out of their range.

    Raises
    ------
    UnmixError
        If one is; the message says which, and what it may be.
    """
    chosen = isinstance(n_endmembers, str) and n_endmembers == "auto"
    if not (chosen or _is_integer(n_endmembers, least=2)):
        raise UnmixError(
            f"`n_endmembers` must be an integer of at least 2, or 'auto'. Got {n_endmembers!r}. "
            "One material alone is not a mixture."
        )
    if reading not in READINGS:
        raise UnmixError(f"`reading` must be one of {', '.join(READINGS)}. Got {reading!r}.")
    if not _is_integer(max_pixels, least=2):
        raise UnmixError(f"`max_pixels` must be an integer of at least 2. Got {max_pixels!r}.")
    if not isinstance(settings, FitSettings | None):
        raise UnmixError(f"`settings` must be None or FitSettings. Got {settings!r}.")
    if not _is_integer(n_refits, least=0, most=MOST_REFITS):
        raise UnmixError(
            f"`n_refits` must be an integer from 0 (none, and no stability) to {MOST_REFITS}. "
            f"Got {n_refits!r}."
        )


def _is_integer(value: object, least: int, most: float = math.inf) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return bool(least <= value <= most)


def learnable(spectra: Tensor) -> Tensor:
    """Which spectra have a shape to learn from: finite, not black, and not absurdly bright.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands), float32

    Returns
    -------
    Tensor of shape (n_pixels,), bool

    Raises
    ------
    UnmixError
        If the numbers are so large or so small that their squares are lost in single precision.

    Examples
    --------
    >>> learnable(torch.tensor([[0.2, 0.3], [0.3, 0.3], [0.0, 0.0], [1e30, 0.1]]))
    tensor([ True,  True, False, False])
    """
    length = spectra.double().norm(dim=1)
    seen = length.isfinite() & (length > 0)
    if not seen.any():
        return seen
    usual = float(length[seen].median())
    if not LEAST_LENGTH <= usual <= MOST_LENGTH:
        size = usual / spectra.shape[1] ** 0.5
        raise UnmixError(
            f"The values of a usual pixel are about {size:.0e}, too "
            f"{'small' if usual < LEAST_LENGTH else 'large'} for sums of their squares in single "
            "precision. Rescale the spectra to reflectance (0 to 1), and check the nodata value."
        )
    return bright_pixels(spectra)


def check_enough(pixels: Tensor, n_endmembers: Number, n_given: int) -> None:
    """Refuse spectra that hold fewer materials than asked for.

    Parameters
    ----------
    pixels : Tensor of shape (n_pixels, n_bands)
        The valid ones.
    n_endmembers : int or "auto"
        At least 2 in either case.
    n_given : int
        How many there were before the invalid ones were left out.

    Raises
    ------
    UnmixError
        If there are too few bands or pixels, or all pixels have the same spectrum.
    """
    n_pixels, n_bands = pixels.shape
    least = 2 if n_endmembers == "auto" else n_endmembers
    needed = SUPPORT * least
    if least > n_bands:
        raise UnmixError(
            f"`n_endmembers` is {n_endmembers} but the spectra have only "
            f"{counted(n_bands, 'band')}. It must be from 2 to {n_bands}."
        )
    if n_pixels < needed:
        raise UnmixError(
            f"{least} endmembers cannot be learned from {counted(n_pixels, 'valid pixel')} "
            f"({n_given} were read; black pixels and those with NaN do not count): each is the "
            f"mean of {SUPPORT} pixels at least, so that {needed} are needed. "
            "Ask for fewer endmembers, or check the mask and the nodata value."
        )
    unit = torch.nn.functional.normalize(pixels, dim=1)
    if (unit - unit[0]).norm(dim=1).max() < SAME_SHAPE:
        raise UnmixError(
            f"All {n_pixels} valid pixels have the same spectrum but for brightness, so "
            "there are no materials to tell apart. Check that the file holds your scene."
        )


def check_endmembers(endmembers: Tensor) -> None:
    """Refuse endmembers that cannot be read: black ones, and two of one spectrum.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Raises
    ------
    UnmixError
        If one has no value above zero, or two differ by rounding or brightness only.
    """
    black = ~(endmembers.amax(dim=1) > 0)  # NaN too: means of nothing, scaled by nothing
    if black.any():
        raise UnmixError(
            f"{_numbered(black.nonzero()[:, 0])} nowhere above zero, as the spectra of materials "
            "are. Check the offset, the scale and the nodata value of the scene, or ask for fewer "
            "endmembers."
        )
    pairs = (angles_between(endmembers, endmembers) < SAME_SHAPE).triu(diagonal=1).nonzero()
    if len(pairs):
        raise UnmixError(
            f"Of the {len(endmembers)} endmembers, {pairs[0, 0] + 1} and {pairs[0, 1] + 1} are the "
            "same spectrum: the pixels do not show so many materials. Ask for fewer endmembers."
        )


def _numbered(places: Tensor) -> str:
    """Endmembers by their numbers from 1, with their verb."""
    numbers = ", ".join(str(int(place) + 1) for place in places)
    return f"Endmember {numbers} is" if len(places) == 1 else f"Endmembers {numbers} are"


def seed_of(random_state: int | None) -> int:
    """The seed itself, or a fresh one for None.

    Raises
    ------
    UnmixError
        If it is neither None nor a whole number from 0.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if not _is_integer(random_state, least=0) or random_state >= 2**63:
        raise UnmixError(f"`random_state` must be None or an integer from 0. Got {random_state!r}.")
    return int(random_state)
