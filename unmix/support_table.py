"""Solutions on all supports of a few endmembers, in a table.

A support is a code: bit k is set where endmember k is present. On each, the solution and the
gradient are affine functions of the products f of a pixel (see `unmix.supports`), so that trying a
support is to look up a small matrix. Pixels exchange what breaks the conditions of optimality, all
at once; the last of them are tried on all supports together, which ends what would go in circles.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor

EXCHANGES = 8
"""Exchanges before pixels are tried on all supports, however many there are."""
TRIED_NUMBERS = 2**18
"""Pixels times supports times endmembers that are tried together: as fast as a few exchanges."""
TRIED_PIXELS = 4096
"""Most pixels for which that is so, however few the endmembers."""
LEAST_SPARE = 1e-30
"""Stands for no freedom at all in the sum."""


class Affine(NamedTuple):
    """`Systems.values` on some supports, as affine functions of f."""

    slopes: Tensor
    """(n_supports, n, n)"""
    offsets: Tensor
    """(n_supports, n)"""

    @classmethod
    def of(cls, gram: Tensor, slack: float, supports: Tensor, ridge: float) -> "Affine":
        """Of supports (n_supports, n), with a ridge on the Gram matrix where it is singular."""
        here = supports.to(gram.dtype)
        pairs = here[:, :, None] * here[:, None, :]
        inverse = torch.linalg.inv(gram * pairs + torch.diag_embed(1 - here + ridge)) * pairs
        w = inverse.sum(dim=2)
        freedom = 1 / (w.sum(dim=1, keepdim=True) + slack).clamp(min=LEAST_SPARE)
        pull = (w * freedom)[:, None, :]  # its slope
        slopes = inverse - w[:, :, None] * pull
        eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        gradients = gram @ slopes - eye + pull
        offsets = w * freedom
        return cls(
            torch.where(supports[:, :, None], slopes, gradients),
            torch.where(supports, offsets, offsets @ gram - freedom),
        )


class SupportTable(NamedTuple):
    """The solutions on all 2^n supports, by their codes."""

    slopes: Tensor
    """(2^n, n, n)"""
    offsets: Tensor
    """(2^n, n)"""
    masks: Tensor
    """(2^n, n) One where an endmember is present, zero elsewhere."""

    @classmethod
    def of(cls, gram: Tensor, slack: float) -> Self:
        """Solve on all supports of a Gram matrix that is far from singular."""
        n = len(gram)
        codes = torch.arange(2**n, device=gram.device)[:, None]
        supports = (codes >> torch.arange(n, device=gram.device)) & 1 > 0
        return cls(*Affine.of(gram, slack, supports, 0.0), supports.to(gram.dtype))

    @property
    def whole(self) -> Affine:
        """Of the support of all endmembers."""
        return Affine(self.slopes[-1:], self.offsets[-1:])

    def values(self, code: Tensor, cross: Tensor) -> Tensor:
        """Solutions (n_pixels, n) on the supports; outside, the gradient of the objective there."""
        values = times_of_group(self.slopes, code, cross)
        return values.add_(self.offsets.index_select(0, code))

    def best(self, cross: Tensor) -> Tensor:
        """Code of the support of all on which the least of `values` is the largest."""
        least: Tensor | None = None
        for slopes, offsets in zip(self.slopes.unbind(1), self.offsets.T, strict=True):
            values = torch.addmm(offsets, cross, slopes.T)  # (n_pixels, 2^n)
            least = values if least is None else torch.minimum(least, values, out=least)
        assert least is not None
        return least.argmax(dim=1)

    def solve(self, cross: Tensor, code: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
        """The solutions of pixels from guesses of their supports.

        Parameters
        ----------
        cross : Tensor of shape (n_pixels, n), float64
        code : Tensor of shape (n_pixels,), int64
            The guesses.
        tolerance : Tensor of shape (n_pixels, 1)
            Least values that meet the conditions of optimality, just below zero.

        Returns
        -------
        solution : Tensor of shape (n_pixels, n), float64
        left : Tensor of shape (n_left,), int64
            Pixels without a solution: only rounding can bring that about.
        """
        solution, chosen = torch.empty_like(cross), torch.empty_like(code)
        left = torch.arange(len(cross), device=cross.device)
        together = max(1, min(TRIED_PIXELS, TRIED_NUMBERS // self.offsets.numel()))
        for _ in range(EXCHANGES):
            if len(left) <= together:
                break
            values = self.values(code, cross)
            solution.index_copy_(0, left, values)  # where it is right, nothing comes after it
            chosen.index_copy_(0, left, code)
            broken = bits(values < tolerance)
            still = broken.nonzero()[:, 0]
            code = (code ^ broken).index_select(0, still)
            left, cross, tolerance = (
                part.index_select(0, still) for part in (left, cross, tolerance)
            )
        wrong = [left[:0]]
        parts = (part.split(together) for part in (left, cross, tolerance))
        for some, pixels, bound in zip(*parts, strict=True):
            best = self.best(pixels)
            values = self.values(best, pixels)
            solution.index_copy_(0, some, values)
            chosen.index_copy_(0, some, best)
            wrong.append(some[(values < bound).any(dim=1)])
        solution.mul_(self.masks.index_select(0, chosen)).clamp_(min=0)
        return solution, torch.cat(wrong)


def times_of_group(matrices: Tensor, group: Tensor, vectors: Tensor) -> Tensor:
    """Products (n_pixels, m) of matrices and vectors, where many pixels share a matrix.

    Parameters
    ----------
    matrices : Tensor of shape (n_groups, m, n)
    group : Tensor of shape (n_pixels,), int64
        Which matrix each pixel has.
    vectors : Tensor of shape (n_pixels, n)
    """
    n = matrices.shape[2]
    columns = matrices.transpose(1, 2).reshape(-1, matrices.shape[1])  # (n_groups * n, m)
    rows = torch.arange(len(columns), device=group.device).view(-1, n).index_select(0, group)
    return torch.nn.functional.embedding_bag(rows, columns, per_sample_weights=vectors, mode="sum")


def bits(support: Tensor) -> Tensor:
    """Supports (n_pixels, n <= 53) as numbers (n_pixels,), the first endmember the lowest bit."""
    powers = 2.0 ** torch.arange(support.shape[1], dtype=torch.float64, device=support.device)
    return (support.to(torch.float64) @ powers).long()
