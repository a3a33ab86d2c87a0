"""Exact least-squares abundances under every constraint that the field uses, behind one function.

Only products of pixels and endmembers enter, so all of it costs little more than ``Y @ E.T``:
`InnerProducts` makes them, `unmix.quadratic` and `unmix.box` solve for the abundances.
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from unmix.box import solve_box
from unmix.errors import UnmixError
from unmix.quadratic import solve_pieces, solve_quadratic
from unmix.supports import Systems, scale_of, solve_free

Constraint = Literal["ucls", "scls", "nnls", "fcls", "partial", "box"]

PIECE, DOUBLED = 8192, 1024
"""Pixels solved at a time while they are in the cache, and taken to float64 at a time."""
ASYMMETRY = 1e-6
"""How far a covariance may be from symmetric, relative to its largest entry."""
SINGLE_LIMIT = 50.0
"""Condition of the endmembers up to which float32 spectra are multiplied in float32."""
SINGLE_MOST = 8
"""Most endmembers for which that is faster than float64, however fast the processor."""


def least_squares(
    spectra: Tensor,
    endmembers: Tensor,
    constraint: Constraint,
    *,
    noise: Tensor | None = None,
    present: Tensor | None = None,
) -> Tensor:
    """Abundances with the least squared residual under a constraint, ``argmin |y - x E|^2``.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        float32 spectra are solved in float64; products over the bands are made in float32 where
        the endmembers are so distinct that this moves no abundance by more than about 5e-6.
    endmembers : Tensor of shape (n_endmembers, n_bands)
    constraint : {"ucls", "scls", "nnls", "fcls", "partial", "box"}
        ``ucls``: none. ``scls``: the sum is one. ``nnls``: nonnegative. ``fcls``: nonnegative, and
        the sum is one. ``partial``: nonnegative, and the sum is at most one (the rest is shade).
        ``box``: each between zero and one.
    noise : Tensor of shape (n_bands,) or (n_bands, n_bands), optional
        Standard deviation of each band, or the covariance of the bands, in the unit of the spectra:
        the residual is whitened with it. Larger where a band is to count less.
    present : bool Tensor of shape (n_pixels, n_endmembers), optional
        Endmembers that each pixel may have; the others are zero. A pixel that may have none has
        zeros throughout, also where the sum should be one.

    Returns
    -------
    Tensor of shape (n_pixels, n_endmembers), float64
        The minimum, found by changing supports until the conditions of optimality (KKT) hold, not
        by a fixed number of steps. Among endmembers that depend on each other, one of the minima.

    Raises
    ------
    UnmixError
        If shapes do not match, the constraint is unknown, the noise is not positive, or anything
        is not finite.

    Examples
    --------
    >>> bright = torch.tensor([[2.0, 0.5]])
    >>> for constraint in ("nnls", "fcls", "partial", "box"):
    ...     print(constraint, least_squares(bright, torch.eye(2), constraint).tolist())
    nnls [[2.0, 0.5]]
    fcls [[1.0, 0.0]]
    partial [[1.0, 0.0]]
    box [[1.0, 0.5]]
    """
    if constraint not in get_args(Constraint):
        known = ", ".join(get_args(Constraint))
        raise UnmixError(f"`constraint` must be one of {known}. Got {constraint!r}.")
    found = InnerProducts.of(spectra, endmembers, noise)
    shape = (len(spectra), len(endmembers))
    if present is not None and (present.shape != shape or present.dtype != torch.bool):
        raise UnmixError(
            f"`present` has shape {tuple(present.shape)} and type {present.dtype}. It must be "
            f"bool of shape (n_pixels, n_endmembers) = {shape}."
        )
    slack = 0.0 if constraint in ("scls", "fcls") else math.inf
    if constraint in ("nnls", "fcls") and present is None:
        pieces = found.pieces(spectra)
        return solve_pieces(found.gram, pieces, len(spectra), slack, found.triangle)
    cross = torch.cat(list(found.pieces(spectra))) @ found.triangle.T
    if constraint in ("nnls", "fcls"):
        return solve_quadratic(found.gram, cross, slack, allowed=present)
    if constraint == "box":
        return solve_box(found.gram, cross, present)
    if constraint == "partial":
        return _at_most_one(found.gram, cross, present)
    return _of_any_sign(found.gram, cross, slack, present)


def _at_most_one(gram: Tensor, cross: Tensor, present: Tensor | None) -> Tensor:
    """Sum at most one: where the free sum is more, the constraint is active, so the sum is one."""
    x = solve_quadratic(gram, cross, math.inf, allowed=present)
    over = (x.sum(dim=1) > 1).nonzero()[:, 0]
    allowed = None if present is None else present[over]
    x[over] = solve_quadratic(gram, cross[over], 0.0, support=x[over] > 0, allowed=allowed)
    return x


def _of_any_sign(gram: Tensor, cross: Tensor, slack: float, present: Tensor | None) -> Tensor:
    if present is None and math.isinf(slack):
        return solve_free(gram, cross)
    present = torch.ones_like(cross, dtype=torch.bool) if present is None else present
    scale = scale_of(gram)
    return Systems.of(gram / scale, slack).values(cross / scale, present) * present


class InnerProducts(NamedTuple):
    """``E C^-1 E'`` and how to make ``Y C^-1 E'``, for the noise covariance C or the identity.

    In float32 the product is not made with the endmembers, whose differences rounding would drown,
    but with an orthonormal basis of them, and taken to them in float64. Rounding then moves a pixel
    by parts in ten million, as storing it in float32 did, whatever the endmembers are.
    """

    gram: Tensor
    """(n_endmembers, n_endmembers), float64"""
    weights: Tensor
    """(n_endmembers, n_bands) ``E C^-1``, float64"""
    triangle: Tensor
    """(n_endmembers, n_endmembers) T of ``Y C^-1 E' = P T'``, where P are the `pieces`."""
    basis: Tensor | None
    """(n_endmembers, n_bands), float32, or None where that is not good enough: then T is 1."""

    @classmethod
    def of(cls, spectra: Tensor, endmembers: Tensor, noise: Tensor | None) -> "InnerProducts":
        """Look at the endmembers; see `least_squares` for the parameters and what it raises."""
        check_shapes(spectra, endmembers)
        plain = endmembers.double()
        _check_finite(plain)
        weights = plain if noise is None else _weighed(plain, noise)
        gram = weights @ plain.T
        single = spectra.dtype == torch.float32 and len(gram) <= SINGLE_MOST
        if single and (basis := _basis(gram, weights, plain)) is not None:
            return cls(gram, weights, *basis)
        return cls(gram, weights, torch.eye(len(gram), dtype=gram.dtype, device=gram.device), None)

    def pieces(self, spectra: Tensor) -> Iterator[Tensor]:
        """P in float64, some rows at a time, few enough for the cache."""
        for part in spectra.split(PIECE):
            if self.basis is not None:
                piece = (part @ self.basis.T).double()
            else:
                piece = torch.cat([few.double() @ self.weights.T for few in part.split(DOUBLED)])
            _check_finite(piece)
            yield piece


def _check_finite(values: Tensor) -> None:
    if not values.sum().isfinite():
        raise UnmixError(
            "Spectra or endmembers contain NaN or infinite values. Leave invalid pixels out "
            "(a Scene's blocks do) before solving for abundances."
        )


def _basis(gram: Tensor, whitened: Tensor, weights: Tensor) -> tuple[Tensor, Tensor] | None:
    """Triangle and basis of `InnerProducts`, if the endmembers are distinct enough for float32."""
    triangle, failed = torch.linalg.cholesky_ex(gram)
    if failed or gram.diagonal().amin() == 0:
        return None
    directions = torch.linalg.solve_triangular(triangle, whitened, upper=False)
    size = weights.norm(dim=1).amax() * directions.norm(dim=1).amax()
    if size > SINGLE_LIMIT * torch.linalg.eigvalsh(gram)[0].clamp(min=0).sqrt():
        return None
    return triangle, directions.float().contiguous()


def _weighed(weights: Tensor, noise: Tensor) -> Tensor:
    """``E C^-1`` (n_endmembers, n_bands)."""
    noise = noise.to(weights)
    n_bands = weights.shape[1]
    if noise.shape == (n_bands,) and noise.isfinite().all() and (noise > 0).all():
        return weights / noise.square()
    if noise.shape == (n_bands, n_bands):
        triangle, failed = torch.linalg.cholesky_ex(noise)
        symmetric = (noise - noise.T).abs().amax() <= ASYMMETRY * noise.abs().amax()
        if not failed and symmetric:
            return torch.cholesky_solve(weights.T, triangle).T.contiguous()
    raise UnmixError(
        f"`noise` of shape {tuple(noise.shape)} is neither {n_bands} positive standard deviations "
        f"nor a symmetric positive definite covariance of {n_bands} bands."
    )


def check_shapes(spectra: Tensor, endmembers: Tensor) -> None:
    """Refuse spectra and endmembers that are not on the same bands.

    Raises
    ------
    UnmixError
        If they are not rows of the same number of bands, or there is no endmember.
    """
    if spectra.ndim != 2 or endmembers.ndim != 2 or spectra.shape[1] != endmembers.shape[1]:
        raise UnmixError(
            f"`spectra` has shape {tuple(spectra.shape)} and `endmembers` "
            f"{tuple(endmembers.shape)}. They must be (n_pixels, n_bands) and "
            "(n_endmembers, n_bands), measured on the same bands."
        )
    if len(endmembers) == 0:
        raise UnmixError("`endmembers` is empty. At least one endmember is needed.")
