"""Sparse regression of a scene with a library: learned from a sample, read from any pixels."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from unmix.brightness import BrightnessPrior, learn_brightness
from unmix.errors import UnmixError
from unmix.least_squares import check_shapes
from unmix.products import Products, products
from unmix.sparse_regression.active_set import solve_active_set
from unmix.sparse_regression.certificate import Penalty, duality_gap
from unmix.sparse_regression.collaborative import collaborate, solve_with_ridge
from unmix.sparse_regression.pruning import nearest_members, needed_members
from unmix.sparse_regression.top_k import top_k

Method = Literal["sunsal", "collaborative", "topk"]

SPARSITIES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Weights of the penalty that are tried, in noise units."""
N_SAMPLE = 2000
"""Pixels that are learned from; more are thinned out evenly."""
PRESENT = 0.01
"""A material is counted in a pixel if its fraction is larger."""


class SparseReading(NamedTuple):
    """What is read of pixels."""

    fractions: Tensor
    """(n_pixels, n_members) Nonnegative, of sum one; NaN where no member explains a pixel."""
    brightness: Tensor
    """(n_pixels,) Sum of the abundances before."""
    residual: Tensor
    """(n_pixels,) Root mean square over the bands, in the unit of the spectra."""
    n_materials: Tensor
    """(n_pixels,) How many fractions exceed `PRESENT`."""


@dataclass(frozen=True)
class SparseModel:
    """A library, less the members that a scene does not need, and how it is read."""

    method: Method
    members: Tensor
    """(n_members,) Their numbers in the library, ascending."""
    spectra: Tensor
    """(n_members, n_bands) float64"""
    prior: BrightnessPrior
    """Of the pixels' brightness and noise; a spread of zero where the sum of abundances is one."""
    sparsity: float
    """Weight of the penalty, in noise units; see `penalty`."""
    k: int
    """Most materials in a pixel, by the method ``topk``."""
    ridge: Tensor
    """(n_members,) See `unmix.sparse_regression.collaborative`; zeros for the other methods."""
    gap: float | None
    """Duality gap of the sample; None where there is no penalty, or no dual."""
    shares: Tensor
    """(n_members,) Share of the sampled pixels in which the member's fraction exceeds
    `PRESENT`."""

    @property
    def penalty(self) -> float:
        """Of an abundance, in squared units of the spectra: sparsity * noise * a usual length."""
        return _penalty(self.sparsity, self.prior, self.spectra)

    def solve(self, found: Products) -> Tensor:
        """Abundances (n_pixels, n_members) from products with the members."""
        if self.method == "topk":
            return top_k(found, self.k, self.prior.slack)
        if self.method == "collaborative":
            return solve_with_ridge(found, self.ridge, self.prior.slack)
        return solve_active_set(found.gram, found.cross, self.prior.slack, self.penalty)

    def read(self, spectra: Tensor) -> SparseReading:
        """Fractions of pixels, their brightness, residual and number of materials.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)

        Returns
        -------
        SparseReading
            float32.

        Raises
        ------
        UnmixError
            If the number of bands differs, or a value is not finite.
        """
        found = products(spectra, self.spectra)
        codes = self.solve(found)
        rest = found.energy + torch.linalg.vecdot(codes, codes @ found.gram - 2 * found.cross)
        brightness = codes.sum(dim=1)
        fractions = codes / brightness[:, None]  # 0 / 0 is NaN
        return SparseReading(
            fractions.float(),
            brightness.float(),
            (rest.clamp(min=0) / found.n_bands).sqrt().float(),
            (fractions > PRESENT).sum(dim=1).float(),
        )


def learn_sparse(
    spectra: Tensor,
    library: Tensor,
    method: Method = "sunsal",
    *,
    sparsity: float | Literal["auto"] = "auto",
    k: int = 3,
    sum_to_one: bool = False,
    prune: bool = True,
) -> SparseModel:
    """Learn from pixels how a wide library is to be read in their scene.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance; black pixels and those that are not finite left out. At most `N_SAMPLE` of
        them are used, evenly.
    library : Tensor of shape (n_members, n_bands)
        Nonnegative spectra, none black; any number, also more than bands.
    method : {"sunsal", "collaborative", "topk"}
        ``sunsal``: L1 norm of each pixel's abundances. ``collaborative``: of the norms of each
        member over all pixels. ``topk``: at most k members in a pixel.
    sparsity : float or "auto"
        Weight of the norm, in noise units. By default the one, of `SPARSITIES`, with the least
        squared error of the spectra as Stein's estimate tells it: residual + 2 variances for each
        abundance that is not zero.
    k : int
        Of ``topk``.
    sum_to_one : bool
        Whether abundances must sum to one; else the scene's own spread of brightness is learned.
    prune : bool
        Whether members that the scene does not need are left out; see
        `unmix.sparse_regression.pruning`.

    Returns
    -------
    SparseModel

    Raises
    ------
    UnmixError
        If a parameter is out of its range, shapes differ, or there is no pixel.

    References
    ----------
    Bioucas-Dias and Figueiredo (2010), doi:10.1109/WHISPERS.2010.5594963; Stein (1981),
    doi:10.1214/aos/1176345632, with the degrees of freedom of Zou, Hastie and Tibshirani (2007),
    doi:10.1214/009053607000000127.
    """
    _check(spectra, library, method, sparsity, k)
    sample, library = spectra[:: max(1, -(-len(spectra) // N_SAMPLE))], library.double()
    near = nearest_members(sample, library)
    needed = near[needed_members(sample, library[near])].sort().values
    members = needed if prune else torch.arange(len(library))
    prior = learn_brightness(products(sample, library[needed]))
    prior = prior._replace(spread=0.0) if sum_to_one else prior
    found, kept = products(sample, library[members]), library[members]
    if sparsity == "auto":
        tried = (0.0,) if method == "topk" else SPARSITIES
        risks = [_risk(found, _coded(found, kept, prior, method, s, k)[0], prior) for s in tried]
        sparsity = tried[risks.index(min(risks))]
    codes, ridge = _coded(found, kept, prior, method, sparsity, k)
    fractions = codes / codes.sum(dim=1, keepdim=True)
    return SparseModel(
        method=method,
        members=members,
        spectra=kept,
        prior=prior,
        sparsity=float(sparsity),
        k=k,
        ridge=ridge,
        gap=_gap(found, codes, _penalty(sparsity, prior, kept), prior.slack, method),
        shares=(fractions > PRESENT).double().mean(dim=0),
    )


def _coded(
    found: Products, kept: Tensor, prior: BrightnessPrior, method: Method, sparsity: float, k: int
) -> tuple[Tensor, Tensor]:
    """Abundances of the sample, and the ridge that they make."""
    penalty, slack = _penalty(sparsity, prior, kept), prior.slack
    if method == "collaborative":
        return collaborate(found, penalty, slack)
    if method == "topk":
        codes = top_k(found, k, slack)
    else:
        codes = solve_active_set(found.gram, found.cross, slack, penalty)
    return codes, torch.zeros_like(found.gram[0])


def _penalty(sparsity: float, prior: BrightnessPrior, kept: Tensor) -> float:
    """In squared units of the spectra: what noise of the scene makes of a product with a member."""
    return sparsity * prior.noise * float(kept.square().sum(dim=1).mean().sqrt())


def _risk(found: Products, codes: Tensor, prior: BrightnessPrior) -> float:
    """Stein's estimate of the squared error of the spectra, but for a constant."""
    left = torch.linalg.vecdot(codes, codes @ found.gram - 2 * found.cross).sum()
    return float(left + 2 * prior.noise**2 * (codes > 0).sum())


def _gap(
    found: Products, codes: Tensor, penalty: float, slack: float, method: Method
) -> float | None:
    """The duality gap, where there is a dual."""
    if method == "topk" or not (penalty > 0 and slack > 0):
        return None
    over: Penalty = "members" if method == "collaborative" else "entries"
    return duality_gap(found, codes, penalty, slack, over)


def _check(spectra: Tensor, library: Tensor, method: object, sparsity: object, k: int) -> None:
    """Refuse parameters of `learn_sparse` that are out of their range."""
    check_shapes(spectra, library)
    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        raise UnmixError(f"`method` must be one of {known}. Got {method!r}.")
    number = isinstance(sparsity, int | float) and not isinstance(sparsity, bool)
    if sparsity != "auto" and not (number and 0 <= sparsity < math.inf):  # type: ignore[operator]
        raise UnmixError(f"`sparsity` must be 'auto' or a number from 0. Got {sparsity!r}.")
    if k < 1:
        raise UnmixError(f"`k` must be at least 1. Got {k}.")
    if len(spectra) == 0:
        raise UnmixError("There is no valid pixel to learn from: check the mask and nodata value.")
    black = ~(library.amax(dim=1) > 0)
    if black.any():
        number_of = int(black.nonzero()[0, 0]) + 1
        raise UnmixError(
            f"Spectrum {number_of} of the library is nowhere above zero, so that no pixel can show "
            "it. Leave it out."
        )
