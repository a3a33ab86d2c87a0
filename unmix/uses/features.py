"""Features of pixels: few numbers that say what a pixel is made of, in place of its many bands."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from torch import Tensor

from unmix.endmembers.signal import leading_directions
from unmix.errors import UnmixError
from unmix.fitted_model import FittedModel
from unmix.inputs import (
    SpectraSource,
    as_rows,
    learnable,
    pixels_to_learn_from,
    rows_on_bands,
)
from unmix.uses.scaling import FeatureBlock

DARKEST = 1e-2
"""Brightness, relative to the endmembers or a usual spectrum, below which all is as dark."""
FRACTIONS_WEIGHT, UNIT_WEIGHT, BRIGHTNESS_WEIGHT = 25.0, 100.0, 1.0
"""Variances of the features in a classifier, chosen on other scenes than those reported of."""
UNIT_BRIGHTNESS_WEIGHT = 4.0
MAX_PIXELS = 50_000
"""Pixels that a usual length is learned from."""


class SpectralFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """The codes of a model, and what they leave out, as features for a classifier or a picture.

    Of an `Unmixer`: the fractions of the endmembers, the logarithm of the brightness, and if asked
    for the leading components of the residual. Of another model: its codes as they are.

    Parameters
    ----------
    model : Unmixer, or anything with ``fit`` and ``transform``
        A fitted one is used as it is; another is cloned and fitted here, so that a pipeline may
        search its parameters (``model__n_endmembers``).
    brightness : bool
        Whether to add ``log(brightness)``. Materials differ in brightness where light does not.
    n_residual : int
        Leading directions of what the model leaves, from 0. They carry materials that the model
        lacks, and noise.
    max_pixels : int
        Pixels that the directions are learned from.

    Attributes
    ----------
    model_ : the fitted model
    residual_directions_ : Tensor of shape (n_bands, n_residual), float32
        Scaled so that each component has unit variance.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from unmix import Unmixer
    >>> rng = np.random.default_rng(0)
    >>> fractions = rng.dirichlet([0.3] * 3, size=600)
    >>> spectra = fractions @ rng.random((3, 40)) + 0.01 * rng.standard_normal((600, 40))
    >>> features = SpectralFeatures(Unmixer(3, n_refits=0)).fit(spectra)
    >>> features.get_feature_names_out().tolist()
    ['endmember 1', 'endmember 2', 'endmember 3', 'log brightness']
    >>> classifier = make_pipeline(features, LogisticRegression()).fit(
    ...     spectra[:30], fractions[:30].argmax(axis=1)
    ... )
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # with fit and transform
        *,
        brightness: bool = True,
        n_residual: int = 0,
        max_pixels: int = 50_000,
    ) -> None:
        self.model = model
        self.brightness = brightness
        self.n_residual = n_residual
        self.max_pixels = max_pixels

    def fit(self, spectra: SpectraSource | Tensor | NDArray[Any], y: object = None) -> Self:
        """Fit the model unless it is, and learn the directions of the residual.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If the model cannot be fitted, or the residual has fewer directions than asked for.
        """
        fitted = any(name.endswith("_") and name[0] != "_" for name in vars(self.model))
        self.model_ = self.model if fitted else clone(self.model).fit(spectra)
        if self.n_residual:
            if not isinstance(self.model_, FittedModel):
                raise UnmixError("`n_residual` needs an Unmixer, whose residual it is.")
            self._learn_directions(pixels_to_learn_from(spectra, self.max_pixels, 0))
        return self

    def transform(
        self, spectra: SpectraSource | Tensor | NDArray[Any]
    ) -> Tensor | NDArray[np.float32]:
        """Features of pixels.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)

        Returns
        -------
        ndarray, or Tensor for a Tensor or a Scene, of shape (n_pixels, n_features), float32
            NaN for invalid and black pixels.
        """
        if isinstance(spectra, SpectraSource):
            none = torch.empty(0, len(self.get_feature_names_out()))
            return torch.cat([none, *(self._of(block.spectra) for block in spectra.blocks())])
        found = self._of(as_rows(spectra))
        return found if isinstance(spectra, Tensor) else found.numpy()

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the features, as scikit-learn asks for them."""
        if not isinstance(self.model_, FittedModel):
            return np.array([f"code {k + 1}" for k in range(self._n_codes())], dtype=object)
        names = [*self.model_.endmember_names_, *["log brightness"] * self.brightness]
        names += [f"residual {k + 1}" for k in range(self.n_residual)]
        return np.array(names, dtype=object)

    def blocks(self) -> list[FeatureBlock]:
        """Which features are scaled together in a classifier; see `unmix.uses.scaling`."""
        if not isinstance(self.model_, FittedModel):
            return [FeatureBlock(1, 1.0)] * self._n_codes()
        alone = [FeatureBlock(1, BRIGHTNESS_WEIGHT)] * (self.brightness + self.n_residual)
        return [FeatureBlock(self.model_.n_endmembers_, FRACTIONS_WEIGHT), *alone]

    def _n_codes(self) -> int:
        return int(self.model_.transform(np.ones((1, self.model_.n_features_in_), "f4")).shape[1])

    def _of(self, spectra: Tensor) -> Tensor:
        if not isinstance(self.model_, FittedModel):
            return torch.as_tensor(self.model_.transform(spectra.cpu().numpy())).float()
        found = self.model_.read(spectra)
        parts = [found.fractions]
        if self.brightness:
            parts.append(found.brightness.clamp(min=DARKEST).log()[:, None])
        if self.n_residual:
            parts.append(self._left(spectra) @ self.residual_directions_)
        features = torch.cat(parts, dim=1)
        features[~features.isfinite().all(dim=1)] = torch.nan
        return features

    def _left(self, spectra: Tensor) -> Tensor:
        """What the nonnegative mixtures leave of spectra."""
        found = self.model_.read(spectra, "nnls")
        codes = found.fractions * found.brightness[:, None]
        return spectra - codes @ torch.as_tensor(self.model_.endmembers_)

    def _learn_directions(self, given: Tensor) -> None:
        pixels = given[learnable(given)]
        most = min(len(pixels) - 1, pixels.shape[1])  # the scatter of one pixel is not known
        if self.n_residual > most:
            raise UnmixError(
                f"`n_residual` is {self.n_residual}, but at most {max(most, 0)} can be learned "
                f"from the spectra given: {len(pixels)} are valid and lit, with {pixels.shape[1]} "
                "bands. Ask for fewer, or check the mask, the nodata value and the scale."
            )
        left = self._left(pixels)
        left = left[left.isfinite().all(dim=1)].double()
        directions = leading_directions(left, self.n_residual).flip(dims=[1])
        spread = (left @ directions).std(dim=0).clamp(min=1e-12)
        self.residual_directions_ = (directions / spread).float()


class UnitSpectra(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """Spectra of length one, which say nothing of the light, and the logarithm of the length.

    Parameters
    ----------
    brightness : bool
        Whether to add ``log(brightness)``, in usual lengths.

    Attributes
    ----------
    usual_length_ : float
        Median length of the spectra.
    band_names_ : list of str

    Examples
    --------
    >>> spectra = np.array([[0.3, 0.4], [0.6, 0.8], [0.6, 0.8]])
    >>> UnitSpectra().fit(spectra).transform(spectra).round(2)
    array([[ 0.6 ,  0.8 , -0.69],
           [ 0.6 ,  0.8 ,  0.  ],
           [ 0.6 ,  0.8 ,  0.  ]], dtype=float32)
    """

    def __init__(self, *, brightness: bool = True) -> None:
        self.brightness = brightness

    def fit(self, spectra: SpectraSource | Tensor | NDArray[Any], y: object = None) -> Self:
        """Learn how long spectra usually are.

        Parameters
        ----------
        spectra : Scene, Tensor or ndarray of shape (n_pixels, n_bands)
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        UnmixError
            If no pixel is valid and lit.
        """
        pixels = pixels_to_learn_from(spectra, MAX_PIXELS, 0)
        pixels = pixels[learnable(pixels)]
        if not len(pixels):
            raise UnmixError(
                "No pixel is valid and lit. Check the mask, the nodata value and the scale."
            )
        self.n_features_in_ = pixels.shape[1]
        self.usual_length_ = float(pixels.norm(dim=1).median())
        nm = spectra.wavelengths_nm if isinstance(spectra, SpectraSource) else None
        numbered = [f"unit band {k + 1}" for k in range(self.n_features_in_)]
        self.band_names_ = numbered if nm is None else [f"unit {each:.2f} nm" for each in nm]
        return self

    def transform(self, spectra: Tensor | NDArray[Any]) -> Tensor | NDArray[np.float32]:
        """Features (n_pixels, n_bands + 1) of pixels (n_pixels, n_bands).

        Returns
        -------
        ndarray, or Tensor for a Tensor, float32
            NaN for invalid and black pixels.
        """
        rows = rows_on_bands(spectra, self.n_features_in_)
        length = rows.norm(dim=1, keepdim=True)
        parts = [rows / length]
        if self.brightness:
            parts.append((length / self.usual_length_).clamp(min=DARKEST).log())
        found = torch.cat(parts, dim=1)
        found[~found.isfinite().all(dim=1)] = torch.nan
        return found if isinstance(spectra, Tensor) else found.numpy()

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the features, as scikit-learn asks for them."""
        return np.array([*self.band_names_, *["log length"] * self.brightness], dtype=object)

    def blocks(self) -> list[FeatureBlock]:
        """Which features are scaled together in a classifier; see `unmix.uses.scaling`."""
        alone = [FeatureBlock(1, UNIT_BRIGHTNESS_WEIGHT)] * self.brightness
        return [FeatureBlock(self.n_features_in_, UNIT_WEIGHT), *alone]
