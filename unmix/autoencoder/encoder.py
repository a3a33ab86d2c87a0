"""The encoder: nonnegative sparse coding on the decoder's own weights, unrolled."""

import torch
from torch import Tensor, nn


class SparseCodingEncoder(nn.Module):
    """Unrolled accelerated projected-gradient steps towards the sparse codes of spectra.

    ``a = argmin_{a >= 0} |z - a E|^2 / 2 + sparsity |a|_1``: each layer is one step
    ``a <- max(0, b - (b E E' - z E' + sparsity) / L)`` with Nesterov's momentum in ``b``. The
    weights are tied to the decoder: nothing is learned here that the endmembers do not already say.

    Parameters
    ----------
    n_steps : int
        Layers. Few are enough in training, where codes start from those of the step before.
    sparsity : float
        Weight of the L1 norm of the codes, 0 or more.

    References
    ----------
    Gregor and LeCun (2010), "Learning fast approximations of sparse coding", ICML;
    Beck and Teboulle (2009), doi:10.1137/080716542.
    """

    def __init__(self, n_steps: int = 200, sparsity: float = 0.0) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.sparsity = sparsity

    def forward(
        self, spectra: Tensor, endmembers: Tensor, warm_start: Tensor | None = None
    ) -> Tensor:
        """Codes of spectra on the given endmembers.

        Parameters
        ----------
        spectra : Tensor of shape (n_spectra, n_bands)
        endmembers : Tensor of shape (..., n_endmembers, n_bands)
            Leading dimensions are independent models, coded side by side.
        warm_start : Tensor of shape (..., n_spectra, n_endmembers), optional
            Codes to start from; zeros by default.

        Returns
        -------
        Tensor of shape (..., n_spectra, n_endmembers)
            Nonnegative.
        """
        gram = endmembers @ endmembers.mT
        cross = spectra @ endmembers.mT - self.sparsity
        step = 1 / torch.linalg.eigvalsh(gram)[..., -1].clamp(min=1e-12)[..., None, None]
        codes = torch.zeros_like(cross) if warm_start is None else warm_start
        ahead, pace = codes, 1.0
        for _ in range(self.n_steps):
            fresh = (ahead - step * (ahead @ gram - cross)).clamp(min=0)
            next_pace = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
            ahead = fresh + (pace - 1) / next_pace * (fresh - codes)
            codes, pace = fresh, next_pace
        return codes
