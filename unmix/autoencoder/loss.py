"""What the autoencoder minimises, all of it.

``loss = sum_i w_i |z_i - a_i E|  +  spread * mean_k sum_j W_kj log W_kj``

The first term is the mean *length* of the residual, not its square, so that a few odd pixels do
not pull the endmembers. The second is the negative entropy of the archetypal weights: without it
an endmember is one noisy pixel, with it the mean of as many as agree. The sparsity of the codes is
the encoder's part of the objective.
"""

from torch import Tensor

SMOOTHING = 1e-8
"""Under the root of a residual, so that its gradient stays finite at zero."""

TINY = 1e-12
"""Under the logarithm of a weight, for the same reason."""


def reconstruction_loss(spectra: Tensor, reconstruction: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean length of the residual.

    Parameters
    ----------
    spectra : Tensor of shape (n_spectra, n_bands)
    reconstruction : Tensor of shape (..., n_spectra, n_bands)
    weights : Tensor of shape (n_spectra,)
        Summing to one.

    Returns
    -------
    Tensor of shape (...)

    Examples
    --------
    >>> import torch
    >>> spectra = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    >>> reconstruction_loss(spectra, torch.zeros(2, 2), torch.tensor([0.5, 0.5])).item()
    3.0
    """
    squared = (spectra - reconstruction).square().sum(dim=-1)
    return ((squared + SMOOTHING).sqrt() * weights).sum(dim=-1)


def negative_entropy(weights: Tensor) -> Tensor:
    """Mean over endmembers of ``sum W log W``: 0 for a single spectrum, ``-log n`` for a mean of n.

    Parameters
    ----------
    weights : Tensor of shape (..., n_endmembers, n_points)
        Rows on the simplex.

    Returns
    -------
    Tensor of shape (...)

    Examples
    --------
    >>> import torch
    >>> round(negative_entropy(torch.tensor([[0.5, 0.5, 0.0]])).item(), 3)
    -0.693
    """
    return (weights * (weights + TINY).log()).sum(dim=-1).mean(dim=-1)
