"""Where the encoder of given endmembers begins: exact least squares, which it then mends."""

import math

import torch
from torch import Tensor, nn

from unmix.quadratic import solve_quadratic

FLOOR = 3e-3
"""Fractions below this are taken for it, so that their logarithms stay finite."""


class FirstGuess(nn.Module):
    """Fractions of a pixel by itself, ``argmin |z - x E|^2 + (sum(x) - 1)^2 / slack, x >= 0``.

    That is what the default model reads (`unmix.abundances`). What neighbours, other pixels and
    side information say beyond it, the network learns.

    Parameters
    ----------
    n_codes, rank : int
    """

    atoms: Tensor
    slack: Tensor

    def __init__(self, n_codes: int, rank: int) -> None:
        super().__init__()
        self.register_buffer("atoms", torch.zeros(n_codes, rank))
        self.register_buffer("slack", torch.zeros(1))

    @torch.no_grad()
    def set_(self, atoms: Tensor, slack: float) -> None:
        """Take over endmembers (n_codes, rank), and the variance of the brightness in the noise's.

        A slack of 0 is a sum of one; of infinity, any sum.
        """
        self.atoms.copy_(atoms)
        self.slack.fill_(min(slack, torch.finfo(torch.float32).max))

    @torch.no_grad()
    def forward(self, coordinates: Tensor) -> Tensor:
        """Fractions (n, n_codes, ...) of coordinates (n, rank, ...), above 0 and summing to one."""
        rows = coordinates.movedim(1, -1)
        flat = rows.reshape(-1, rows.shape[-1]).double()
        atoms = self.atoms.double()
        slack = float(self.slack)
        free = slack >= torch.finfo(torch.float32).max
        codes = solve_quadratic(atoms @ atoms.T, flat @ atoms.T, math.inf if free else slack)
        positive = codes.float() / codes.sum(dim=1, keepdim=True).clamp(min=1e-9).float() + FLOOR
        fractions = positive / positive.sum(dim=1, keepdim=True)
        return fractions.reshape(*rows.shape[:-1], -1).movedim(-1, 1)
