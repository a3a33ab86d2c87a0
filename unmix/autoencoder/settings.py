"""What steers the learning. The defaults are the same for every scene."""

from dataclasses import dataclass

from unmix.errors import UnmixError


@dataclass(frozen=True)
class FitSettings:
    """Settings of the autoencoder's training; nobody needs to touch them.

    Weights that depend on a scene's contrast and noise are set from the scene; what stands here
    are the factors in front.
    """

    n_points: int = 1000
    """Spectra in the coreset that is learned from."""
    n_starts: int = 16
    """Starts learned side by side; the one that explains the pixels best is kept."""
    n_steps: int = 300
    """Steps of the optimiser."""
    n_codes_steps: int = 8
    """Steps of sparse coding that the encoder takes for every step of the optimiser."""
    learning_rate: float = 0.3
    """Of Adam on the decoder's logits, falling to a twentieth along a cosine."""
    sparsity: float = 0.03
    """Weight of the L1 norm of the codes, in units of the scene's noise."""
    spread: float = 0.02
    """Weight of the decoder's spread (entropy), in units of the scene's contrast ..."""
    spread_noise: float = 0.15
    """... and at most this many times the scene's noise."""
    brightness_power: float = 0.5
    """A coreset spectrum counts as its number of pixels times their brightness to this power."""
    flatten: float = 3.0
    """Length given to the mean direction, in contrasts: keeps the coding well conditioned."""
    even_light: bool = True
    """Whether brightness tells materials apart where light is seen to be even."""
    n_extra: int = 2
    """Principal directions kept beyond the number of endmembers."""
    rare_ratio: float = 0.85
    """A rare material replaces an endmember that saves less than it over this."""
    leave_hull: float = 0.5
    """Endmembers leave the data's hull where the pixels' mean squared distance from a simplex a
    ninth larger, in noise variances per dimension, exceeds this. Noise alone makes 0.5 at most;
    infinity: they stay."""
    ball: float = 1.75
    """Radius of the noise ball around an endmember, in median residuals of its pixels."""
    ball_rounds: int = 10
    """Rounds of averaging within the noise ball."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything is computed."""
        for name in ("n_points", "n_starts", "n_steps", "n_codes_steps", "ball_rounds", "n_extra"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise UnmixError(f"`{name}` must be an integer. Got {value!r}.")
            least = 0 if name == "n_extra" else 1
            if value < least:
                raise UnmixError(f"`{name}` must be at least {least}. Got {value}.")
        if not isinstance(self.even_light, bool):
            raise UnmixError(f"`even_light` must be true or false. Got {self.even_light!r}.")
        for name in ("learning_rate", "flatten", "ball", "rare_ratio", "leave_hull"):
            if not getattr(self, name) > 0:
                raise UnmixError(f"`{name}` must be positive. Got {getattr(self, name)}.")
        for name in ("sparsity", "spread", "spread_noise"):
            if not getattr(self, name) >= 0:
                raise UnmixError(f"`{name}` must not be negative. Got {getattr(self, name)}.")
