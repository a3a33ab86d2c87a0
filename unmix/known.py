"""Materials that are known before anything is learned."""

from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from unmix.errors import UnmixError, counted
from unmix.inputs import Number, as_rows, check_endmembers


def known_spectra(
    known: ArrayLike | Tensor, names: Sequence[str] | None, n_endmembers: Number, n_bands: int
) -> Tensor:
    """Known endmembers as rows of float32, fit to be endmembers as they are.

    Parameters
    ----------
    known, names, n_endmembers
        Of `unmix.unmixer.Unmixer`.
    n_bands : int
        Of the scene.

    Returns
    -------
    Tensor of shape (n_known, n_bands)

    Raises
    ------
    UnmixError
        If they are not on the scene's bands, not finite, negative, black or alike, more than
        endmembers are asked for, or not as many as names.
    """
    spectra = as_rows(known if isinstance(known, Tensor) else np.asarray(known))
    if len(spectra) == 0 or spectra.shape[1] != n_bands:
        raise UnmixError(
            f"`known` has shape {tuple(spectra.shape)}, but the scene has {n_bands} bands. Give "
            f"at least one spectrum on the scene's bands, (n_known, {n_bands}): a library's "
            "`resampled` puts it onto them."
        )
    if not (spectra >= 0).all() or not spectra.isfinite().all():
        raise UnmixError(
            "`known` has values that are negative or not finite. Leave out the bands that a "
            "spectrum lacks, and set what is below zero to zero."
        )
    if n_endmembers != "auto" and len(spectra) > n_endmembers:
        raise UnmixError(
            f"`n_endmembers` is {n_endmembers}, but {len(spectra)} spectra are `known`. Ask for "
            f"{len(spectra)}, or for more if others are to be learned beside them."
        )
    if names is not None and len(names) != len(spectra):
        raise UnmixError(
            f"`known_names` has {counted(len(names), 'entry')} for "
            f"{counted(len(spectra), 'spectrum')}. Give one name for each of them."
        )
    check_endmembers(spectra)
    return spectra


def endmember_names(known: NDArray[np.int64], names: Sequence[str] | None) -> list[str]:
    """Names of endmembers: of the known ones theirs, of the others their places.

    Parameters
    ----------
    known : array of shape (n_endmembers,)
        Which of the known spectra each is, from 1; 0 for a learned one.
    names : sequence of str, optional
        Of the known spectra.

    Examples
    --------
    >>> endmember_names(np.array([0, 2, 1]), ["water", "soil"])
    ['endmember 1', 'soil', 'water']
    >>> endmember_names(np.array([0, 2, 1]), None)
    ['endmember 1', 'known 2', 'known 1']
    """
    given = [f"known {k + 1}" for k in range(known.max(initial=0))] if names is None else names
    return [
        str(given[number - 1]) if number else f"endmember {place + 1}"
        for place, number in enumerate(known.tolist())
    ]


def places_of_known(known: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where the known spectra stand among the endmembers, in their own order.

    Examples
    --------
    >>> places_of_known(np.array([0, 2, 1])).tolist()
    [2, 1]
    """
    order: NDArray[np.intp] = np.argsort(known, kind="stable")
    return order[int((known == 0).sum()) :]


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of which each is there once.

    Examples
    --------
    >>> told_apart(["soil", "water", "soil"])
    ['soil', 'water', 'soil (2)']
    """
    found: list[str] = []
    for name in names:
        numbers = count(2)
        told = name
        while told in found:
            told = f"{name} ({next(numbers)})"
        found.append(told)
    return found
