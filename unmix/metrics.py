"""How far two sets of spectra or abundances lie apart.

Angles are in radians and errors in the unit of their input: no hidden factors.
"""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from unmix.errors import UnmixError


def spectral_angle(spectra: Tensor, reference: Tensor) -> Tensor:
    """Angle between each spectrum and its reference (SAD), blind to brightness.

    ``angle = 2 atan2(|u - v|, |u + v|)`` with ``u, v`` of unit length: the same number as
    ``arccos(u . v)``, but exact for nearly equal spectra.

    Parameters
    ----------
    spectra : Tensor of shape (..., n_bands)
        Reflectance, or any linear unit: a spectrum's scale does not matter.
    reference : Tensor of shape (..., n_bands)
        Same bands, in the same order; the leading dimensions must broadcast.

    Returns
    -------
    Tensor of shape (...)
        Angles in radians, 0 (same shape) to pi / 2 (for nonnegative spectra).

    Raises
    ------
    UnmixError
        If the numbers of bands differ.

    References
    ----------
    Kruse et al. (1993), doi:10.1016/0034-4257(93)90013-N.

    Examples
    --------
    >>> sand = torch.tensor([[0.2, 0.4]])
    >>> spectral_angle(sand, 2 * sand)
    tensor([0.])
    """
    if spectra.shape[-1] != reference.shape[-1]:
        raise UnmixError(
            f"`spectra` has {spectra.shape[-1]} bands but `reference` has {reference.shape[-1]}. "
            "Both must be measured on the same bands: resample one onto the bands of the other."
        )
    u = torch.nn.functional.normalize(spectra, dim=-1)
    v = torch.nn.functional.normalize(reference, dim=-1)
    return 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))


def angles_between(spectra: Tensor, references: Tensor) -> Tensor:
    """Spectral angle of every spectrum to every reference.

    Parameters
    ----------
    spectra : Tensor of shape (n_spectra, n_bands)
    references : Tensor of shape (n_references, n_bands)

    Returns
    -------
    Tensor of shape (n_spectra, n_references)
        Angles in radians.

    Examples
    --------
    >>> angles_between(torch.eye(2), torch.eye(2))
    tensor([[0.0000, 1.5708],
            [1.5708, 0.0000]])
    """
    return spectral_angle(spectra[:, None, :], references[None, :, :])


def match_endmembers(endmembers: Tensor, reference: Tensor) -> Tensor:
    """One-to-one assignment of endmembers to reference spectra with the least total angle.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
    reference : Tensor of shape (n_reference, n_bands)
        With ``n_reference <= n_endmembers``.

    Returns
    -------
    Tensor of shape (n_reference,), int64
        ``endmembers[order]`` stands in the order of ``reference``; use the same order for the
        columns of the abundances.

    Raises
    ------
    UnmixError
        If there are fewer endmembers than references.

    Examples
    --------
    >>> reference = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> match_endmembers(reference.flip(0), reference)
    tensor([1, 0])
    """
    if len(endmembers) < len(reference):
        raise UnmixError(
            f"{len(endmembers)} endmembers cannot be matched one to one with {len(reference)} "
            "references. Ask for at least as many endmembers."
        )
    angles = angles_between(reference, endmembers)
    return torch.as_tensor(linear_sum_assignment(angles.cpu().numpy())[1])


def rmse(values: Tensor, reference: Tensor, dim: int | None = None) -> Tensor:
    """Root mean square error, in the unit of its input.

    Parameters
    ----------
    values, reference : Tensors of one shape
    dim : int, optional
        The dimension averaged over; all of them by default.

    Returns
    -------
    Tensor
        A scalar, or one value for each index of the dimensions left.

    Raises
    ------
    UnmixError
        If the shapes differ.

    Examples
    --------
    >>> rmse(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 0.0]]), dim=0)
    tensor([0., 1.])
    """
    if values.shape != reference.shape:
        raise UnmixError(
            f"`values` has shape {tuple(values.shape)} but `reference` has "
            f"{tuple(reference.shape)}. They must agree."
        )
    return (values - reference).square().mean(dim=dim).sqrt()
