"""From one number for each unit to codes that are not negative."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from unmix.networks.settings import Code


class CodeLayer(nn.Module):
    """What makes codes of the encoder's numbers.

    ``topk`` keeps the `n_active` largest of each pixel; ``batch_topk`` as many on average: the
    largest of a whole batch in training, those above a threshold afterwards, so that a pixel's code
    does not depend on the other pixels. Both are positive where they are kept (softplus).

    Parameters
    ----------
    name : str
        See `unmix.networks.settings`.
    n_active : int or None

    References
    ----------
    Makhzani and Frey (2014), arXiv:1312.5663, for topk; Bussmann et al. (2024), arXiv:2412.06410,
    section 3, for batch_topk and its threshold.
    """

    threshold: Tensor

    def __init__(self, name: Code, n_active: int | None) -> None:
        super().__init__()
        self.name = name
        self.n_active = n_active or 0
        self.register_buffer("threshold", torch.zeros(1))

    def forward(self, raw: Tensor) -> Tensor:
        """Codes of the same shape (n_pixels, n_codes), from 0."""
        if self.name == "relu":
            return raw.relu()
        if self.name == "sigmoid":
            return raw.sigmoid()
        if self.name == "softmax":
            return raw.softmax(dim=1)
        values: Tensor = softplus(raw)
        if self.name == "topk":
            return values * _largest(values, self.n_active)
        if self.name == "batch_topk":
            return values * self._kept(values)
        return values

    def _kept(self, values: Tensor) -> Tensor:
        if not self.training:
            return values > self.threshold
        flat = values.reshape(1, -1)
        return _largest(flat, self.n_active * len(values)).reshape(values.shape)

    @torch.no_grad()
    def set_threshold_(self, raw: Tensor) -> None:
        """Put the threshold where as many of these numbers' codes exceed it as are wanted."""
        if self.name == "batch_topk":
            values = softplus(raw).flatten()
            n_below = len(values) - min(self.n_active * len(raw), len(values))
            ranked = values.sort().values
            at = ranked[n_below - 1] if n_below > 0 else ranked.new_zeros(())
            self.threshold.fill_(at)


def _largest(values: Tensor, n_kept: int) -> Tensor:
    """Mask of exactly so many of each row's largest values."""
    chosen = values.topk(min(n_kept, values.shape[1]), dim=1).indices
    return torch.zeros_like(values, dtype=torch.bool).scatter_(1, chosen, True)
