"""Fractional cover by Monte Carlo: many small libraries, many realisations of the noise.

The manner of the EMIT mission: in every draw some spectra of each class are taken at random, the
pixel is perturbed by its uncertainty and unmixed with all of them, and the fractions of a class are
summed and divided by the sum of all. What the draws agree on is the cover; how far they scatter is
its uncertainty, which so includes that nobody knows which spectra lie in the pixel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from unmix.cover.draws import Draw, counts_of, draws_of
from unmix.cover.normalization import Normalization
from unmix.errors import UnmixError, counted
from unmix.least_squares import check_shapes, least_squares

Limits = Literal["nnls", "box", "fcls"]
CHUNK = 2**21
"""Numbers of pixels times bands that are worked on at a time, in float64."""


@dataclass(frozen=True)
class CoverSettings:
    """How cover is estimated.

    Raises
    ------
    UnmixError
        If there are fewer than 2 draws.
    """

    n_draws: int = 20
    """At least 2, or there is no standard deviation."""
    n_endmembers: int = 30
    """Spectra of a draw, dealt to the classes by turns; a class that has fewer gives all."""
    per_class: int | None = None
    """Spectra of each class in a draw; takes the place of `n_endmembers`."""
    normalization: str = "brightness"
    """What pixels and spectra are divided by; see `Normalization`."""
    constraint: Limits = "nnls"
    """Fractions at least zero (``nnls``), also at most one (``box``), or summing to one too
    (``fcls``: no shade); before they are divided by their sum."""
    best: bool = False
    """Take the fractions of the draw with the least residual, not their mean."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_draws < 2:
            raise UnmixError(
                f"`n_draws` must be at least 2, for a standard deviation. Got {self.n_draws}."
            )


class Estimate(NamedTuple):
    """Cover of pixels; NaN where a draw explains nothing, or the uncertainty is not known."""

    fractions: Tensor
    """(n_pixels, n_classes), float64. On the simplex: of what is lit."""
    uncertainty: Tensor
    """(n_pixels, n_classes), float64. Standard deviation of a fraction over the draws."""
    brightness: Tensor
    """(n_pixels, 2), float64. Sum of the fractions before they were divided by it, which is one
    less shade, on spectra as they are in the library; and its standard deviation."""
    rmse: Tensor
    """(n_pixels,), float64. Root mean square residual, in the unit of the spectra."""


@dataclass(frozen=True)
class Cover:
    """A library, and the draws from it; see `Cover.of`."""

    library: Tensor
    """(n_spectra, n_bands) Normalised, float64."""
    lengths: Tensor
    """(n_spectra,) What the spectra were divided by."""
    memberships: Tensor
    """(n_spectra, n_classes) 1 where a spectrum is of a class, else 0, float64."""
    counts: tuple[int, ...]
    """Spectra of each class in a draw."""
    draws: tuple[Draw, ...]
    normalization: Normalization
    settings: CoverSettings

    @classmethod
    def of(
        cls,
        spectra: Tensor,
        class_of: Sequence[int],
        wavelengths_nm: ArrayLike,
        settings: CoverSettings | None = None,
        *,
        device: str | torch.device = "cpu",
    ) -> "Cover":
        """Set up the draws.

        Parameters
        ----------
        spectra : Tensor of shape (n_spectra, n_bands)
        class_of : sequence of int of length n_spectra
            Class of each, from 0 on.
        wavelengths_nm : array of shape (n_bands,)
        settings : CoverSettings, optional
        device : str or torch.device
            Where pixels are worked on.

        Returns
        -------
        Cover

        Raises
        ------
        UnmixError
            If there are fewer endmembers than classes, or a spectrum cannot be normalised.

        Examples
        --------
        >>> few = CoverSettings(n_draws=2, n_endmembers=2, normalization="none")
        >>> cover = Cover.of(torch.eye(2, 3), [0, 1], [500, 600, 700], few)
        >>> cover.estimate(torch.tensor([[0.1, 0.3, 0.0]])).fractions
        tensor([[0.2500, 0.7500]], dtype=torch.float64)
        """
        settings = settings or CoverSettings()
        if len(class_of) != len(spectra):
            found, wanted = counted(len(class_of), "entry"), counted(len(spectra), "spectrum")
            raise UnmixError(f"`class_of` has {found} for {wanted}.")
        spectra = spectra.to(device, torch.float64)
        rule = Normalization(settings.normalization, wavelengths_nm)
        lengths = rule.lengths(spectra)
        if not (lengths > 0).all():
            raise UnmixError(
                "spectra of the library must be positive where they are normalised. "
                f"{int((~(lengths > 0)).sum())} of {len(spectra)} are not: use another "
                "`normalization`."
            )
        classes = torch.as_tensor(class_of, dtype=torch.int64, device=device)
        memberships = torch.nn.functional.one_hot(classes).to(torch.float64)
        sizes = memberships.sum(dim=0).long().tolist()
        counts = counts_of(sizes, n_endmembers=settings.n_endmembers, per_class=settings.per_class)
        draws = draws_of(class_of, counts, spectra.shape[1], settings.n_draws, settings.seed)
        return cls(
            library=spectra / lengths[:, None],
            lengths=lengths,
            memberships=memberships,
            counts=tuple(counts),
            draws=tuple(Draw(*(part.to(device) for part in draw)) for draw in draws),
            normalization=rule,
            settings=settings,
        )

    @property
    def takes_all(self) -> bool:
        """Whether every draw takes all spectra, so that only noise tells draws apart."""
        return sum(self.counts) == len(self.library)

    def estimate(self, spectra: Tensor, uncertainty: Tensor | None = None) -> Estimate:
        """Estimate the cover of pixels.

        Parameters
        ----------
        spectra : Tensor of shape (n_pixels, n_bands)
            In the unit of the library.
        uncertainty : Tensor of shape (n_pixels, n_bands), optional
            Standard deviation of each number of the spectra. In each draw Gaussian noise of it is
            added, the same pattern in all pixels.

        Returns
        -------
        Estimate
            On the CPU.

        Raises
        ------
        UnmixError
            If shapes differ, or spectra are not finite.

        References
        ----------
        Asner and Lobell (2000), doi:10.1016/S0034-4257(00)00126-7, for Monte Carlo over bundles;
        Ochoa et al., "Optimal soil and vegetation cover estimation for global imaging spectroscopy
        using spectral mixture analysis", and SpectralUnmixing.jl (Brodrick et al.), for EMIT.
        """
        check_shapes(spectra, self.library)
        if uncertainty is not None and uncertainty.shape != spectra.shape:
            raise UnmixError(
                f"`uncertainty` has shape {tuple(uncertainty.shape)} for `spectra` of shape "
                f"{tuple(spectra.shape)}. Both must be the same."
            )
        step = max(1, CHUNK // spectra.shape[1])
        parts = []
        for first in range(0, len(spectra), step):
            rows = slice(first, first + step)
            parts.append(self._estimate(spectra[rows], _rows(uncertainty, rows)))
        found = torch.cat(parts) if parts else self.library.new_empty(0, 0)
        return self._estimated(found.cpu())

    def _estimate(self, spectra: Tensor, uncertainty: Tensor | None) -> Tensor:
        """Mean, or best, and standard deviation (n_pixels, 2 * n_values) of what draws give."""
        pixels = spectra.to(self.library)
        lengths = self.normalization.lengths(pixels)
        sound = lengths > 0
        spread = None if uncertainty is None else uncertainty.to(self.library)
        if spread is not None:
            sound &= (spread.isfinite() & (spread >= 0)).all(dim=1)
        result = pixels.new_full((len(pixels), 2 * (self.memberships.shape[1] + 2)), torch.nan)
        if sound.any():
            spread = None if spread is None else spread[sound]
            values = self._solved(pixels[sound], spread, lengths[sound])
            result[sound] = _gathered(values, self.settings.best)
        return result

    def _solved(self, pixels: Tensor, spread: Tensor | None, lengths: Tensor) -> Iterator[Tensor]:
        """Of each draw: fractions of classes, brightness and RMSE, (n_pixels, n_classes + 2)."""
        for draw in self.draws:
            noisy = pixels if spread is None else torch.addcmul(pixels, spread, draw.noise)
            scaled = noisy / lengths[:, None]
            endmembers = self.library[draw.members]
            x = least_squares(scaled, endmembers, self.settings.constraint)
            fractions = x @ self.memberships[draw.members]
            fractions /= fractions.sum(dim=1, keepdim=True)  # NaN where nothing is positive
            bright = (x / self.lengths[draw.members]).sum(dim=1) * lengths
            rmse = (scaled - x @ endmembers).square().mean(dim=1).sqrt() * lengths
            yield torch.column_stack([fractions, bright, rmse])

    def _estimated(self, found: Tensor) -> Estimate:
        n = self.memberships.shape[1]
        centre, spread = found.reshape(len(found), 2, n + 2).unbind(dim=1)
        return Estimate(
            fractions=centre[:, :n],
            uncertainty=spread[:, :n],
            brightness=torch.stack([centre[:, n], spread[:, n]], dim=1),
            rmse=centre[:, n + 1],
        )


def _rows(values: Tensor | None, rows: slice) -> Tensor | None:
    return None if values is None else values[rows]


def _gathered(values: Iterator[Tensor], best: bool) -> Tensor:
    """Mean or best, and standard deviation, side by side (Welford's sums; RMSE comes last)."""
    mean, squares, chosen = torch.empty(0), torch.empty(0), torch.empty(0)
    n = 0
    for n, value in enumerate(values, start=1):
        if n == 1:
            mean, squares, chosen = value.clone(), torch.zeros_like(value), value
            continue
        step = value - mean
        mean += step / n
        squares += step * (value - mean)
        if best:
            chosen = torch.where((value[:, -1] < chosen[:, -1])[:, None], value, chosen)
    found = torch.cat([chosen if best else mean, (squares / (n - 1)).sqrt()], dim=1)
    found[~found.isfinite().all(dim=1)] = torch.nan
    return found
