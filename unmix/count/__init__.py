"""How many endmembers a scene has: several estimates, and one recommendation.

>>> generator = torch.Generator().manual_seed(0)
>>> materials = torch.rand(3, 30, generator=generator)
>>> mixed = torch.rand(600, 3, generator=generator) ** 4 @ materials
>>> counts = count_endmembers(mixed + 1e-3 * torch.randn(600, 30, generator=generator))
>>> counts.hysime, counts.signal_dimensions, counts.recommended
(3, 3, 3)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from unmix.autoencoder import FitSettings
from unmix.count.hfc import hfc, nwhfc
from unmix.count.hysime import hysime
from unmix.count.likelihood import eigenvalue_likelihood
from unmix.count.moments import Moments
from unmix.count.noise import BandNoise, regression_noise
from unmix.count.stability import QUICK, Step, stability_curve
from unmix.count.subspace import Subspace, signal_subspace
from unmix.count.usable import Wavelengths, usable_spectra
from unmix.errors import UnmixError

__all__ = [
    "BandNoise",
    "Choice",
    "Counts",
    "Moments",
    "Step",
    "Subspace",
    "choose_n_endmembers",
    "count_endmembers",
    "eigenvalue_likelihood",
    "hfc",
    "hysime",
    "nwhfc",
    "regression_noise",
    "signal_subspace",
    "stability_curve",
]

FALSE_ALARMS = (1e-3, 1e-4, 1e-5)
"""False-alarm probabilities that virtual dimensionality is customarily given for."""
MAX_FITTED = 10_000
"""Pixels that take part in the fits, both halves together."""


@dataclass(frozen=True)
class Counts:
    """Every estimate of the number of endmembers of one scene."""

    n_pixels: int
    """Pixels that were counted in."""
    n_bands: int
    """Bands that were counted in."""
    hysime: int
    """Bioucas-Dias and Nascimento (2008)."""
    hfc: dict[float, int]
    """Chang and Du (2004): virtual dimensionality by false-alarm probability."""
    nwhfc: dict[float, int]
    """The same after division by the noise."""
    likelihood: int
    """Luo et al. (2013)."""
    signal_dimensions: int
    """Directions that exceed noise: an upper bound."""
    curve: tuple[Step, ...]
    """What fits with 2, 3, ... endmembers tell."""
    n_max: int
    """The largest number that fits were tried with."""

    @property
    def distinct(self) -> int:
        """The largest number of endmembers that are all distinct; 2 if none is, 1 if none fits."""
        least = 2 if self.curve else 1
        return max((step.n_endmembers for step in self.curve if step.is_distinct), default=least)

    @property
    def hidden_by_noise(self) -> bool:
        """Whether what the distinct endmembers leave unexplained is weaker than the noise."""
        left = [step.unexplained for step in self.curve if step.n_endmembers == self.distinct]
        return all(power < 1 for power in left)

    @property
    def ends_abruptly(self) -> bool:
        """Whether no signal fades into the noise: all that exceed it are stronger than it."""
        return self.hysime >= self.signal_dimensions

    @property
    def recommended(self) -> int:
        """The number of endmembers to ask for.

        In a scene of n materials and nothing else, signals end abruptly after the n-th: then all
        are materials. What a material varies by fades into the noise instead: then only distinct
        endmembers are worth having, more would split materials into variants. Unless what these
        leave is weaker than the noise: single pixels cannot show then whether there are more, but
        all of them together can. More signals than fits were tried with are never materials.
        """
        many = self.distinct < self.signal_dimensions <= self.n_max
        if many and (self.ends_abruptly or self.hidden_by_noise):
            return self.signal_dimensions
        return self.distinct

    @property
    def reason(self) -> str:
        """Why this number is recommended: what follows "Recommended: 6, " in a sentence."""
        n = self.recommended
        if n < 2:
            return "as no second signal exceeds the noise"
        if not any(step.is_distinct for step in self.curve) and n == self.distinct:
            return "the fewest that can be mixed, as no larger number is distinct"
        if n == self.distinct:
            return "as many as are distinct"
        if self.ends_abruptly:
            return f"as there are {n} signals, all well above the noise"
        return (
            "as many as there are signals above noise: what fewer leave unexplained is too weak to "
            "see in single pixels"
        )


class Choice(NamedTuple):
    """A number of endmembers for a fit, which needs 2 at least."""

    n_endmembers: int
    reason: str
    """As `Counts.reason`."""


def count_endmembers(
    spectra: Tensor,
    *,
    wavelengths_nm: Wavelengths = None,
    n_max: int = 12,
    settings: FitSettings = QUICK,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Counts:
    """Estimate the number of endmembers in several ways.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        Reflectance, or any linear unit. Rows with NaN or infinite values, black ones and glaring
        ones (longer than 1000 times the median) are left out, and so are bands that have the same
        value in every pixel.
    wavelengths_nm : sequence of n_bands floats, optional
        For the names of bands in warnings.
    n_max : int
        The largest number of endmembers that fits are tried with.
    settings : FitSettings
        Of these fits.
    seed : int
        Of their randomness.
    progress : callable
        Called with the share of the work done, 0 to 1.

    Returns
    -------
    Counts

    Raises
    ------
    UnmixError
        If there is no valid pixel, or all have the same spectrum, or there are fewer than 4 bands
        left, or no more valid pixels than bands, or `n_max` is below 2.

    Warns
    -----
    UnmixWarning
        If a band, or a glaring pixel, is left out.
    """
    if isinstance(n_max, bool) or not isinstance(n_max, int) or n_max < 2:
        raise UnmixError(f"`n_max` must be an integer of at least 2. Got {n_max!r}.")
    pixels = usable_spectra(spectra, wavelengths_nm)
    moments = Moments.of(pixels)
    subspace = signal_subspace(moments)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(pixels), generator=generator)[:MAX_FITTED].sort().values
    fitted = pixels[chosen.to(pixels.device)].float().cpu()
    highest = min(n_max, subspace.n_dimensions, len(fitted) // 4)
    curve = stability_curve(fitted, subspace, highest, settings, seed, progress)
    return Counts(
        n_pixels=moments.n_pixels,
        n_bands=moments.n_bands,
        hysime=hysime(moments),
        hfc={chance: hfc(moments, chance) for chance in FALSE_ALARMS},
        nwhfc={chance: nwhfc(moments, chance) for chance in FALSE_ALARMS},
        likelihood=eigenvalue_likelihood(moments),
        signal_dimensions=subspace.n_dimensions,
        curve=tuple(curve),
        n_max=n_max,
    )


def choose_n_endmembers(
    spectra: Tensor,
    *,
    wavelengths_nm: Wavelengths = None,
    settings: FitSettings = QUICK,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Choice:
    """The recommended number of endmembers, for fits that must have one.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        As the rest, as for `count_endmembers`.
    wavelengths_nm : sequence of n_bands floats, optional
    settings : FitSettings
    seed : int
    progress : callable

    Returns
    -------
    Choice

    Raises
    ------
    UnmixError
        As `count_endmembers`; the message adds that the number can be given instead.
    """
    try:
        counts = count_endmembers(
            spectra,
            wavelengths_nm=wavelengths_nm,
            settings=settings,
            seed=seed,
            progress=progress,
        )
    except UnmixError as error:
        raise UnmixError(f"{error} Or say how many endmembers to find: `n_endmembers`.") from error
    if counts.recommended < 2:
        return Choice(2, f"the fewest that can be mixed, {counts.reason}")
    return Choice(counts.recommended, counts.reason)
