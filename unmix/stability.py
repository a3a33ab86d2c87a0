"""How surely the endmembers are found: the same learning on resampled pixels, again and again.

Each time pixels are drawn with replacement (a bootstrap), as many as the scene gave and at most
8000, and learning begins from other random starts. What then differs from the model's endmembers
is what the model owes to chance: the pixels that happened to be there, their noise, and the start
that won. What learning gets wrong every time, such as a material that is pure nowhere, does not
show; a material of a few pixels in a large scene may be drawn by too few refits to be stable.
"""

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from unmix.autoencoder.settings import FitSettings
from unmix.metrics import angles_between, match_endmembers, spectral_angle

Learn = Callable[[Tensor, torch.Generator], Tensor]
"""Pixels (n_pixels, n_bands) and a generator in, endmembers (n_endmembers, n_bands) out."""

MOST_PIXELS = 8000
"""Pixels of a refit, which takes about 0.4 of the time of the fit then; of half as many, refits
of scenes without trouble lose a material now and then."""
FEWER = 2
"""A refit makes do with this part of the starts, steps and coreset of a fit; with less, some refits
miss what a fit would find."""
TINY_ANGLE = 1e-6
"""Radians; endmembers nearer to one another than this are the same spectrum in float32."""
LOST, VARIES = 0.5, 0.8
"""Stabilities below which an endmember is doubted; see `doubts`."""
ALIKE = 0.01
"""Radians; endmembers that are lost and nearer than this to another are one material, asked for
twice: at most 0.003 rad apart in simulated scenes, in which materials are 0.08 or more."""


def quick_settings(settings: FitSettings) -> FitSettings:
    """Settings of a refit, from those of the fit: fewer starts, steps and coreset points."""
    return dataclasses.replace(
        settings,
        n_starts=max(1, settings.n_starts // FEWER),
        n_steps=max(1, settings.n_steps // FEWER),
        n_points=max(1, settings.n_points // FEWER),
    )


def resample_endmembers(
    spectra: Tensor,
    endmembers: Tensor,
    learn: Learn,
    generator: torch.Generator,
    n_samples: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Tensor:
    """Learn the endmembers anew from resampled pixels.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
        The pixels that the endmembers were learned from.
    endmembers : Tensor of shape (n_endmembers, n_bands)
        What was learned from them.
    learn : callable
        Learns as many endmembers from pixels, with a generator: the fit, with `quick_settings`.
    generator : torch.Generator
        On the CPU, whatever the device of the pixels.
    n_samples : int
        0 or more.
    progress : callable
        Called with the share of the work done, 0 to 1.

    Returns
    -------
    Tensor of shape (n_samples, n_endmembers, n_bands)
        In the order of `endmembers`, matched by spectral angle.

    References
    ----------
    Efron (1979), doi:10.1214/aos/1176344552.
    """
    samples = endmembers.new_empty(n_samples, *endmembers.shape)
    n_drawn = min(len(spectra), MOST_PIXELS)
    for number in range(n_samples):
        drawn = torch.randint(len(spectra), (n_drawn,), generator=generator)
        learned = learn(spectra[drawn.to(spectra.device)], generator).to(endmembers)
        samples[number] = learned[match_endmembers(learned, endmembers).to(learned.device)]
        progress((number + 1) / n_samples)
    return samples


def separation(endmembers: Tensor) -> Tensor:
    """Angle from each endmember to the one most like it, in radians.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
        Two or more.

    Returns
    -------
    Tensor of shape (n_endmembers,)

    Examples
    --------
    >>> separation(torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    tensor([0.7854, 0.7854, 0.7854])
    """
    angles = angles_between(endmembers, endmembers)
    return angles.fill_diagonal_(torch.inf).amin(dim=1)


def stability_scores(endmembers: Tensor, samples: Tensor) -> Tensor:
    """Stability of each endmember: mean of ``max(0, 1 - angle / separation)`` over the refits.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
    samples : Tensor of shape (n_samples, n_endmembers, n_bands)
        Of `resample_endmembers`.

    Returns
    -------
    Tensor of shape (n_endmembers,), float32
        1: every refit finds the same spectrum. 0: refits end as far away as the endmember most
        like it, or farther, so that the two should not be told apart; or it is the same spectrum
        as another. NaN without samples.

    Examples
    --------
    >>> endmembers = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> samples = torch.stack([endmembers, torch.tensor([[1.0, 0.0], [1.0, 1.0]])])
    >>> stability_scores(endmembers, samples)
    tensor([1.0000, 0.7500])
    """
    apart = separation(endmembers)
    near = (1 - spectral_angle(samples, endmembers) / apart.clamp(min=TINY_ANGLE)).clamp(min=0)
    return torch.where(apart > TINY_ANGLE, near, 0).mean(dim=0).float()


def doubts(names: Sequence[str], stability: Sequence[float], endmembers: Tensor) -> list[str]:
    """What to say of endmembers whose stability is low.

    Below 0.5 the refits end, on average, nearer to another endmember than to this one: what they
    found there has no claim to its name. Below 0.8 they stray by more than a fifth of the way;
    materials that are pure somewhere stay above it.

    Parameters
    ----------
    names : sequence of str
    stability : sequence of float
        Of `stability_scores`; NaN is not known, and not doubted.
    endmembers : Tensor of shape (n_endmembers, n_bands)

    Returns
    -------
    list of str
        One sentence or two for each endmember in doubt, in their order; for those that came out
        equal, one for all of them.

    Examples
    --------
    >>> doubts(["sand", "water"], [0.95, 0.3], torch.eye(2))[0][:33]
    'water is not found again (stabili'
    >>> doubts(["sand", "water"], [0.0, 0.0], torch.ones(2, 3))[0][:41]
    'sand and water are the same to 0.00001 ra'
    """
    angles = angles_between(endmembers, endmembers)
    said = []
    for k, (name, score) in enumerate(zip(names, stability, strict=True)):
        alike = (angles[k] < ALIKE).nonzero()[:, 0].tolist()
        if score < LOST and len(alike) > 1:
            *others, last = (names[each] for each in alike)
            apart = max(float(angles[alike][:, alike].max()), 1e-5)
            said.append(
                f"{', '.join(others)} and {last} are the same to {apart:.5f} rad, so that their "
                "maps share one material at random. Ask for fewer endmembers; `unmix count` says "
                "how many the scene shows."
            )
        elif score < LOST:
            said.append(
                f"{name} is not found again (stability {score:.2f}) when learning is repeated on "
                "resampled pixels: do not trust its map. Ask for fewer endmembers; `unmix count` "
                "says how many the scene shows."
            )
        elif score < VARIES:
            said.append(
                f"{name} varies (stability {score:.2f}) when learning is repeated on resampled "
                "pixels: look twice at its map. Fewer endmembers may do; `unmix count` says how "
                "many the scene shows."
            )
    return list(dict.fromkeys(said))
