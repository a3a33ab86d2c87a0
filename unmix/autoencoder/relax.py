"""Whether the endmembers leave the hull of the data, and where they go."""

import torch
from torch import Tensor

from unmix.abundances import nnls
from unmix.autoencoder.chart import Chart
from unmix.autoencoder.coreset import Pixels
from unmix.autoencoder.refine import Refined
from unmix.autoencoder.volume import outside_hull, smallest_simplex

N_PIXELS, N_DISTANCES = 20_000, 160_000
"""Most pixels that the simplex is fitted to, and most of their distances from its facets."""
SPARE_BANDS = 2
"""Bands beyond the number of endmembers that it takes to see the noise."""
PIXELS_EACH = 20
"""Pixels per endmember that it takes to see a simplex."""
TRACE = 0.05
"""A material is present in a pixel if its share is larger."""
SCARCE = 0.02
"""A material that is present in a smaller part of the pixels stays where it was found."""
DARKEST = 0.2
"""Least brightness of an endmember outside the hull, relative to the median."""
SHADE = 0.05
"""A corner that is darker than this, relative to the median pixel, is no material."""


def relax(pixels: Pixels, refined: Refined, limit: float, generator: torch.Generator) -> Refined:
    """Let the endmembers leave the data's hull where more lies outside it than noise explains.

    Scarce materials stay: they were found as groups of pure pixels, and the few pixels that they
    are present in take no part in fitting the simplex of the others.

    Parameters
    ----------
    pixels : Pixels
    refined : Refined
        The endmembers as means of pixels.
    limit : float
        Of `outside_hull`, above which the hull is left.
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    Refined
        With no members where an endmember lies outside; as given where the hull holds the pixels.
    """
    n_pixels = min(N_PIXELS, N_DISTANCES // len(refined.endmembers))
    spectra = pixels.sample(n_pixels, generator)
    inside = refined.endmembers.double().cpu()
    present = _shares(spectra, inside) > TRACE
    common = present.double().mean(dim=0) > SCARCE
    n_common = int(common.sum())
    spectra = spectra[~present[:, ~common].any(dim=1)]
    few = len(spectra) < PIXELS_EACH * n_common or spectra.shape[1] < n_common + SPARE_BANDS
    if n_common < 2 or few:
        return refined
    chart = Chart.of(spectra, n_common)
    corners = chart.into(inside[common])
    if not corners.isfinite().all() or outside_hull(chart, corners) <= limit:
        return refined
    found = smallest_simplex(chart, corners)
    outer = None if found is None else _as_bright_as(spectra, chart.back(found))
    even = _in_even_light(spectra, inside[common] if outer is None else outer)
    outer = outer if even is None else even
    if outer is None:
        return refined
    endmembers, n_members = refined.endmembers.clone(), refined.n_members.clone()
    common = common.to(endmembers.device)
    endmembers[common] = outer.to(endmembers)
    n_members[common] = 0
    return Refined(endmembers, n_members)


def _in_even_light(spectra: Tensor, endmembers: Tensor) -> Tensor | None:
    """Corners of the smallest simplex of the spectra as they are; None where light varies.

    None, too, where a corner is all but black: that one stands for shade, not for a material.
    """
    chart = Chart.in_even_light(spectra, len(endmembers))
    found = None if chart is None else smallest_simplex(chart, chart.into(endmembers))
    if chart is None or found is None:
        return None
    outer = chart.back(found)
    length = outer.norm(dim=1)
    return outer if length.min() > SHADE * spectra.norm(dim=1).median() else None


def _shares(spectra: Tensor, endmembers: Tensor) -> Tensor:
    """(n_pixels, n_endmembers) Share of each endmember in each pixel."""
    codes = nnls(spectra, endmembers)
    return codes / codes.sum(dim=1, keepdim=True).clamp(min=1e-300)


def _as_bright_as(spectra: Tensor, shapes: Tensor) -> Tensor:
    """Shapes (n, n_bands) scaled so that the codes of the pixels sum to one as nearly as they can.

    No pixel shows how bright an endmember outside the hull is. If illumination does not depend on
    the material, the sum of the codes must not either.
    """
    codes = nnls(spectra, shapes)
    ones = torch.ones(len(codes), 1, dtype=codes.dtype)
    weights = torch.linalg.lstsq(codes, ones).solution[:, 0]
    weights = weights.clamp(min=DARKEST * float(weights.abs().median()))
    return shapes / weights[:, None]
