"""How bright the endmembers are relative to each other, where the light of the scene can tell.

A near-pure pixel shows its material's brightness in its own light, and an endmember outside the
data has no pixel to show it. In even light the sum to one shows it: of all brightnesses only the
right ones let the fractions of every pixel sum to one.
"""

import torch
from torch import Tensor

from unmix.autoencoder.coreset import Pixels
from unmix.brightness import learn_brightness
from unmix.products import products
from unmix.quadratic import solve_quadratic

N_PIXELS = 4000
"""Pixels that are looked at."""
N_ROUNDS = 30
"""Rounds between fractions that sum to one and the brightness that explains the pixels best."""
PROOF = 0.7
"""The light is even if the spread of the brightness falls to less than this share."""
WORTH = 0.01
"""A smaller spread tells of no wrong brightness that would be worth putting right."""
RANGE = (0.2, 5.0)
"""Limits of the factors; beyond them nothing is believed."""


def even_light(pixels: Pixels, endmembers: Tensor, generator: torch.Generator) -> Tensor:
    """Scale endmembers to the brightness that even light gives them, if the light proves even.

    Fractions that sum to one (FCLS) and the factors of the endmembers are fitted in turn. If the
    light is even, and only the brightness of the endmembers was wrong, the sums of free fractions
    then spread much less around one than before; else they spread more, and nothing is changed.

    Parameters
    ----------
    pixels : Pixels
    endmembers : Tensor of shape (n_endmembers, n_bands)
        In the unit of the pixels.
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    Tensor of shape (n_endmembers, n_bands)
    """
    spectra = pixels.sample(N_PIXELS, generator)
    shapes = endmembers.double().cpu()
    factors = torch.ones(len(shapes), dtype=shapes.dtype)
    found = products(spectra, shapes)
    before = learn_brightness(found).spread
    if before < WORTH:
        return endmembers
    for _ in range(N_ROUNDS):
        gram = found.gram * factors[:, None] * factors
        fractions = solve_quadratic(gram, found.cross * factors, slack=0.0)
        normal = (fractions.T @ fractions) * found.gram
        factors = torch.linalg.lstsq(normal, (fractions * found.cross).sum(dim=0)).solution
        if not ((factors > RANGE[0]) & (factors < RANGE[1])).all():
            return endmembers
    scaled = factors[:, None] * shapes
    after = learn_brightness(products(spectra, scaled)).spread
    return scaled.to(endmembers) if after < PROOF * before else endmembers
