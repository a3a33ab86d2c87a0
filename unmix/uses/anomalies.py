"""Anomalies: pixels that the materials of a scene do not explain, with a stated rate of false ones.

What no combination of the common materials reaches is looked at in smooth patterns along the
spectrum only: materials differ smoothly from band to band, noise does not, so that most of the
noise is left out. There the usual pixels are groups of like composition, each with a scatter of its
own, and the distance from the nearest group is the score; see `unmix.uses.backgrounds`. The same is
done with the spectra themselves, and the larger distance counts: what lies among the combinations
of the materials, but far from where pixels are, leaves nothing.

References
----------
Reed and Yu (1990), doi:10.1109/29.60107: the RX detector, which does this with whole spectra.
Matteoli, Diani and Corsini (2010), doi:10.1109/MAES.2010.5546306: anomalies against a background
subspace.
"""

from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from unmix.abundances import nnls
from unmix.errors import UnmixError
from unmix.inputs import SpectraSource, as_rows, learnable, pixels_to_learn_from
from unmix.uses.backgrounds import learn_background
from unmix.uses.tails import Tail, fit_tail, gaussian_surprise

SCORE_NAMES = ("score", "distance")
"""What `AnomalyDetector.scores` gives of each pixel."""
_SECOND_DIFFERENCE = 6.0**0.5  # of white noise, in its standard deviations


class Model(Protocol):
    """What explains pixels: a fitted `unmix.Unmixer`, or anything with these two methods."""

    def transform(self, spectra: Any) -> Any:  # noqa: ANN401
        """From spectra to codes."""

    def inverse_transform(self, abundances: Any) -> Any:  # noqa: ANN401
        """From codes to spectra."""


class AnomalyDetector(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Finds pixels that a model's materials do not explain.

    Parameters
    ----------
    model : Unmixer
        Fitted, on this scene or on another of the same bands. A model without `endmembers_` must
        have ``transform`` and ``inverse_transform``; what it does not reproduce is looked at.
    false_alarm : float
        Share of the usual pixels that are called anomalies all the same, 1e-6 to 0.1.
    n_patterns : int
        Cosines along the spectrum that are looked at, from the slowest on. More of them see
        narrower features, and more noise.
    rare : float
        Materials that hold less than this share of the scene are anomalies themselves, and do not
        explain pixels.
    max_pixels : int
        Pixels that the usual is learned from; more are sampled evenly.
    random_state : int
        Seed of that sample.

    Attributes
    ----------
    residual_background_ : Background
        Of what the model leaves.
    spectral_background_ : Background
        Of the spectra themselves.
    tail_ : Tail
        Distribution of the distance, as Gaussian noise would see it; see `unmix.uses.tails`.
    explained_by_ : list of str
        Names of the materials that explain pixels.
    distance_limit_ : float
        The distance at which `false_alarm` is reached.

    Examples
    --------
    >>> from unmix import Unmixer
    >>> rng = np.random.default_rng(0)
    >>> materials = rng.random((4, 30))
    >>> fractions = rng.dirichlet([0.3] * 3, size=2000)
    >>> spectra = fractions @ materials[:3] + 0.01 * rng.standard_normal((2000, 30))
    >>> spectra[:2] = 0.5 * spectra[:2] + 0.5 * materials[3]
    >>> model = Unmixer(3, n_refits=0).fit(spectra)
    >>> found = AnomalyDetector(model, false_alarm=1e-4).fit(spectra).predict(spectra)
    >>> found.nonzero()[0]
    array([0, 1])
    """

    def __init__(
        self,
        model: Model,
        *,
        false_alarm: float = 1e-3,
        n_patterns: int = 30,
        rare: float = 0.005,
        max_pixels: int = 50_000,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.false_alarm = false_alarm
        self.n_patterns = n_patterns
        self.rare = rare
        self.max_pixels = max_pixels
        self.random_state = random_state

    def fit(self, spectra: SpectraSource | Tensor | NDArray[Any], y: None = None) -> Self:
        """Learn what is usual.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
            Of the scene to be searched: up to half a per cent of anomalies among them do not
            change the rate of false alarms.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If a parameter is out of range, or there are fewer than 200 pixels or too few for the
            number of patterns.
        """
        self._check()
        pixels = pixels_to_learn_from(spectra, self.max_pixels, self.random_state).cpu()
        pixels = pixels[learnable(pixels)].double()
        n_bands = pixels.shape[1]
        if len(pixels) < 2 * self.n_patterns:
            raise UnmixError(
                f"{len(pixels)} valid pixels are too few to learn the scatter of "
                f"{self.n_patterns} patterns from. Use a larger scene, or fewer patterns."
            )
        self.explained_by_, away = self._off_the_materials(n_bands)
        left = pixels @ away if away is not None else self._left(pixels)
        to_patterns = _weights(left, self._order(n_bands))[:, None] * self._patterns(n_bands)
        codes = self._composition(pixels)
        self.spectral_background_ = learn_background(pixels, to_patterns, codes)
        found = learn_background(left, to_patterns, codes)
        self.residual_background_ = (
            found if away is None else found._replace(to_patterns=away @ found.to_patterns)
        )
        squared = self._squared_distance(pixels, learned_from=True).numpy()
        self.tail_: Tail = fit_tail(self._surprise(squared))
        return self

    @property
    def distance_limit_(self) -> float:
        """The distance from which on a pixel is called an anomaly."""
        distances = np.geomspace(1e-2, 1e6, 100_000)
        score = self.tail_.exceedance(self._surprise(distances**2))
        return float(np.interp(-np.log10(self.false_alarm), score, distances))

    def scores(self, spectra: Tensor | NDArray[Any]) -> Tensor:
        """How far pixels are from the usual.

        Parameters
        ----------
        spectra : Tensor or ndarray of shape (n_pixels, n_bands)

        Returns
        -------
        Tensor of shape (n_pixels, 2), float32
            ``-log10`` of the share of usual pixels that are as far out (3: one in a thousand), and
            the distance itself, in standard deviations of the nearest group of usual pixels, as
            in all patterns. NaN for invalid pixels.
        """
        pixels = as_rows(spectra).cpu()
        valid = pixels.isfinite().all(dim=1)
        squared = torch.full((len(pixels),), torch.nan, dtype=torch.float64)
        squared[valid] = self._squared_distance(pixels[valid].double())
        score = torch.from_numpy(self.tail_.exceedance(self._surprise(squared.numpy())))
        return torch.stack([score, squared.sqrt()], dim=1).float()

    def predict(self, spectra: Tensor | NDArray[Any]) -> NDArray[np.bool_]:
        """Which pixels are anomalies, (n_pixels,); never an invalid one."""
        return (self.scores(spectra)[:, 0] >= -np.log10(self.false_alarm)).numpy()

    def _check(self) -> None:
        if not 1e-6 <= self.false_alarm <= 0.1:
            raise UnmixError(f"`false_alarm` must be from 1e-6 to 0.1. Got {self.false_alarm!r}.")
        if not 1 <= self.n_patterns <= 1000:
            raise UnmixError(f"`n_patterns` must be from 1 to 1000. Got {self.n_patterns!r}.")
        if not 0 <= self.rare < 1:
            raise UnmixError(f"`rare` must be from 0 to less than 1. Got {self.rare!r}.")

    def _squared_distance(self, pixels: Tensor, *, learned_from: bool = False) -> Tensor:
        left = pixels if hasattr(self.model, "endmembers_") else self._left(pixels)
        return torch.maximum(
            self.residual_background_.squared_distance(left, learned_from=learned_from),
            self.spectral_background_.squared_distance(pixels, learned_from=learned_from),
        )

    def _surprise(self, squared: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_surprise(squared, self.spectral_background_.to_patterns.shape[1])

    def _composition(self, pixels: Tensor) -> Tensor:
        """Fractions of the materials, whatever the light, or codes; (n_pixels, n_numbers)."""
        if not hasattr(self.model, "endmembers_"):
            return torch.as_tensor(np.asarray(self.model.transform(pixels.float().numpy())))
        codes = nnls(pixels.float(), torch.as_tensor(np.asarray(self.model.endmembers_)).float())
        return codes / codes.sum(dim=1, keepdim=True).clamp(min=1e-12)

    def _left(self, pixels: Tensor) -> Tensor:
        """What a model without endmembers does not reproduce."""
        codes = self.model.transform(pixels.float().numpy())
        return pixels - torch.as_tensor(self.model.inverse_transform(codes)).double()

    def _off_the_materials(self, n_bands: int) -> tuple[list[str], Tensor | None]:
        """Names of the common materials, and the projection off their span."""
        if not hasattr(self.model, "endmembers_"):
            return [], None
        endmembers = torch.as_tensor(np.asarray(self.model.endmembers_)).double()
        if endmembers.shape[1] != n_bands:
            raise UnmixError(
                f"the spectra have {n_bands} bands but the model was fitted on "
                f"{endmembers.shape[1]}. Search scenes of the model's bands."
            )
        shares = np.asarray(getattr(self.model, "mean_fractions_", np.ones(len(endmembers))))
        common = shares >= self.rare
        common[shares.argmax()] = True
        known = getattr(self.model, "endmember_names_", None)
        names = known or [f"endmember {k + 1}" for k in range(len(endmembers))]
        basis = torch.linalg.qr(endmembers[torch.from_numpy(common)].T).Q
        away = torch.eye(n_bands, dtype=torch.float64) - basis @ basis.T
        return [name for name, kept in zip(names, common, strict=True) if kept], away

    def _order(self, n_bands: int) -> NDArray[np.intp]:
        """Bands by their wavelength, where that is known."""
        wavelengths_nm = getattr(self.model, "wavelengths_nm_", None)
        return np.arange(n_bands) if wavelengths_nm is None else np.argsort(wavelengths_nm)

    def _patterns(self, n_bands: int) -> Tensor:
        """Cosines along the spectrum, (n_bands, n_patterns) of unit length."""
        n_patterns = min(self.n_patterns, n_bands)
        place = (torch.arange(n_bands, dtype=torch.float64) + 0.5) * torch.pi / n_bands
        cosines = (place[:, None] * torch.arange(n_patterns, dtype=torch.float64)).cos()
        patterns = torch.empty_like(cosines)
        patterns[self._order(n_bands)] = cosines / cosines.norm(dim=0)
        return patterns


def _weights(left: Tensor, order: NDArray[np.intp]) -> Tensor:
    """One over the noise of each band (n_bands,), from how it differs from its neighbours."""
    ordered = left[:, order]
    noise = torch.ones(ordered.shape[1], dtype=torch.float64)
    if ordered.shape[1] > 2:
        bend = ordered[:, 2:] - 2 * ordered[:, 1:-1] + ordered[:, :-2]
        inner = bend.std(dim=0) / _SECOND_DIFFERENCE
        noise = torch.cat([inner[:1], inner, inner[-1:]])
    noise = noise.clamp(min=0.1 * float(noise.median()) + 1e-30)
    weights = torch.empty_like(noise)
    weights[order] = 1 / noise
    return weights
