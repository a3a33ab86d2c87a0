"""What the members of a pixel's support are worth to it."""

import torch
from torch import Tensor

from unmix.supports import RIDGE


def saved_by_each(gram: Tensor, codes: Tensor) -> Tensor:
    """What squared residual each member saves its pixel if no other takes its place.

    ``x_j^2 / (G^-1)_jj`` with the Gram matrix of the pixel's support.

    Parameters
    ----------
    gram : Tensor of shape (n_members, n_members), float64
    codes : Tensor of shape (n_pixels, n_members), float64
        Nonnegative least squares, with few members in each pixel.

    Returns
    -------
    Tensor of shape (n_pixels, n_members), float64
        Infinite where the pixel lacks the member.

    Examples
    --------
    >>> saved_by_each(torch.eye(2).double(), torch.tensor([[0.5, 0.0]]).double())
    tensor([[0.2500,    inf]], dtype=torch.float64)
    """
    absent = torch.full_like(codes, torch.inf)
    size = int((codes > 0).sum(dim=1).max()) if len(codes) else 0
    if size == 0:
        return absent
    here, where = (codes > 0).to(gram.dtype).topk(size, dim=1)
    pairs = here[:, :, None] * here[:, None, :]
    systems = gram[where[:, :, None], where[:, None, :]] / gram.diagonal().mean() * pairs
    inverse = torch.linalg.inv_ex(systems + torch.diag_embed(1 - here + RIDGE)).inverse
    precision = inverse.diagonal(dim1=1, dim2=2).clamp(min=1e-300) / gram.diagonal().mean()
    saved = torch.where(here > 0, codes.gather(1, where).square() / precision, torch.inf)
    return absent.scatter(1, where, saved)
