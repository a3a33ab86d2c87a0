"""The decoders: their weights are the endmember spectra. A bias would be one more; none has it."""

import torch
from torch import Tensor, nn


class LinearDecoder(nn.Module):
    """Endmembers that are given: ``z = a @ E``.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
        Nonnegative spectra.
    """

    endmembers: Tensor

    def __init__(self, endmembers: Tensor) -> None:
        super().__init__()
        self.register_buffer("endmembers", endmembers)

    def forward(self, codes: Tensor) -> Tensor:
        """Spectra (n_spectra, n_bands) of codes (n_spectra, n_endmembers)."""
        return codes @ self.endmembers


class ArchetypalDecoder(nn.Module):
    """Endmembers that are convex combinations of observed spectra: ``E = softmax(logits) @ C``.

    However the learning goes, an endmember stays a weighted mean of spectra that the scene really
    contains, which keeps it physical and stable from seed to seed.

    Parameters
    ----------
    candidates : Tensor of shape (n_points, n_coordinates)
        The spectra C that endmembers are made of.
    logits : Tensor of shape (n_starts, n_free, n_points)
        Where each start begins.
    frozen : Tensor of shape (n_frozen, n_coordinates), optional
        Endmembers that stay as they are; they come after the free ones.

    References
    ----------
    Cutler and Breiman (1994), doi:10.1080/00401706.1994.10485840.
    """

    candidates: Tensor
    frozen: Tensor

    def __init__(self, candidates: Tensor, logits: Tensor, frozen: Tensor | None = None) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits.clone())
        self.register_buffer("candidates", candidates)
        none = candidates.new_zeros(0, candidates.shape[1])
        self.register_buffer("frozen", none if frozen is None else frozen)

    @property
    def weights(self) -> Tensor:
        """(n_starts, n_free, n_points), nonnegative, each row summing to one."""
        return self.logits.softmax(dim=-1)

    @property
    def endmembers(self) -> Tensor:
        """(n_starts, n_free + n_frozen, n_coordinates)."""
        free = self.weights @ self.candidates
        return torch.cat([free, self.frozen.expand(len(free), -1, -1)], dim=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Spectra (n_starts, n_spectra, n_coordinates) of codes (n_starts, n_spectra, n)."""
        return codes @ self.endmembers
