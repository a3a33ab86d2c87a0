"""What a network is composed of and how it is trained: every choice by name, checked at once."""

import math
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from unmix.errors import UnmixError

Encoder = Literal["linear", "mlp", "convolutional"]
Code = Literal["relu", "sigmoid", "softplus", "softmax", "topk", "batch_topk"]
Decoder = Literal["archetypal", "nonnegative", "fixed", "signed"]
Reconstruction = Literal["squared", "likelihood", "cross_entropy", "angular", "robust"]
Light = Literal["even", "free", "learned"]
Posterior = Literal["point", "logistic_normal"]
Prior = Literal["none", "gaussian", "dirichlet"]
Dead = Literal["keep", "revive", "drop"]
LearnFrom = Literal["pixels", "coreset"]

SPARSE_CODES = ("topk", "batch_topk")
"""Codes that are told how many units are active."""


@dataclass(frozen=True)
class Penalties:
    """Weights of what is added to the loss; 0 is none."""

    kl: float = 0.0
    """Of the divergence of each unit's mean activation from `activation_rate`."""
    activation_rate: float = 0.05
    """Wanted mean activation, above 0 and below 1."""
    l1: float = 0.0
    """Of the mean sum of the codes."""
    l2: float = 0.0
    """Of the mean sum of their squares."""
    l_half: float = 0.0
    """Of the mean sum of their square roots."""
    smoothness: float = 0.0
    """Of the mean difference between codes of neighbouring pixels; convolutional networks only."""
    weight_decay: float = 0.0
    """Share of the encoder's weights lost in a step, in learning rates."""

    def __post_init__(self) -> None:
        """Refuse what is no weight."""
        for each in fields(self):
            _check_number(each.name, getattr(self, each.name), least=0)
        if not 0 < self.activation_rate < 1:
            raise UnmixError(
                f"`activation_rate` must be above 0 and below 1. Got {self.activation_rate!r}."
            )


@dataclass(frozen=True)
class Training:
    """How the weights are found."""

    n_steps: int = 1500
    """Steps of the optimiser."""
    batch_size: int = 256
    """Pixels in a step."""
    learning_rate: float = 3e-3
    """Of Adam, falling to a twentieth along a cosine."""
    learn_from: LearnFrom = "pixels"
    """Minibatches of all pixels, or of about a thousand means of similar ones."""
    corruption: float = 0.0
    """Noise added to the input, in standard deviations of the scene's own; the target is clean."""
    dead: Dead = "keep"
    """Units that are never active: kept, started anew on badly explained pixels, or left out."""
    patch: int = 12
    """Side in pixels of the patches that convolutional networks learn from."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for name in ("n_steps", "batch_size", "patch"):
            _check_integer(name, getattr(self, name), least=2 if name == "patch" else 1)
        _check_number("learning_rate", self.learning_rate, least=1e-12)
        _check_number("corruption", self.corruption, least=0)
        _check_choice("dead", self.dead, get_args(Dead))
        _check_choice("learn_from", self.learn_from, get_args(LearnFrom))


@dataclass(frozen=True)
class NetworkSettings:
    """The parts of a network, each chosen by name.

    Examples
    --------
    >>> NetworkSettings(code="topk", n_active=3).n_active
    3
    """

    encoder: Encoder = "mlp"
    """From a pixel (or its neighbourhood) to one number for each code."""
    code: Code = "softmax"
    """What makes codes of those numbers."""
    decoder: Decoder = "archetypal"
    """From codes to spectra: mixtures of observed spectra, of free nonnegative ones, of the default
    model's endmembers, or (no endmembers at all) of signed directions."""
    reconstruction: Reconstruction = "squared"
    """What counts as near to the input."""
    light: Light = "even"
    """How bright a mixture of softmax codes is: as its endmembers are; as the pixel is; or between
    the two, as far as the default model has seen light vary."""
    posterior: Posterior = "point"
    """Whether a pixel has one code or a distribution of codes."""
    prior: Prior = "none"
    """What all codes together should be distributed as; gaussian (in logits, its width learned)
    needs a posterior, dirichlet is enforced by a discriminator."""
    concentration: float = 1.0
    """Of the Dirichlet prior, the same in every code."""
    adversary: float = 1.0
    """Weight of the discriminator."""
    n_active: int | None = None
    """Units active at a time, for topk (in every pixel) and batch_topk (on average)."""
    n_hidden: int = 64
    """Width of the hidden layers."""
    spectral_filters: int = 0
    """Filters that run along the bands before anything else; 0 is none."""
    penalties: Penalties = field(default_factory=Penalties)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        """Refuse parts that do not exist, or do not go together."""
        for name, choices in (
            ("encoder", Encoder),
            ("code", Code),
            ("decoder", Decoder),
            ("reconstruction", Reconstruction),
            ("light", Light),
            ("posterior", Posterior),
            ("prior", Prior),
        ):
            _check_choice(name, getattr(self, name), get_args(choices))
        for name, least in (("n_hidden", 1), ("spectral_filters", 0)):
            _check_integer(name, getattr(self, name), least)
        for name in ("concentration", "adversary"):
            _check_number(name, getattr(self, name), least=1e-6)
        if not isinstance(self.penalties, Penalties) or not isinstance(self.training, Training):
            raise UnmixError("`penalties` and `training` must be `Penalties` and `Training`.")
        self._check_code()
        self._check_distributions()

    def _check_code(self) -> None:
        if (self.n_active is not None) != (self.code in SPARSE_CODES):
            raise UnmixError(
                f"`n_active` belongs to the codes {' and '.join(SPARSE_CODES)}, which need it. "
                f"Got {self.n_active!r} with {self.code!r}."
            )
        if self.n_active is not None:
            _check_integer("n_active", self.n_active, 1)
        if self.light != "even" and self.code != "softmax":
            raise UnmixError(
                f"`light` is {self.light!r}, but {self.code} codes carry the brightness "
                "themselves. Use 'even', or softmax codes."
            )
        if self.light == "learned" and self.decoder != "fixed":
            raise UnmixError(
                "`light` 'learned' is what the default model has learned of it. Use the decoder "
                "'fixed', or the light 'free'."
            )
        if self.penalties.kl > 0 and self.code != "sigmoid":
            raise UnmixError(
                f"`kl` compares mean activations with a rate from 0 to 1, but the code is "
                f"{self.code!r}. Use 'sigmoid', or another penalty."
            )
        if self.penalties.smoothness > 0 and self.encoder != "convolutional":
            raise UnmixError(
                f"`smoothness` needs neighbours, which the encoder {self.encoder!r} does not see. "
                "Use 'convolutional'."
            )

    def _check_distributions(self) -> None:
        if (self.posterior == "logistic_normal") != (self.prior == "gaussian"):
            raise UnmixError(
                "`posterior` 'logistic_normal' and `prior` 'gaussian' belong together. Got "
                f"{self.posterior!r} and {self.prior!r}."
            )
        if "none" != self.prior and self.code != "softmax":
            raise UnmixError(
                f"`prior` {self.prior!r} is one of fractions, but the code is {self.code!r}. "
                "Use 'softmax'."
            )


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UnmixError(f"`{name}` must be one of {', '.join(choices)}. Got {value!r}.")


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UnmixError(f"`{name}` must be an integer of at least {least}. Got {value!r}.")


def _check_number(name: str, value: object, least: float) -> None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not least <= value < math.inf:  # type: ignore[operator]
        raise UnmixError(f"`{name}` must be a number of at least {least:g}. Got {value!r}.")
