"""All that a fit learns of a scene's pixels: the endmembers, the light, and how sure they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unmix.abundances import nonnegative, read_codes
from unmix.autoencoder import Endmembers, FitSettings, fit_endmembers
from unmix.brightness import learn_brightness
from unmix.count import choose_n_endmembers
from unmix.count.usable import Wavelengths
from unmix.error_sources import Residuals, learn_residuals
from unmix.inputs import Number, check_endmembers
from unmix.products import Products, products
from unmix.stability import quick_settings, resample_endmembers

REFIT_COST = 0.4
"""Time of a refit relative to the fit, for the progress that is told."""
COUNT_COST = 4.0
"""Time of choosing the number of endmembers, likewise."""


@dataclass(frozen=True)
class FitResult:
    """What a fit learns; endmembers come most abundant first."""

    endmembers: NDArray[np.float32]
    """(n_endmembers, n_bands) In the unit of the pixels."""
    n_members: NDArray[np.int64]
    """(n_endmembers,) See `unmix.autoencoder.fit.Endmembers`."""
    start_losses: NDArray[np.float32]
    """(n_starts,) Losses of the archetypes that each start led to, on the coreset."""
    loss: float
    """Mean length of what the endmembers leave of the unit spectra of the pixels."""
    brightness_spread: float
    """See `unmix.brightness.BrightnessPrior`, as `noise`."""
    noise: float
    residuals: Residuals
    """Of the pixels that were learned from."""
    mean_fractions: NDArray[np.float64]
    """(n_endmembers,) Of the same pixels, in the reading ``reflectance``."""
    endmember_samples: NDArray[np.float32]
    """(n_refits, n_endmembers, n_bands) See `unmix.stability.resample_endmembers`."""
    n_endmembers_reason: str | None
    """Why there are so many, where that was left open: see `unmix.count.Choice`."""
    known: NDArray[np.int64]
    """(n_endmembers,) Which of the known endmembers each is, from 1; 0 for a learned one."""


def learn(
    pixels: Tensor,
    n_endmembers: Number,
    settings: FitSettings,
    n_refits: int,
    generator: torch.Generator,
    progress: Callable[[float], None],
    wavelengths_nm: Wavelengths = None,
    *,
    known: Tensor | None = None,
) -> FitResult:
    """Learn the endmembers of pixels, and from the same pixels what reading them needs.

    What is learned depends on the number of endmembers, not on whether it was given or chosen.

    Parameters
    ----------
    pixels : Tensor of shape (n_pixels, n_bands), float32
        Finite and not black.
    n_endmembers : int or "auto"
        See `unmix.count.choose_n_endmembers` for the latter.
    settings : FitSettings
    n_refits : int
        On resampled pixels, after the fit; it does not depend on them.
    generator : torch.Generator
        On the CPU, fresh: choosing begins from the same seed.
    progress : callable
        Called with the share of the work done, 0 to 1.
    wavelengths_nm : sequence of n_bands floats, optional
        For the names of bands in warnings.
    known : Tensor of shape (n_known, n_bands), float32, optional
        Endmembers that stay as they are, bit for bit; at most as many as endmembers are asked for.
        A number that is chosen is at least theirs.

    Returns
    -------
    FitResult

    Raises
    ------
    UnmixError
        If the number is to be chosen and the pixels are too few for it, or if an endmember comes
        out black or two of them alike.
    """
    if n_endmembers != "auto":
        return _learn_as_many(pixels, n_endmembers, settings, n_refits, generator, progress, known)
    rest = 1 + REFIT_COST * n_refits
    whole = COUNT_COST + rest
    choice = choose_n_endmembers(
        pixels,
        wavelengths_nm=wavelengths_nm,
        settings=quick_settings(settings),
        seed=generator.initial_seed(),
        progress=lambda share: progress(COUNT_COST * share / whole),
    )
    learned = _learn_as_many(
        pixels,
        max(choice.n_endmembers, 0 if known is None else len(known)),
        settings,
        n_refits,
        generator,
        lambda share: progress((COUNT_COST + rest * share) / whole),
        known,
    )
    return replace(learned, n_endmembers_reason=choice.reason)


def _learn_as_many(
    pixels: Tensor,
    n_endmembers: int,
    settings: FitSettings,
    n_refits: int,
    generator: torch.Generator,
    progress: Callable[[float], None],
    known: Tensor | None,
) -> FitResult:
    """Learn a given number of endmembers, those that are known among them, with all about them."""
    n_learned = n_endmembers - (0 if known is None else len(known))
    n_refits = n_refits if n_learned else 0
    whole = 1 + REFIT_COST * n_refits
    fit = _fit(
        pixels, n_endmembers, settings, generator, lambda share: progress(share / whole), known
    )
    check_endmembers(fit.spectra)
    found = products(pixels, fit.spectra)
    codes, prior = nonnegative(found), learn_brightness(found)
    means = read_codes(found, codes, "reflectance", prior).fractions.nanmean(dim=0).nan_to_num()
    order = means.argsort(descending=True, stable=True)
    endmembers, learned = fit.spectra[order], order < n_learned

    def refit(drawn: Tensor, generator: torch.Generator) -> Tensor:
        quick = quick_settings(settings)
        found = fit_endmembers(drawn, n_endmembers, quick, generator, known=known)
        return found.spectra[:n_learned]

    samples = endmembers.repeat(n_refits, 1, 1)
    samples[:, learned] = resample_endmembers(
        pixels,
        endmembers[learned],
        refit,
        generator,
        n_refits,
        lambda share: progress((1 + (whole - 1) * share) / whole),
    )
    return FitResult(
        endmembers=endmembers.cpu().numpy(),
        n_members=fit.n_members[order].cpu().numpy(),
        start_losses=fit.losses.cpu().numpy(),
        loss=_loss(found, codes),
        brightness_spread=prior.spread,
        noise=prior.noise,
        residuals=learn_residuals(pixels, endmembers, codes[:, order]),
        mean_fractions=means[order].cpu().numpy(),
        endmember_samples=samples.cpu().numpy(),
        n_endmembers_reason=None,
        known=(order - n_learned + 1).clamp(min=0).cpu().numpy(),
    )


def _fit(
    pixels: Tensor,
    n_endmembers: int,
    settings: FitSettings,
    generator: torch.Generator,
    progress: Callable[[float], None],
    known: Tensor | None,
) -> Endmembers:
    """The learned endmembers and the known; where all are known, nothing is learned."""
    if known is None or len(known) < n_endmembers:
        return fit_endmembers(pixels, n_endmembers, settings, generator, progress, known)
    none = torch.zeros(len(known), dtype=torch.int64, device=known.device)
    return Endmembers(known, none, 0, 0.0, known.new_empty(0))


def _loss(found: Products, codes: Tensor) -> float:
    """Mean length of the residual of unit spectra, from the codes of the spectra as they are."""
    rest = (found.energy - torch.linalg.vecdot(codes, found.cross)).clamp(min=0)
    return float((rest / found.energy).sqrt().mean())
