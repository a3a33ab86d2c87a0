"""The signal of a scene: the few directions its mixtures span, and what extraction starts from."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unmix.endmembers.white_noise import noise_edges
from unmix.errors import UnmixError, counted

BLACK, GLARING = 1e-3, 1e3
"""Lengths, relative to the median, beyond which a spectrum is not one of the scene's: too dark to
have a shape, or a fill value or a failure of the sensor."""
FLAT = 1e-7
"""Spread, relative to the size of the spectra, below which they differ by rounding only."""


@dataclass(frozen=True)
class Projection:
    """Pixels in as many coordinates as there are endmembers, on a plane that misses the origin.

    A mixture whose fractions sum to one stays one: ``spectra ~= A @ E`` becomes
    ``points ~= A @ corners``.
    """

    points: Tensor
    """(n_pixels, n_endmembers), float64."""
    directions: Tensor
    """(n_coordinates, n_bands) Spectra that the coordinates count."""
    origin: Tensor
    """(n_bands,) What to add to them."""
    gain: Tensor
    """(n_pixels,) How many units of the coordinates a unit of the spectra is."""

    def spectra(self, corners: Tensor) -> Tensor:
        """Spectra (n, n_bands) of points (n, n_endmembers) on the plane."""
        return corners[:, : len(self.directions)] @ self.directions + self.origin


def project_on_signal(spectra: Tensor, n_dimensions: int) -> Tensor:
    """Spectra without what lies outside the directions that hold most of their energy.

    It takes most of the white noise out of a pixel, ``1 - n_dimensions / n_bands`` of its
    variance, and leaves a mixture of ``n_dimensions`` materials alone.

    Parameters
    ----------
    spectra : Tensor of shape (n_pixels, n_bands)
    n_dimensions : int
        The number of endmembers, or a few more.

    Returns
    -------
    Tensor of shape (n_pixels, n_bands)
        In the type of the spectra; slightly negative values are possible.

    Raises
    ------
    UnmixError
        If there are fewer pixels or bands than dimensions, or a value is not finite.

    Examples
    --------
    >>> line = torch.tensor([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [1.0, 2.0, 0.01]])
    >>> project_on_signal(line, 2).allclose(line)
    True
    """
    check_extraction(spectra, n_dimensions, "n_dimensions", least=1)
    signal = leading_directions(spectra.double(), n_dimensions)
    return (spectra.double() @ signal @ signal.T).to(spectra)


def perspective_projection(spectra: Tensor, n_endmembers: int) -> Projection:
    """Pixels on the signal subspace, each divided by its brightness along the mean.

    Varying illumination moves no pixel; the spectra of corners have the mean's brightness.
    """
    y = spectra.double()
    signal = leading_directions(y, n_endmembers)
    x = y @ signal
    mean = x.mean(dim=0)
    level = (x @ mean).abs().clamp(min=1e-12)
    scale = mean.square().sum()
    return Projection(x / level[:, None], signal.T * scale, y.new_zeros(y.shape[1]), 1 / level)


def affine_projection(spectra: Tensor, n_endmembers: int) -> Projection:
    """Pixels in their principal components about the mean; the last coordinate is constant."""
    y = spectra.double()
    centred = y - y.mean(dim=0)
    directions = leading_directions(centred, n_endmembers - 1)
    x = centred @ directions
    points = torch.cat([x, x.norm(dim=1).max().expand(len(x), 1)], dim=1)
    return Projection(points, directions.T, y.mean(dim=0), torch.ones_like(y[:, 0]))


def steady_projection(spectra: Tensor, n_endmembers: int) -> Projection:
    """The projection for the noise at hand, switched at ``15 + 10 log10(n_endmembers)`` dB.

    Above it brightness can be divided out; below it that would blow up the noise of dark pixels.

    References
    ----------
    Nascimento and Bioucas-Dias (2005), doi:10.1109/TGRS.2005.844293, section IV.
    """
    if snr_db(spectra.double(), n_endmembers) > 15 + 10 * math.log10(n_endmembers):
        return perspective_projection(spectra, n_endmembers)
    return affine_projection(spectra, n_endmembers)


def bright_pixels(spectra: Tensor) -> Tensor:
    """Which spectra (n_pixels, n_bands) have a shape to look at: finite, not black, not glaring.

    Examples
    --------
    >>> bright_pixels(torch.tensor([[0.2, 0.3], [0.0, 0.0], [1e-5, 0.0], [0.1, 0.0], [1e30, 0.1]]))
    tensor([ True, False, False,  True, False])
    """
    length = relative_length(spectra)
    return (length > BLACK) & (length < GLARING)


def relative_length(spectra: Tensor) -> Tensor:
    """Length of each spectrum over that of the median lit one (n_pixels,), float64.

    Not finite where a value of the spectrum is not.
    """
    length = torch.linalg.vector_norm(spectra, dim=1, dtype=torch.float64)
    lit = length[length.isfinite() & (length > 0)]
    return length / (lit.median() if len(lit) else 1.0)


def leading_directions(y: Tensor, n: int) -> Tensor:
    """The n directions that hold most of the energy, as columns (n_bands, n)."""
    return torch.linalg.eigh(y.T @ y).eigenvectors[:, -n:]


def snr_db(y: Tensor, n: int) -> float:
    """Signal-to-noise ratio in dB, taking what n directions about the mean hold as signal."""
    centred = y - y.mean(dim=0)
    kept = (centred @ leading_directions(centred, n)).square().sum() + len(y) * y.mean(
        dim=0
    ).square().sum()
    total, n_bands = y.square().sum(), y.shape[1]
    noise = (total - kept).clamp(min=1e-30)
    return float(10 * torch.log10((kept - n / n_bands * total).clamp(min=1e-30) / noise))


def white_noise(spectra: Tensor, n: int) -> tuple[float, float]:
    """Standard deviation of what n directions leave, and how far from white it is.

    The second is the energy of the strongest direction left over the mean of those left, over
    what it would be for white noise (Marchenko and Pastur): about 1 for noise, tens and more
    where the spectra of a material vary.
    """
    n_pixels, n_bands = spectra.shape
    if n_bands == n:
        return 0.0, 1.0
    y = spectra.double()
    left = torch.linalg.eigvalsh(y.T @ y)[:-n].clamp(min=0)
    edge = noise_edges(n_bands / n_pixels)[1]
    strongest = float(left[-1] / left.mean().clamp(min=1e-300)) / edge
    return math.sqrt(float(left.mean()) / n_pixels), strongest


def seeded(random_state: int | torch.Generator | None) -> torch.Generator:
    """A generator on the CPU: the one given, or a new one (None is seed 0)."""
    if isinstance(random_state, torch.Generator):
        return random_state
    return torch.Generator().manual_seed(0 if random_state is None else random_state)


def check_extraction(
    spectra: Tensor, n_endmembers: int, name: str = "n_endmembers", least: int = 2
) -> None:
    """Refuse spectra in which as many endmembers cannot be looked for.

    Raises
    ------
    UnmixError
        If the shape is not (n_pixels, n_bands), there are fewer pixels or bands than endmembers,
        or a value is not finite.
    """
    if spectra.ndim != 2:
        raise UnmixError(
            f"`spectra` has shape {tuple(spectra.shape)}. It must be (n_pixels, n_bands), "
            "pixels as rows."
        )
    n_pixels, n_bands = spectra.shape
    if min(n_pixels, n_bands) < least:
        raise UnmixError(
            f"{n_pixels} x {n_bands} numbers (pixels x bands) are too few to look for endmembers "
            f"in: at least {least} pixels and {least} bands are needed."
        )
    if not least <= n_endmembers <= min(n_pixels, n_bands):
        raise UnmixError(
            f"`{name}` must be from {least} to {min(n_pixels, n_bands)} for {n_pixels} pixels "
            f"of {n_bands} bands. Got {n_endmembers}."
        )
    n_invalid = int((~spectra.isfinite().all(dim=1)).sum())
    if n_invalid:
        raise UnmixError(
            f"NaN or infinite values in {n_invalid} of {n_pixels} pixels. Leave invalid pixels out "
            "(a Scene's blocks do) before extracting endmembers."
        )


def check_spread(points: Tensor, size: float, n_endmembers: int) -> None:
    """Refuse pixels that span fewer dimensions about their mean than the corners would.

    Raises
    ------
    UnmixError
        If they do, beyond rounding.
    """
    spread = torch.linalg.svdvals(points - points.mean(dim=0)) / math.sqrt(len(points))
    n_dimensions = int((spread > FLAT * size).sum())
    if n_dimensions < n_endmembers - 1:
        raise UnmixError(
            f"the spectra span only {counted(n_dimensions, 'dimension')} about their mean, but "
            f"{n_endmembers} endmembers need {n_endmembers - 1}. Ask for at most "
            f"{n_dimensions + 1}."
        )
