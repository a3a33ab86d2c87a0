"""How far an answer is from the truth."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from accuracy.known_scenes import KnownScene
from unmix.metrics import match_endmembers, rmse, spectral_angle

FOUND_RAD = 0.05
"""A planted material is found if an endmember comes nearer to it than this ..."""
OTHERS_RAD = 0.04
"""... and the others are on average nearer than this to theirs."""


@dataclass(frozen=True)
class Score:
    """Errors of one answer, after one assignment of its endmembers to the true ones."""

    sad_rad: float
    """Mean spectral angle over the endmembers, in radians."""
    sad_each_rad: list[float]
    """(n_endmembers,) The angles, in the order of the truth."""
    rmse_moc: dict[str, float]
    """For each reading the mean over the endmembers of each one's abundance RMSE."""
    rmse_pooled: dict[str, float]
    """For each reading the RMSE over all pixels and endmembers at once; never less than moc."""
    n_unread: dict[str, int]
    """For each reading the pixels without an answer, which count as all abundances zero."""
    found: bool | None
    """Whether the planted materials were found and the others kept; None: none was planted."""


def score(endmembers: Tensor, abundances: Mapping[str, Tensor], truth: KnownScene) -> Score:
    """Score endmembers and the abundances read from them.

    Parameters
    ----------
    endmembers : Tensor of shape (n_endmembers, n_bands)
        As many as the truth has, in any order and any scale.
    abundances : mapping of str to Tensor of shape (n_pixels, n_endmembers)
        By the name of the reading; columns in the order of `endmembers`. Rows may be NaN.
    truth : KnownScene

    Returns
    -------
    Score
        One joint assignment (the least total angle) serves endmembers and abundances alike.
    """
    order = match_endmembers(endmembers.double(), truth.endmembers)
    angles = spectral_angle(endmembers.double()[order], truth.endmembers)
    filled = {name: each.double()[:, order].nan_to_num(0.0) for name, each in abundances.items()}
    return Score(
        sad_rad=float(angles.mean()),
        sad_each_rad=angles.tolist(),
        rmse_moc={k: float(rmse(a, truth.abundances, dim=0).mean()) for k, a in filled.items()},
        rmse_pooled={k: float(rmse(a, truth.abundances)) for k, a in filled.items()},
        n_unread={k: int(a.isnan().any(dim=1).sum()) for k, a in abundances.items()},
        found=_found(angles, truth.n_planted),
    )


def _found(angles: Tensor, n_planted: int) -> bool | None:
    if n_planted == 0:
        return None
    others, planted = angles[:-n_planted], angles[-n_planted:]
    return bool((planted < FOUND_RAD).all() and others.mean() < OTHERS_RAD)
