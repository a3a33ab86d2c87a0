"""Whether the endmembers leave the hull of the data, and where they go."""

import torch
from torch import Tensor

from unmix.abundances import nnls
from unmix.autoencoder.chart import SPARE_BANDS, Chart, all_ones
from unmix.autoencoder.refine import Refined, with_known
from unmix.autoencoder.volume import outside_hull, smallest_simplex
from unmix.metrics import match_endmembers

N_DISTANCES = 160_000
"""Most distances of pixels from the facets of the simplex."""
PIXELS_EACH = 20
"""Pixels per endmember that it takes to see a simplex."""
TRACE = 0.05
"""A material is present in a pixel if its share is larger."""
SCARCE = 0.02
"""A material that is present in a smaller part of the pixels stays where it was found."""
NEARLY_PURE = 0.9
"""Means of pixels as pure as this are good endmembers: a simplex larger by as much is looked at."""
BRIGHTEST = 5.0
"""Most that an endmember outside the hull is made brighter, relative to the median one."""
SHADE = 0.05
"""A corner that is darker than this, relative to the median pixel, is no material."""


def relax(
    spectra: Tensor, refined: Refined, even: bool, limit: float, known: Tensor | None = None
) -> Refined:
    """Let the endmembers leave the data's hull where more lies outside it than noise explains.

    Scarce materials stay: they were found as groups of pure pixels, and the few pixels that they
    are present in take no part in fitting the simplex of the others.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands), float64, on the CPU
        In no particular order.
    refined : Refined
        The endmembers as means of pixels.
    even : bool
        Whether light is even: the simplex is then sought among the spectra as they are.
    limit : float
        Of `outside_hull` around a slightly larger simplex, above which the hull is left.
    known : Tensor of shape (n_known, n_bands), optional
        Endmembers beside them. Corners begin there and move like the others, since a simplex with
        a corner where the scene has none would have its others in the wrong place, too; those that
        are most like the known ones are left out in the end.

    Returns
    -------
    Refined
        Without the known ones.
        With no members where an endmember lies outside; as given where the hull holds the pixels.
    """
    n_learned = len(refined.endmembers)
    inside = with_known(refined.endmembers, known).double().cpu()
    spectra = spectra[: N_DISTANCES // len(inside)]
    present = _shares(spectra, inside) > TRACE
    common = present.double().mean(dim=0) > SCARCE
    spectra = spectra[~present[:, ~common].any(dim=1)]
    outer = _outside(spectra, inside[common], even, limit)
    if outer is None:
        return refined
    endmembers, n_members = refined.endmembers.clone(), refined.n_members.clone()
    outer = _unlike(outer, inside[n_learned:][common[n_learned:]])
    common = common[:n_learned].to(endmembers.device)
    endmembers[common] = outer.to(endmembers)
    n_members[common] = 0
    return Refined(endmembers, n_members)


def _unlike(corners: Tensor, known: Tensor) -> Tensor:
    """The corners without those that are most like the known ones, one for each of them."""
    others = torch.ones(len(corners), dtype=torch.bool)
    if len(known):
        others[match_endmembers(corners, known)] = False
    return corners[others]


def _outside(spectra: Tensor, inside: Tensor, even: bool, limit: float) -> Tensor | None:
    """Corners (n, n_bands) of the smallest simplex; None where the hull is to be kept."""
    n_pixels, n_bands = spectra.shape
    n = len(inside)
    if n < 2 or n_pixels < PIXELS_EACH * n or n_bands < n + SPARE_BANDS:
        return None
    chart = Chart.of(spectra, n)
    corners = chart.into(inside)
    middle = corners.mean(dim=0)
    widened = middle + (corners - middle) / NEARLY_PURE
    if not chart.shows(inside) or outside_hull(chart, widened) <= limit:
        return None
    found = smallest_simplex(chart, corners)
    outer = None if found is None else _as_bright_as(spectra, chart.back(found))
    lit = _in_even_light(spectra, inside if outer is None else outer) if even else None
    return outer if lit is None else lit


def _in_even_light(spectra: Tensor, start: Tensor) -> Tensor | None:
    """Corners of the smallest simplex of the spectra as they are, if it is seen.

    None, too, where a corner is all but black: that one stands for shade, not for a material.
    """
    chart = Chart.in_even_light(spectra, len(start))
    found = None if chart is None else smallest_simplex(chart, chart.into(start))
    if chart is None or found is None:
        return None
    outer = chart.back(found)
    dark = outer.norm(dim=1).min() < SHADE * spectra.norm(dim=1).median()
    return None if dark else outer


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
    weights = all_ones(codes)
    weights = weights.clamp(min=float(weights.abs().median()) / BRIGHTEST)
    return shapes / weights[:, None]
