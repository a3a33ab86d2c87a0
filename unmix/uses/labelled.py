"""Candidate endmembers from labelled places: a few spectra that span what a class looks like."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from unmix.errors import UnmixError
from unmix.inputs import as_rows, learnable


class LabelledBundle(NamedTuple):
    """Spectra of labelled pixels, some of each class."""

    spectra: Tensor
    """(n_spectra, n_bands), float32, class by class."""
    classes: NDArray[np.intp]
    """(n_spectra,) Number of the class of each."""
    pixels: NDArray[np.intp]
    """(n_spectra,) Which of the pixels given each is."""


def labelled_bundle(
    spectra: Tensor | NDArray[np.floating],
    classes: NDArray[np.integer],
    *,
    most_per_class: int = 10,
) -> LabelledBundle:
    """Choose pixels of each class that are unlike each other.

    The first is the one in the middle of its class, by angle; each further one is that which is
    farthest from those chosen. Brightness does not count, and the farthest hundredth of a class,
    which may be labelled wrongly, is not chosen.

    Parameters
    ----------
    spectra : Tensor or ndarray of shape (n_pixels, n_bands)
        Of labelled pixels. Invalid and black ones are left out.
    classes : ndarray of shape (n_pixels,)
        Number of the class of each.
    most_per_class : int
        From each class, at least 1.

    Returns
    -------
    LabelledBundle

    Raises
    ------
    UnmixError
        If a number is out of range, the lengths differ, or no pixel is valid.

    References
    ----------
    Gonzalez (1985), doi:10.1016/0304-3975(85)90224-5: choosing the farthest next.

    Examples
    --------
    >>> spectra = torch.tensor([[1.0, 0.1], [2.0, 0.2], [1.0, 0.3], [0.1, 1.0]])
    >>> labelled_bundle(spectra, np.array([0, 0, 0, 1]), most_per_class=2).classes
    array([0, 0, 1])
    """
    rows = as_rows(spectra).cpu()
    classes = np.asarray(classes)
    if most_per_class < 1:
        raise UnmixError(f"`most_per_class` must be at least 1. Got {most_per_class}.")
    if classes.shape != (len(rows),):
        raise UnmixError(
            f"`classes` must have one number for each of {len(rows)} pixels. Got shape "
            f"{classes.shape}."
        )
    usable = learnable(rows).numpy()
    if not usable.any():
        raise UnmixError("None of the labelled pixels is valid. Check the mask and nodata value.")
    chosen: list[int] = []
    for number in np.unique(classes[usable]):
        places = np.flatnonzero(usable & (classes == number))
        chosen += places[_spread_out(rows[places], most_per_class)].tolist()
    pixels = np.array(chosen, dtype=np.intp)
    return LabelledBundle(rows[pixels], classes[pixels].astype(np.intp), pixels)


def _spread_out(rows: Tensor, most: int) -> list[int]:
    """Places of rows of different directions: the middle one, then always the farthest."""
    unit = normalize(rows.double(), dim=1)
    middle = normalize(unit.median(dim=0).values, dim=0)
    nearness = unit @ middle
    trusted = nearness >= torch.quantile(nearness[: 10**7], 0.01, interpolation="lower")
    chosen = [int(nearness.argmax())]
    distance = 1 - unit @ unit[chosen[0]]
    while len(chosen) < min(most, int(trusted.sum())):
        farthest = int(torch.where(trusted, distance, -torch.inf).argmax())
        if distance[farthest] <= 1e-12 or farthest in chosen:
            break
        chosen.append(farthest)
        distance = torch.minimum(distance, 1 - unit @ unit[farthest])
    return chosen
