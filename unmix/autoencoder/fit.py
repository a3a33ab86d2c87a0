"""From spectra to endmembers: the learning from start to end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from unmix.autoencoder.coreset import Coreset, Pixels, flattening, project, summarise
from unmix.autoencoder.decoder import ArchetypalDecoder
from unmix.autoencoder.light import EvenLight
from unmix.autoencoder.rare import best_candidate, explain, saving_of, savings_of_each
from unmix.autoencoder.refine import Refined, refine, with_known
from unmix.autoencoder.relax import relax
from unmix.autoencoder.settings import FitSettings
from unmix.autoencoder.starts import beside_known, start_logits
from unmix.autoencoder.training import Learned, train

WORSE = 1.3
"""A rare material may not cost the rest of the scene more than this factor in loss."""
WARM_RATE = 1 / 3
"""Learning rate of a refit from learned weights, relative to that from scratch."""
N_LOOKED_AT = 20_000
"""Pixels in which light and the hull are looked at."""


@dataclass(frozen=True)
class Endmembers:
    """Learned endmembers and what there is to know about how they were learned."""

    spectra: Tensor
    """(n_endmembers, n_bands), nonnegative, in the unit of the pixels; the known ones last."""
    n_members: Tensor
    """(n_endmembers,) Near-pure pixels that each is the mean of; 0 for one outside the data, or
    known."""
    n_rare: int
    """How many came in as rare materials; they stand last of those learned."""
    loss: float
    """Mean length of the residual of unit spectra on the coreset."""
    losses: Tensor
    """(n_starts,) The same for every start, before rare materials came in; ascending."""


def fit_endmembers(
    spectra: Tensor,
    n_endmembers: int,
    settings: FitSettings,
    generator: torch.Generator,
    progress: Callable[[float], None] = lambda share: None,
    known: Tensor | None = None,
) -> Endmembers:
    """Learn the materials of a scene, beside those that are known.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands), float32
        Finite and not black; more pixels than endmembers.
    n_endmembers : int
        At least 2; more than are known.
    settings : FitSettings
    generator : torch.Generator
        On the CPU, so that every device starts from the same numbers.
    progress : callable
        Called with the share of the work done, 0 to 1.
    known : Tensor of shape (n_known, n_bands), optional
        Endmembers that stay as they are, bit for bit.

    Returns
    -------
    Endmembers
    """
    known = spectra[:0] if known is None else known.to(spectra)
    looked_at = _some(spectra, generator)
    light = EvenLight.of(looked_at, n_endmembers) if settings.even_light else None
    if light is not None:
        half = partial(_half, progress, 0.0)
        banded = light.with_band(spectra), light.with_band(known)
        found = _learn(*banded, n_endmembers, settings, generator, half)
        refined = light.without_band(found.refined)
        if light.has_shade(refined, known):
            light, progress = None, partial(_half, progress, 0.5)
    if light is None:
        found = _learn(spectra, known, n_endmembers, settings, generator, progress)
        refined = found.refined
    refined = relax(looked_at, refined, light is not None, settings.leave_hull, known)
    progress(1.0)
    return Endmembers(
        spectra=with_known(refined.endmembers.clamp(min=0), known),
        n_members=torch.cat([refined.n_members, refined.n_members.new_zeros(len(known))]),
        n_rare=found.n_rare,
        loss=found.loss,
        losses=found.losses,
    )


def _half(progress: Callable[[float], None], begin: float, share: float) -> None:
    """Progress of one half of the work."""
    progress(begin + share / 2)


class _Found(NamedTuple):
    """Endmembers within the hull."""

    refined: Refined
    n_rare: int
    loss: float
    losses: Tensor


def _learn(
    spectra: Tensor,
    known: Tensor,
    n_endmembers: int,
    settings: FitSettings,
    generator: torch.Generator,
    progress: Callable[[float], None],
) -> _Found:
    """From spectra to means of near-pure pixels, beside the known endmembers."""
    pixels = project(spectra, n_endmembers, settings.n_extra, known)
    fixed = normalize(known @ pixels.basis, dim=1)
    coreset = summarise(pixels, n_endmembers, settings, generator)
    learner = _Learner(coreset, settings, progress)
    logits = start_logits(
        learner.points, coreset.weights, n_endmembers, settings.n_starts, generator
    )
    logits = beside_known(logits, coreset.points, fixed)
    first = learner.learn(logits, fixed, 1.0)
    learned, rare = _exchange(pixels, learner, first, fixed)
    found = torch.cat([learned.weights @ coreset.points, rare])
    refined = refine(pixels, found, len(rare), settings.ball, settings.ball_rounds, fixed)
    return _Found(refined, len(rare), learned.loss, first.losses)


def _some(spectra: Tensor, generator: torch.Generator) -> Tensor:
    """At most `N_LOOKED_AT` of the spectra in random order, in float64 on the CPU."""
    chosen = torch.randperm(len(spectra), generator=generator)[:N_LOOKED_AT]
    return spectra[chosen.to(spectra.device)].double().cpu()


class _Learner:
    """Trains decoders on one coreset, in its flattened coordinates."""

    def __init__(
        self, coreset: Coreset, settings: FitSettings, progress: Callable[[float], None]
    ) -> None:
        self.coreset = coreset
        self.settings = settings
        self.flatten = flattening(coreset, settings.flatten)
        self.points = coreset.points @ self.flatten
        self.spread = min(settings.spread * coreset.contrast, settings.spread_noise * coreset.noise)
        self.sparsity = settings.sparsity * coreset.noise
        self._progress = progress
        self._n_steps = 0

    def learn(self, logits: Tensor, frozen: Tensor, rate: float) -> Learned:
        """Train from the given logits beside frozen endmembers (unflattened coordinates)."""
        if logits.shape[1] == 0:
            return self._nothing_to_learn(frozen)
        decoder = ArchetypalDecoder(self.points, logits, frozen @ self.flatten)
        return train(
            self.points,
            self.coreset.weights,
            decoder,
            self.settings,
            spread=self.spread,
            sparsity=self.sparsity,
            learning_rate=self.settings.learning_rate * rate,
            tick=self._tick,
        )

    def _nothing_to_learn(self, frozen: Tensor) -> Learned:
        """What frozen endmembers alone leave of the coreset."""
        left = explain(self.points, frozen @ self.flatten).length @ self.coreset.weights
        return Learned(frozen, self.points.new_empty(0, len(self.points)), float(left), left[None])

    def _tick(self) -> None:
        """Each training is worth half of what is left: rare materials move the end."""
        self._n_steps += 1
        self._progress(1 - 0.5 ** (self._n_steps / self.settings.n_steps))


def _exchange(
    pixels: Pixels, learner: _Learner, learned: Learned, known: Tensor
) -> tuple[Learned, Tensor]:
    """Let rare materials take the places of learned ones that save less, one at a time."""
    points = learner.coreset.points
    rare = points[:0]
    n_learned = len(learned.weights)
    for _ in range(n_learned + len(known) - 1):
        endmembers = normalize(torch.cat([learned.weights @ points, rare, known]), dim=1)
        candidate = best_candidate(pixels, endmembers)
        if candidate is None:
            break
        savings = savings_of_each(pixels, endmembers)[:n_learned]
        saving = saving_of(pixels, endmembers, candidate)
        weakest = int(savings.argmin())
        n_free = len(learned.weights)
        if weakest >= n_free:
            if saving <= savings[weakest]:
                break
            rare = rare.clone()
            rare[weakest - n_free] = candidate.spectrum
            continue
        if saving <= learner.settings.rare_ratio * savings[weakest]:
            break
        kept = torch.cat([learned.weights[:weakest], learned.weights[weakest + 1 :]])
        richer = torch.cat([rare, candidate.spectrum[None]])
        beside = torch.cat([richer, known])
        trial = learner.learn((kept + 1e-12).log()[None], beside, WARM_RATE)
        if trial.loss > WORSE * learned.loss:
            break
        learned, rare = trial, richer
    return learned, rare
