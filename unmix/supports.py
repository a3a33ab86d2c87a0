"""Least squares on a support of its own in each pixel, the inner step of the exact solvers.

On a support S (the endmembers that a pixel has) the minimum of

    x G x / 2 - f x + (sum(x) - 1)^2 / (2 slack)

is ``x = u - pull w`` with ``u = G_S^-1 f``, ``w = G_S^-1 1``, ``pull = (1'u - 1) / (1'w + slack)``:
an affine function of f. Of a few endmembers (`TABLE_SIZE`), the functions of all 2^n supports are
made once and looked up (`unmix.support_table`). Beyond, every pixel has a small system of its own,
of the endmembers on its support or, from the solution with all of them, of those that are not,
whichever are fewer; pixels with systems of about one size are solved in one batch.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from unmix.support_table import LEAST_SPARE, Affine, SupportTable, bits

RIDGE = 1e-11
"""Added to a Gram matrix that is all but singular, relative to its diagonal, and taken out again:
decides between duplicate endmembers."""
SOUND = 1e-7
"""Least ratio of the eigenvalues of a Gram matrix that is solved as it is."""
TABLE_SIZE, LARGEST_TABLE = 8, 12
"""Most endmembers of which all supports are tabulated: for few pixels, and for many."""
TABLE_SHARE = 8
"""Pixels for each support that are many: making the table takes less time than it saves."""
BATCH = 1024
"""Systems solved at a time, those of about one size together."""
COUNTED = 12
"""Most endmembers of which all supports are listed to group pixels by them."""
WORD_BITS = 62
"""Endmembers whose presence fits into one integer."""


class Systems(NamedTuple):
    """The systems of one Gram matrix on all supports."""

    gram: Tensor
    """(n, n) Its diagonal is about one."""
    slack: float
    sound: bool
    """Whether no endmember depends on the others, as far as rounding goes."""
    whole: Affine
    """Of the support of all endmembers."""
    table: SupportTable | None
    """Of all 2^n supports, where they are few."""

    @classmethod
    def of(cls, gram: Tensor, slack: float) -> "Systems":
        """Look at the Gram matrix, and tabulate its supports if they are few."""
        n = len(gram)
        sound = is_sound(gram)
        if not sound or n > TABLE_SIZE:
            every = torch.ones(1, n, dtype=torch.bool, device=gram.device)
            return cls(
                gram, slack, sound, Affine.of(gram, slack, every, 0.0 if sound else RIDGE), None
            )
        table = SupportTable.of(gram, slack)
        return cls(gram, slack, sound, table.whole, table)

    def tabulated_for(self, n_pixels: int) -> "Systems":
        """The same, with its supports tabulated also if they are few beside so many pixels."""
        n = len(self.gram)
        few = n <= LARGEST_TABLE and n_pixels >= TABLE_SHARE * 2**n
        if self.table is not None or not self.sound or not few:
            return self
        return self._replace(table=SupportTable.of(self.gram, self.slack))

    def everywhere(self, cross: Tensor) -> Tensor:
        """Solutions (n_pixels, n) of any sign with all endmembers in every pixel."""
        return torch.addmm(self.whole.offsets[0], cross, self.whole.slopes[0].T)

    def values(self, cross: Tensor, support: Tensor) -> Tensor:
        """Solutions (n_pixels, n) on the supports; outside, the gradient of the objective there."""
        if self.table is not None:
            return self.table.values(bits(support), cross)
        if not self.sound:
            return self._built_up(cross, support)
        large = support.sum(dim=1) * 2 > support.shape[1]
        values = torch.empty_like(cross)
        values[large] = self._cut_down(cross[large], support[large])
        values[~large] = self._built_up(cross[~large], support[~large])
        return values

    def _built_up(self, cross: Tensor, support: Tensor) -> Tensor:
        """`values` from the systems of those on the support."""
        u, w = solve_on_supports(self.gram, cross, support, self.sound)
        freedom = 1 / (w.sum(dim=1, keepdim=True) + self.slack).clamp(min=LEAST_SPARE)
        pull = (u.sum(dim=1, keepdim=True) - 1) * freedom
        x = u - pull * w
        return torch.where(support, x, x @ self.gram - cross + pull)

    def _cut_down(self, cross: Tensor, support: Tensor) -> Tensor:
        """`values` from the systems of those that are not there: gradients that make them zero."""
        x, inverse = self.everywhere(cross), self.whole.slopes[0]
        gradients = -_on_supports(inverse, x[:, :, None], ~support, self.sound)[:, :, 0]
        return torch.where(support, x + gradients @ inverse, gradients)


def scale_of(gram: Tensor) -> float:
    """Mean of the diagonal, by which `Systems` wants the problem divided; 1 if all is black."""
    mean = float(gram.diagonal().mean())
    return mean if mean > 1e-300 else 1.0


def solve_on_supports(
    gram: Tensor, cross: Tensor, support: Tensor, sound: bool
) -> tuple[Tensor, Tensor]:
    """``G^-1 f`` and ``G^-1 1`` of every pixel on its support, zero outside.

    Parameters
    ----------
    gram : Tensor of shape (n, n), float64
        Of a diagonal of about one.
    cross : Tensor of shape (n_pixels, n), float64
    support : bool Tensor of shape (n_pixels, n)
    sound : bool
        Whether the Gram matrix is far from singular. If not, a small ridge is added and one step
        of refinement takes it out again.

    Returns
    -------
    u, w : Tensor of shape (n_pixels, n), float64
    """
    targets = torch.stack([cross, torch.ones_like(cross)], dim=2)
    u, w = _on_supports(gram, targets, support, sound).unbind(dim=2)
    return u, w


def _on_supports(gram: Tensor, targets: Tensor, support: Tensor, sound: bool) -> Tensor:
    """Solutions for targets (n_pixels, n, n_targets) of every pixel's own system, in batches."""
    solutions = torch.zeros_like(targets)
    order = support.sum(dim=1).argsort(stable=True)
    for part in order.split(BATCH):
        size = int(support[part[-1:]].sum())  # the largest
        if size == 0:
            continue
        here, where = (
            support[part].byte().topk(size, dim=1)
        )  # of a smaller support, some are absent
        here = here.to(gram.dtype)
        systems = gram[where[:, :, None], where[:, None, :]] * (here[:, :, None] * here[:, None, :])
        systems += torch.diag_embed(1 - here)
        own = targets[part[:, None], where] * here[:, :, None]
        solutions[part[:, None], where] = _solved(systems, own, sound)
    return solutions


def _solved(systems: Tensor, targets: Tensor, sound: bool) -> Tensor:
    """Solutions of a batch of systems (n_systems, n, n), without a look at each one's health."""
    if sound:
        return torch.linalg.solve_ex(systems, targets).result
    eye = torch.eye(systems.shape[1], dtype=systems.dtype, device=systems.device)
    ridged = systems + RIDGE * eye
    rough = torch.linalg.solve_ex(ridged, targets).result
    return rough + torch.linalg.solve_ex(ridged, targets - systems @ rough).result


def solve_free(gram: Tensor, cross: Tensor) -> Tensor:
    """Solve ``min x G x / 2 - f x`` without constraints for every row f of ``cross``.

    Parameters
    ----------
    gram : Tensor of shape (n_endmembers, n_endmembers), float64
    cross : Tensor of shape (n_pixels, n_endmembers), float64

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        Of any sign. Among endmembers that depend on each other, near the shortest solution.
    """
    if is_sound(gram):
        return cross @ torch.linalg.inv(gram)
    scale = gram.diagonal().mean().clamp(min=1e-200)
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    inverse = torch.linalg.inv(gram + RIDGE * scale * eye)
    x = cross @ inverse
    return x + (cross - x @ gram) @ inverse  # takes the ridge out again


def is_sound(gram: Tensor) -> bool:
    """Whether no endmember depends on the others, as far as rounding goes."""
    eigenvalues = torch.linalg.eigvalsh(gram)
    return bool(eigenvalues[0] > SOUND * eigenvalues[-1])


def groups(support: Tensor) -> tuple[Tensor, Tensor]:
    """Group the pixels that share a support.

    Parameters
    ----------
    support : bool Tensor of shape (n_pixels, n_endmembers)

    Returns
    -------
    first : Tensor of shape (n_groups,), int64
        A pixel of each group.
    group : Tensor of shape (n_pixels,), int64
        The group of each pixel.

    Examples
    --------
    >>> groups(torch.tensor([[True, False], [True, True], [True, False]]))[1]
    tensor([0, 1, 0])
    """
    if support.shape[1] <= COUNTED:
        return _counted_groups(support)
    group, n_groups = torch.zeros(len(support), dtype=torch.int64, device=support.device), 1
    for part in support.split(WORD_BITS, dim=1):
        powers = 2 ** torch.arange(part.shape[1], device=support.device)
        words, word = (part * powers).sum(dim=1).unique(return_inverse=True)
        if n_groups > 1:
            words, word = (group * len(words) + word).unique(return_inverse=True)
        group, n_groups = word, len(words)
    first = torch.zeros(n_groups, dtype=torch.int64, device=support.device)
    first[group] = torch.arange(len(support), device=support.device)
    return first, group


def _counted_groups(support: Tensor) -> tuple[Tensor, Tensor]:
    """`groups` of so few endmembers that there is room for each support: nothing is sorted."""
    code, pixels = bits(support), torch.arange(len(support), device=support.device)
    first = pixels.new_full((2 ** support.shape[1],), -1).scatter_(0, code, pixels)
    group = (first >= 0).cumsum(dim=0) - 1
    return first[first >= 0], group.index_select(0, code)
