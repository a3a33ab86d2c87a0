"""From codes to spectra, in the coordinates of the scene. None has a bias but the signed one."""

import math

import torch
from torch import Tensor, nn


class NonnegativeDecoder(nn.Module):
    """Endmembers that are any nonnegative spectra, found together with the codes.

    Parameters
    ----------
    weights : Tensor of shape (n_codes, n_bands)
        Where they begin, in usual lengths.
    unit_length : bool
        Whether they keep the length of a usual spectrum. Where codes may grow at will they must,
        or a penalty on the codes would be escaped by longer endmembers.
    """

    def __init__(self, weights: Tensor, unit_length: bool) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights.clone())
        self.unit_length = unit_length

    def spectra(self, basis: Tensor) -> Tensor:
        """(n_codes, n_bands) in usual lengths."""
        return self.weights

    def atoms(self, basis: Tensor) -> Tensor:
        """(n_codes, rank) The same in coordinates."""
        return self.weights @ basis

    @torch.no_grad()
    def constrain_(self) -> None:
        """Go back to where the weights may be; called after every step."""
        self.weights.clamp_(min=0)
        if self.unit_length:
            self.weights.div_(self.weights.norm(dim=1, keepdim=True).clamp(min=1e-6))


class ArchetypalDecoder(nn.Module):
    """Endmembers that are convex combinations of observed spectra, ``E = softmax(logits) @ C``.

    Parameters
    ----------
    logits : Tensor of shape (n_codes, n_candidates)
    candidates : Tensor of shape (n_candidates, rank)
        Means of similar pixels, in coordinates.

    References
    ----------
    Cutler and Breiman (1994), doi:10.1080/00401706.1994.10485840.
    """

    candidates: Tensor

    def __init__(self, logits: Tensor, candidates: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits.clone())
        self.register_buffer("candidates", candidates)

    def spectra(self, basis: Tensor) -> Tensor:
        """(n_codes, n_bands) in usual lengths, not negative."""
        return (self.atoms(basis) @ basis.T).clamp(min=0)

    def atoms(self, basis: Tensor) -> Tensor:
        """(n_codes, rank)."""
        return self.logits.softmax(dim=1) @ self.candidates

    def constrain_(self) -> None:
        """Softmax has seen to it."""


class FixedDecoder(nn.Module):
    """Endmembers that are given and stay.

    Parameters
    ----------
    weights : Tensor of shape (n_codes, n_bands)
        In usual lengths.
    """

    weights: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)

    def spectra(self, basis: Tensor) -> Tensor:
        """(n_codes, n_bands) in usual lengths."""
        return self.weights

    def atoms(self, basis: Tensor) -> Tensor:
        """(n_codes, rank)."""
        return self.weights @ basis

    def constrain_(self) -> None:
        """Nothing moves."""


class SignedDecoder(nn.Module):
    """Directions of any sign about a mean: good at spectra, and no endmembers at all.

    Parameters
    ----------
    n_codes : int
    mean : Tensor of shape (rank,)
        Where the bias begins.
    generator : torch.Generator
    """

    def __init__(self, n_codes: int, mean: Tensor, generator: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randn(n_codes, len(mean), generator=generator).to(mean.device)
        self.weights = nn.Parameter(drawn * 0.1 / math.sqrt(n_codes))
        self.bias = nn.Parameter(mean.clone())

    def spectra(self, basis: Tensor) -> Tensor:
        """(n_codes, n_bands) in usual lengths, of any sign."""
        return self.weights @ basis.T

    def atoms(self, basis: Tensor) -> Tensor:
        """(n_codes, rank)."""
        return self.weights

    def constrain_(self) -> None:
        """Anything goes."""


DecoderLayer = NonnegativeDecoder | ArchetypalDecoder | FixedDecoder | SignedDecoder


class Gain(nn.Module):
    """How side information changes spectra: a factor for every band, ``exp(side @ weights)``.

    It is one where the side information is at its mean.

    Parameters
    ----------
    n_side, n_bands : int
    """

    def __init__(self, n_side: int, n_bands: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(n_side, n_bands))

    def forward(self, coordinates: Tensor, side: Tensor, basis: Tensor) -> Tensor:
        """Coordinates (n_pixels, rank) of mixtures, as they look under side (n_pixels, n_side)."""
        return (coordinates @ basis.T * (side @ self.weights).exp()) @ basis
