"""New mixed spectra from a network that knows what codes are distributed as."""

import numpy as np
import torch
from numpy.typing import NDArray

from unmix.errors import UnmixError
from unmix.networks.adversary import dirichlet
from unmix.networks.fitted import FittedNetwork


@torch.no_grad()
def sample_spectra(
    model: FittedNetwork, n: int, seed: int = 0, *, noise: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw mixtures as the network expects them, as bright as their endmembers.

    Parameters
    ----------
    model : NetworkUnmixer
        Fitted, with a prior: variational or adversarial.
    n : int
        How many, 1 or more.
    seed : int
    noise : bool
        Whether to add the scene's noise.

    Returns
    -------
    tuple of ndarray
        Spectra (n, n_bands) in the unit of the scene, and their fractions (n, n_endmembers).

    Raises
    ------
    UnmixError
        If the network has no prior to draw from, or `n` is none.
    """
    network = model.network_
    settings = network.settings
    check_prior(model)
    if n < 1:
        raise UnmixError(f"`n` must be at least 1. Got {n!r}.")
    generator = torch.Generator().manual_seed(seed)
    if network.prior is not None:
        fractions = network.prior.sample(n, generator).softmax(dim=1)
    else:
        fractions = dirichlet(n, network.sizes.n_codes, settings.concentration, generator)
    spectra = np.asarray(model.inverse_transform(fractions.cpu().numpy()))
    if noise:
        drawn = torch.randn(spectra.shape, generator=generator).numpy()
        spectra = spectra + np.float32(network.noise * network.size) * drawn
    return spectra.astype(np.float32), fractions.cpu().numpy()


def check_prior(model: FittedNetwork) -> None:
    """Refuse a network that does not know which mixtures are likely.

    Raises
    ------
    UnmixError
        If it has no prior.
    """
    if model.network_.prior is None and model.network_.settings.prior != "dirichlet":
        raise UnmixError(
            "This network has no prior, so nothing says which mixtures are likely. Fit one of the "
            "members 'variational' and 'adversarial'."
        )
