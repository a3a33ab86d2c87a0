"""What is asked of a mixture before it may be chosen."""

from dataclasses import dataclass

from unmix.errors import UnmixError
from unmix.mesma.models import LEVELS


@dataclass(frozen=True)
class MesmaSettings:
    """Levels and constraints; the defaults are those of VIPER Tools.

    Raises
    ------
    UnmixError
        If a level is none, or a range is empty.

    Examples
    --------
    >>> MesmaSettings(levels=(2, 3, 4)).max_rmse
    0.025
    """

    levels: tuple[int, ...] = (2, 3)
    """Endmembers of a model, shade among them: 2 to 5."""
    min_fraction: float = -0.05
    """Least fraction of a class that is present."""
    max_fraction: float = 1.05
    """Largest fraction of a class."""
    min_shade: float = 0.0
    """Least fraction of shade."""
    max_shade: float = 0.8
    """Largest fraction of shade."""
    max_rmse: float = 0.025
    """Largest root mean square of the residual, in the unit of the spectra."""
    min_gain: float = 0.007
    """What a level must take off the RMSE of the lower one to be chosen in its place."""
    max_models: int | None = None
    """Models of a level, drawn at random where there are more; without it all are tried."""
    seed: int = 0
    """Of that draw."""

    def __post_init__(self) -> None:
        if not self.levels or not set(self.levels) <= set(LEVELS):
            raise UnmixError(
                f"`levels` must be some of {', '.join(map(str, LEVELS))}. Got {self.levels!r}."
            )
        object.__setattr__(self, "levels", tuple(sorted(set(self.levels))))
        self._check_range("fraction", self.min_fraction, self.max_fraction)
        self._check_range("shade", self.min_shade, self.max_shade)
        if not self.max_rmse > 0:
            raise UnmixError(f"`max_rmse` must be positive. Got {self.max_rmse!r}.")
        if not self.min_gain >= 0:
            raise UnmixError(f"`min_gain` must not be negative. Got {self.min_gain!r}.")

    @staticmethod
    def _check_range(name: str, low: float, high: float) -> None:
        if not low < high:
            raise UnmixError(
                f"`min_{name}` must be less than `max_{name}`. Got {low!r} and {high!r}."
            )
